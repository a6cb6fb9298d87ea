//! Reference Values, one row for each whole tuple.

mod roll_over;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::reference::{LaunchShape, ReferenceTuple};
use cloister_attestation::time::UnixTime;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Operation, Store, StoreError, Write, instances, row};
pub use roll_over::{Replaced, RollOver, RolledOver};

/// Whether Evidence of an image is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageState {
    /// Yes.
    Admitted,
    /// Not any more; leases that live run out.
    Retired,
    /// Never again; leases that lived were taken away.
    Revoked,
}

impl ImageState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// What was decided, with an end that was set for it.
    pub(super) fn at(self, admitted_until: Option<UnixTime>, now: UnixTime) -> Self {
        match (self, admitted_until) {
            (Self::Admitted, Some(until)) if until < now => Self::Retired,
            (Self::Admitted | Self::Retired | Self::Revoked, _) => self,
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        [Self::Admitted, Self::Retired, Self::Revoked].into_iter().find(|s| s.as_str() == word)
    }
}

/// One Reference Value and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRecord {
    /// Everything that pins the image on one platform shape.
    pub tuple: ReferenceTuple,
    /// What was decided about it last. Whether it is admitted [`Self::state_at`] says.
    pub state: ImageState,
    /// Since when it is known.
    pub admitted_at: UnixTime,
    /// The last second of its admission; `None` until it is retired.
    pub admitted_until: Option<UnixTime>,
}

impl ImageRecord {
    /// The TEE that it is for.
    #[must_use]
    pub fn tee(&self) -> Tee {
        self.tuple.shape.tee()
    }

    /// Whether it is admitted at `now`: one whose time has passed is retired.
    #[must_use]
    pub fn state_at(&self, now: UnixTime) -> ImageState {
        self.state.at(self.admitted_until, now)
    }

    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let tuple = ReferenceTuple {
            image: row.try_get("image")?,
            version: row.try_get("version")?,
            manifest: row::word(row, "manifest", |text| text.parse().ok())?,
            shape: row::from_json::<LaunchShape>(row, "shape")?,
        };
        let named: Digest48 = row::word(row, "tuple", |text| text.parse().ok())?;
        // INVARIANT: a tuple is named by its digest. A row that is not was changed by hand.
        if tuple.digest() != named {
            return Err(StoreError::corrupt("tuple", named.to_string()));
        }
        Ok(Self {
            tuple,
            state: row::word(row, "state", ImageState::read)?,
            admitted_at: UnixTime::from_secs(row::unsigned(row, "admitted_at")?),
            admitted_until: row::optional_time(row, "admitted_until")?,
        })
    }
}

/// The Reference Values of manifests that were asked for, as long as none has changed: every
/// admission asks. No other process writes to the database, since none gets into its folder.
#[derive(Debug, Default)]
pub(super) struct KnownImages {
    /// Goes up once a change is durable.
    changes: AtomicU64,
    /// With the number of changes before they were read.
    by_manifest: Mutex<ByManifest>,
}

type ByManifest = HashMap<Digest48, (u64, Arc<[ImageRecord]>)>;

impl KnownImages {
    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    fn find(&self, manifest: &Digest48) -> Option<Arc<[ImageRecord]>> {
        let (read_at, images) = self.by_manifest().get(manifest)?.clone();
        (read_at == self.changes()).then_some(images)
    }

    /// What was read after `changes` changes. A manifest without images is not kept: anybody can
    /// make one up.
    fn keep(&self, manifest: &Digest48, changes: u64, images: &Arc<[ImageRecord]>) {
        if !images.is_empty() {
            self.by_manifest().insert(*manifest, (changes, Arc::clone(images)));
        }
    }

    fn by_manifest(&self) -> MutexGuard<'_, ByManifest> {
        self.by_manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Every Reference Value, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn images(&self) -> Result<Vec<ImageRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM images ORDER BY admitted_at, image, version, tuple")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(ImageRecord::read).collect()
    }

    /// Every Reference Value for a manifest, whatever its state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn images_of_manifest(
        &self,
        manifest: &Digest48,
    ) -> Result<Arc<[ImageRecord]>, StoreError> {
        if let Some(known) = self.known.find(manifest) {
            return Ok(known);
        }
        let changes = self.known.changes();
        let rows = sqlx::query("SELECT * FROM images WHERE manifest = $1")
            .bind(manifest.to_string())
            .fetch_all(&self.pool)
            .await?;
        let images = rows.iter().map(ImageRecord::read).collect::<Result<Arc<[_]>, _>>()?;
        self.known.keep(manifest, changes, &images);
        Ok(images)
    }

    /// The Reference Values that became known last, whatever their state; at most `most`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest_images(&self, most: u32) -> Result<Arc<[ImageRecord]>, StoreError> {
        let rows = sqlx::query("SELECT * FROM images ORDER BY admitted_at DESC, tuple LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(ImageRecord::read).collect()
    }

    /// Makes a change of images durable. What was read before does not count any more.
    async fn commit_images(&self, write: Write) -> Result<(), StoreError> {
        let committed = self.commit(write).await;
        // Also where it failed: nobody knows what is on the disk then.
        self.known.changed();
        committed
    }

    /// Admits tuples until they are retired, all or none.
    ///
    /// # Errors
    /// As [`Self::roll_over`].
    pub async fn admit_images(
        &self,
        tuples: &[ReferenceTuple],
        operation: &Operation,
    ) -> Result<Result<Vec<ImageRecord>, Digest48>, StoreError> {
        let roll_over = RollOver { tuples, until: None, replaced: None };
        Ok(self.roll_over(&roll_over, operation).await?.map(|done| done.admitted))
    }

    /// Ends admission of an image; one that is revoked stays so. `None` if there is no such tuple.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn retire_image(
        &self,
        tuple: &Digest48,
        operation: &Operation,
    ) -> Result<Option<ImageRecord>, StoreError> {
        let mut write = self.write().await?;
        let Some(before) = image(&mut write, tuple).await? else { return Ok(None) };
        if before.state == ImageState::Admitted {
            set_state(&mut write, tuple, ImageState::Retired, operation.at).await?;
        }
        operation.write(&mut write).await?;
        let after = image(&mut write, tuple).await?;
        self.commit_images(write).await?;
        Ok(after)
    }

    /// Ends admission of an image for good and takes away its leases. `None` if there is no such
    /// tuple. Also returns how many instances lost theirs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_image(
        &self,
        tuple: &Digest48,
        reason: &'static str,
        operation: &Operation,
    ) -> Result<Option<(ImageRecord, u32)>, StoreError> {
        let mut write = self.write().await?;
        if set_state(&mut write, tuple, ImageState::Revoked, operation.at).await? == 0 {
            return Ok(None);
        }
        let live = instances::live_of_tuple(&mut write, tuple, operation.at).await?;
        let revoked = instances::revoke(&mut write, &live, reason, operation.at).await?;
        operation.write(&mut write).await?;
        let after = image(&mut write, tuple).await?;
        self.commit_images(write).await?;
        Ok(after.map(|image| (image, revoked)))
    }
}

async fn image(read: &mut Write, tuple: &Digest48) -> Result<Option<ImageRecord>, StoreError> {
    let row = sqlx::query("SELECT * FROM images WHERE tuple = $1")
        .bind(tuple.to_string())
        .fetch_optional(&mut **read)
        .await?;
    row.as_ref().map(ImageRecord::read).transpose()
}

async fn set_state(
    write: &mut Write,
    tuple: &Digest48,
    to: ImageState,
    now: UnixTime,
) -> Result<u64, StoreError> {
    let done = sqlx::query("UPDATE images SET state = $2, changed_at = $3 WHERE tuple = $1")
        .bind(tuple.to_string())
        .bind(to.as_str())
        .bind(row::signed(now.as_secs()))
        .execute(&mut **write)
        .await?;
    Ok(done.rows_affected())
}

async fn upsert(
    write: &mut Write,
    tuple: &ReferenceTuple,
    until: Option<UnixTime>,
    now: UnixTime,
) -> Result<ImageRecord, StoreError> {
    let sql = "INSERT INTO images
                   (tuple, image, version, manifest, tee, shape, state, admitted_at, changed_at,
                    admitted_until)
               VALUES ($1, $2, $3, $4, $5, $6, 'admitted', $7, $7, $8)
               ON CONFLICT (tuple) DO UPDATE SET state = 'admitted',
                   changed_at = excluded.changed_at, admitted_until = excluded.admitted_until
                   WHERE images.state = 'retired'
                       OR (images.state = 'admitted'
                           AND images.admitted_until IS NOT excluded.admitted_until)";
    sqlx::query(sql)
        .bind(tuple.digest().to_string())
        .bind(&tuple.image)
        .bind(&tuple.version)
        .bind(tuple.manifest.to_string())
        .bind(tuple.shape.tee().to_string())
        .bind(row::json(&tuple.shape)?)
        .bind(row::signed(now.as_secs()))
        .bind(until.map(|until| row::signed(until.as_secs())))
        .execute(&mut **write)
        .await?;
    image(write, &tuple.digest())
        .await?
        .ok_or_else(|| StoreError::corrupt("tuple", tuple.digest().to_string()))
}

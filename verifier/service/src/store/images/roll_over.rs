//! Images that take the place of others.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::reference::ReferenceTuple;
use cloister_attestation::time::UnixTime;

use super::{ImageRecord, ImageState, upsert};
use crate::store::{Operation, Store, StoreError, Write, row};

/// Tuples to admit, and what they take the place of.
#[derive(Clone, Copy, Debug)]
pub struct RollOver<'a> {
    /// What is admitted.
    pub tuples: &'a [ReferenceTuple],
    /// The last second of its admission; `None` until it is retired.
    pub until: Option<UnixTime>,
    /// What it takes the place of.
    pub replaced: Option<Replaced<'a>>,
}

/// Versions of an image whose admission ends.
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    /// The image.
    pub image: &'a str,
    /// Its versions.
    pub versions: &'a [String],
    /// The last second of their admission. One that ends earlier keeps its end.
    pub until: UnixTime,
}

/// What a roll-over came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledOver {
    /// What is admitted.
    pub admitted: Vec<ImageRecord>,
    /// What ends.
    pub replaced: Vec<ImageRecord>,
}

impl Store {
    /// Admits tuples and sets the end of those that they take the place of, all or none. A retired
    /// one is admitted again; the first one that was revoked comes back as `Err` and nothing is
    /// changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roll_over(
        &self,
        roll_over: &RollOver<'_>,
        operation: &Operation,
    ) -> Result<Result<RolledOver, Digest48>, StoreError> {
        let mut write = self.write().await?;
        let mut admitted = Vec::with_capacity(roll_over.tuples.len());
        for tuple in roll_over.tuples {
            let record = upsert(&mut write, tuple, roll_over.until, operation.at).await?;
            if record.state == ImageState::Revoked {
                return Ok(Err(tuple.digest()));
            }
            admitted.push(record);
        }
        let mut replaced = Vec::new();
        if let Some(Replaced { image, versions, until }) = roll_over.replaced {
            for version in versions {
                replaced.extend(end(&mut write, (image, version), until, operation.at).await?);
            }
        }
        operation.write(&mut write).await?;
        self.commit_images(write).await?;
        Ok(Ok(RolledOver { admitted, replaced }))
    }
}

/// Sets the end of every admitted tuple of one version, unless it has an earlier one.
async fn end(
    write: &mut Write,
    (image, version): (&str, &str),
    until: UnixTime,
    now: UnixTime,
) -> Result<Vec<ImageRecord>, StoreError> {
    let sql = "UPDATE images SET admitted_until = $3, changed_at = $4
               WHERE image = $1 AND version = $2 AND state = 'admitted'
                   AND (admitted_until IS NULL OR admitted_until > $3)";
    sqlx::query(sql)
        .bind(image)
        .bind(version)
        .bind(row::signed(until.as_secs()))
        .bind(row::signed(now.as_secs()))
        .execute(&mut **write)
        .await?;
    let sql = "SELECT * FROM images WHERE image = $1 AND version = $2 ORDER BY tuple";
    let rows = sqlx::query(sql).bind(image).bind(version).fetch_all(&mut **write).await?;
    rows.iter().map(ImageRecord::read).collect()
}

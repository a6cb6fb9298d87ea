//! What runtimes showed of their audit logs, and what does not fit together.

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_audit::{AuditError, Checkpoint, Hash, Offer, Origin, SignedCheckpoint};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Admitted, Store, StoreError, Write, instances, row};
use crate::limits::CHECKPOINTS_KEPT;

/// A checkpoint that somebody shows, and whose it is known to be.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The agent of the runtime whose log it is.
    pub agent: &'a str,
    /// The checkpoint.
    pub checkpoint: &'a SignedCheckpoint,
    /// The instance that it was shown to before; `None` where its runtime shows it here.
    pub witness: Option<&'a str>,
    /// When.
    pub at: UnixTime,
}

/// The newest checkpoint of one runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRecord {
    /// The boot of the runtime.
    pub instance: String,
    /// Its agent.
    pub agent: String,
    /// Records in the log.
    pub size: u64,
    /// The root over them, hex.
    pub root: String,
    /// As it was signed.
    pub signed: Vec<u8>,
    /// When the runtime signed it, by its clock.
    pub signed_at: UnixTime,
    /// When it was shown.
    pub received_at: UnixTime,
    /// What does not fit.
    pub conflicts: Vec<ConflictRecord>,
}

/// Two checkpoints of one runtime that are not shown to be of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictRecord {
    /// Why, as a stable code.
    pub reason: String,
    /// What was there.
    pub held: Vec<u8>,
    /// What was shown then.
    pub shown: Vec<u8>,
    /// Whom it was shown to.
    pub witness: Option<String>,
    /// When.
    pub at: UnixTime,
}

/// A checkpoint that the next one has to extend.
#[derive(Debug)]
pub(super) struct Held {
    agent: String,
    size: u64,
    root: Hash,
    at: UnixTime,
}

impl Held {
    /// To be completed with a list of instances.
    pub(super) const NEWEST: &'static str = "* FROM checkpoints AS it WHERE size =
        (SELECT MAX(size) FROM checkpoints WHERE instance = it.instance) AND instance";

    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            agent: row.try_get("agent")?,
            size: row::unsigned(row, "size")?,
            root: row::word(row, "root", Hash::from_hex)?,
            at: UnixTime::from_secs(row::unsigned(row, "signed_at")?),
        })
    }

    /// Whether `offer` extends it. Of the same instance, which its identity key names.
    pub(super) fn check(&self, offer: &Offer) -> Result<(), AuditError> {
        let origin = &offer.checkpoint.checkpoint().origin;
        let origin = Origin { agent: self.agent.clone(), ..origin.clone() };
        offer.extends(&Checkpoint::new(origin, self.size, self.root, self.at))
    }
}

impl Store {
    /// Takes what a runtime shows of its own log, if it extends what it showed before; if not, both
    /// are kept. A fork also takes the instance's leases away, for good.
    ///
    /// # Errors
    /// [`StoreError`]; within, why the log is not the one that was shown before.
    pub async fn show_checkpoint(
        &self,
        offer: &Offer,
        shown: Shown<'_>,
    ) -> Result<Result<(), AuditError>, StoreError> {
        let mut write = self.write().await?;
        let instance = shown.instance();
        let held = newest(&mut write, &instance).await?;
        let checked = match &held {
            None => Ok(()),
            Some((held, _)) => held.check(offer),
        };
        match (&checked, held) {
            (Err(error), Some((_, held))) => {
                conflict(&mut write, &shown, &held, error).await?;
            }
            (Ok(()), _) | (Err(_), None) => {
                put(&mut write, &[shown]).await?;
                prune(&mut write, &instance).await?;
            }
        }
        self.commit(write).await?;
        Ok(checked)
    }

    /// Compares what a peer was shown with what its runtime showed here. Returns what is wrong.
    ///
    /// A runtime shows its peers only what it has shown here before. What is older than everything
    /// that is kept cannot be compared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn compare_checkpoint(
        &self,
        shown: Shown<'_>,
    ) -> Result<Option<AuditError>, StoreError> {
        let (instance, seen) = (shown.instance(), shown.checkpoint.checkpoint());
        let sql = "SELECT * FROM checkpoints WHERE instance = $1 ORDER BY size";
        let rows = sqlx::query(sql).bind(&instance).fetch_all(&self.pool).await?;
        let kept = rows.iter().map(signed).collect::<Result<Vec<_>, _>>()?;
        let (Some((first, _)), Some((last, newest))) = (kept.first(), kept.last()) else {
            return Ok(None);
        };
        let same = kept.iter().find(|(held, _)| held.size == seen.size);
        let (error, held) = match same {
            Some((held, _)) if held.root == seen.root => return Ok(None),
            Some((held, signed)) => (AuditError::Fork { size: held.size }, signed),
            None if seen.size < first.size => return Ok(None),
            None => (AuditError::Equivocation { earlier: last.size, later: seen.size }, newest),
        };
        self.conflict(&shown, held, &error).await?;
        Ok(Some(error))
    }

    async fn conflict(
        &self,
        shown: &Shown<'_>,
        held: &str,
        error: &AuditError,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        conflict(&mut write, shown, held, error).await?;
        self.commit(write).await
    }

    /// The newest checkpoint of every runtime, with what does not fit it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, StoreError> {
        let mut read = self.pool.begin().await?;
        let sql = "SELECT * FROM checkpoints AS it WHERE size =
            (SELECT MAX(size) FROM checkpoints WHERE instance = it.instance)
            ORDER BY agent, received_at, instance";
        let rows = sqlx::query(sql).fetch_all(&mut *read).await?;
        let sql = "SELECT * FROM audit_conflicts ORDER BY at, reason";
        let conflicts = sqlx::query(sql).fetch_all(&mut *read).await?;
        let mut records = rows.iter().map(checkpoint).collect::<Result<Vec<_>, _>>()?;
        for row in &conflicts {
            let instance: String = row.try_get("instance")?;
            let of = records.iter_mut().find(|record| record.instance == instance);
            if let Some(record) = of {
                record.conflicts.push(read_conflict(row)?);
            }
        }
        Ok(records)
    }

    /// How many conflicts are on record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn conflicts(&self) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) AS count FROM audit_conflicts";
        row::unsigned(&sqlx::query(sql).fetch_one(&self.pool).await?, "count")
    }
}

impl Shown<'_> {
    fn instance(&self) -> String {
        self.checkpoint.checkpoint().origin.instance()
    }
}

/// Puts on record what the runtimes of `admitted` showed, which is known to fit.
pub(super) async fn put_all(write: &mut Write, admitted: &[&Admitted]) -> Result<(), StoreError> {
    let shown = admitted.iter().filter_map(|it| {
        let checkpoint = &it.log.as_ref()?.checkpoint;
        Some(Shown { agent: &it.agent, checkpoint, witness: None, at: it.verdict.at })
    });
    let shown: Vec<Shown<'_>> = shown.collect();
    if shown.is_empty() { Ok(()) } else { put(write, &shown).await }
}

async fn put(write: &mut Write, shown: &[Shown<'_>]) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO checkpoints (instance, size, agent, root, signed_at, signed, received_at) ",
    );
    sql.push_values(shown, |mut row, shown| {
        let said = shown.checkpoint.checkpoint();
        row.push_bind(shown.instance())
            .push_bind(row::signed(said.size))
            .push_bind(shown.agent.to_owned())
            .push_bind(said.root.to_string())
            .push_bind(row::signed(said.at.as_secs()))
            .push_bind(hex::encode(shown.checkpoint.bytes()))
            .push_bind(row::signed(shown.at.as_secs()));
    });
    // What is shown again is what it was.
    sql.push(" ON CONFLICT (instance, size) DO NOTHING");
    sql.build().execute(&mut **write).await?;
    Ok(())
}

/// Forgets all but the newest checkpoints of one runtime.
async fn prune(write: &mut Write, instance: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM checkpoints WHERE instance = $1 AND size <=
        (SELECT size FROM checkpoints WHERE instance = $1 ORDER BY size DESC LIMIT 1 OFFSET $2)";
    let kept = i64::from(CHECKPOINTS_KEPT);
    sqlx::query(sql).bind(instance).bind(kept).execute(&mut **write).await?;
    Ok(())
}

async fn newest(write: &mut Write, instance: &str) -> Result<Option<(Held, String)>, StoreError> {
    let sql = "SELECT * FROM checkpoints WHERE instance = $1 ORDER BY size DESC LIMIT 1";
    let row = sqlx::query(sql).bind(instance).fetch_optional(&mut **write).await?;
    row.as_ref().map(signed).transpose()
}

/// A checkpoint, and how it was signed.
fn signed(row: &SqliteRow) -> Result<(Held, String), StoreError> {
    Ok((Held::read(row)?, row.try_get("signed")?))
}

/// Keeps both. A fork takes the instance's leases away.
async fn conflict(
    write: &mut Write,
    shown: &Shown<'_>,
    held: &str,
    error: &AuditError,
) -> Result<(), StoreError> {
    let (reason, instance) = (error.code().id, shown.instance());
    let sql = "INSERT INTO audit_conflicts (instance, reason, agent, held, shown, witness, at)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (instance, reason) DO NOTHING";
    sqlx::query(sql)
        .bind(&instance)
        .bind(reason)
        .bind(shown.agent)
        .bind(held)
        .bind(hex::encode(shown.checkpoint.bytes()))
        .bind(shown.witness)
        .bind(row::signed(shown.at.as_secs()))
        .execute(&mut **write)
        .await?;
    if matches!(error, AuditError::Fork { .. }) {
        revoke(write, &instance, reason, shown.at).await?;
    }
    Ok(())
}

/// Takes the leases of an instance away, if it holds or held any.
async fn revoke(
    write: &mut Write,
    instance: &str,
    reason: &'static str,
    now: UnixTime,
) -> Result<(), StoreError> {
    let record = instances::one(&mut **write, instance).await?;
    let first = record.filter(|record| record.revocation.as_deref() != Some(reason));
    instances::revoke(write, first.as_slice(), reason, now).await?;
    Ok(())
}

fn checkpoint(row: &SqliteRow) -> Result<CheckpointRecord, StoreError> {
    Ok(CheckpointRecord {
        instance: row.try_get("instance")?,
        agent: row.try_get("agent")?,
        size: row::unsigned(row, "size")?,
        root: row.try_get("root")?,
        signed: bytes(row, "signed")?,
        signed_at: UnixTime::from_secs(row::unsigned(row, "signed_at")?),
        received_at: UnixTime::from_secs(row::unsigned(row, "received_at")?),
        conflicts: Vec::new(),
    })
}

fn read_conflict(row: &SqliteRow) -> Result<ConflictRecord, StoreError> {
    Ok(ConflictRecord {
        reason: row.try_get("reason")?,
        held: bytes(row, "held")?,
        shown: bytes(row, "shown")?,
        witness: row.try_get("witness")?,
        at: UnixTime::from_secs(row::unsigned(row, "at")?),
    })
}

fn bytes(row: &SqliteRow, column: &'static str) -> Result<Vec<u8>, StoreError> {
    row::word(row, column, |text| hex::decode(text).ok())
}

#[cfg(test)]
mod tests;

//! What was concluded and what operators did; and what of all that may be forgotten.

use std::sync::atomic::Ordering;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use cloister_attestation::time::UnixTime;
use sqlx::QueryBuilder;

use super::{Store, StoreError, Write, row};
use crate::limits::{
    EVENTS_KEPT, INSTANCE_RETENTION, REFUSAL_RETENTION, REFUSALS_KEPT, REFUSALS_PRUNE_INTERVAL,
    REFUSALS_PRUNED_MAX, VERDICT_RETENTION,
};

/// How an admission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// With a lease.
    Admitted,
    /// Without.
    Refused,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Refused => "refused",
        }
    }
}

/// What was concluded about one piece of Evidence.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// When.
    pub at: UnixTime,
    /// What.
    pub outcome: Outcome,
    /// The agent that the manifest names; only a claim where the outcome is a refusal.
    pub agent: Option<String>,
    /// The instance that the identity key names.
    pub instance: Option<String>,
    /// Digest of the envelope, hex.
    pub evidence: String,
    /// The Attestation Result if there is one, else the findings; JSON.
    pub detail: String,
}

/// Keeps verdicts. Returns their names, in order.
pub(super) async fn insert<'a>(
    write: &mut Write,
    verdicts: impl Iterator<Item = &'a Verdict>,
) -> Result<Vec<String>, StoreError> {
    let mut id = ids()?;
    let (ids, verdicts): (Vec<_>, Vec<_>) = verdicts.map(|it| (id(it.at), it)).unzip();
    let mut sql = QueryBuilder::new(
        "INSERT INTO verdicts (id, at, outcome, agent, instance, evidence, detail) ",
    );
    sql.push_values(verdicts.iter().zip(&ids), |mut row, (verdict, id)| {
        row.push_bind(id.clone())
            .push_bind(row::signed(verdict.at.as_secs()))
            .push_bind(verdict.outcome.word())
            .push_bind(verdict.agent.clone())
            .push_bind(verdict.instance.clone())
            .push_bind(verdict.evidence.clone())
            .push_bind(verdict.detail.clone());
    });
    sql.build().execute(&mut **write).await?;
    Ok(ids)
}

/// What an operator did.
#[derive(Clone, Debug)]
pub struct Operation {
    /// When.
    pub at: UnixTime,
    /// What: `image.admit`, `agent.quarantine`, …
    pub action: &'static str,
    /// To whom: a tuple's digest, an agent's name.
    pub subject: String,
    /// The operator's reason, or what else is to be known.
    pub detail: String,
}

impl Operation {
    pub(super) async fn write(&self, write: &mut Write) -> Result<(), StoreError> {
        let sql = "INSERT INTO operations (id, at, action, subject, detail)
                   VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(sql)
            .bind(ids()?(self.at))
            .bind(row::signed(self.at.as_secs()))
            .bind(self.action)
            .bind(&self.subject)
            .bind(&self.detail)
            .execute(&mut **write)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Keeps what an operator did, where nothing else in the record changes with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note(&self, operation: &Operation) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        operation.write(&mut write).await?;
        Ok(write.commit().await?)
    }

    /// Keeps a refusal for the record. Anybody can cause one, so that every so many of them the
    /// oldest beyond the limit are forgotten with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(&self, verdict: &Verdict) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        insert(&mut write, std::iter::once(verdict)).await?;
        let before = self.refusals.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(REFUSALS_PRUNE_INTERVAL) {
            prune_refusals(&mut write, REFUSALS_KEPT).await?;
        }
        Ok(write.commit().await?)
    }

    /// How many verdicts there are with this outcome.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verdicts(&self, outcome: Outcome) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS count FROM verdicts WHERE outcome = $1")
            .bind(outcome.word())
            .fetch_one(&self.pool)
            .await?;
        row::unsigned(&row, "count")
    }

    /// What operators did, oldest first: action and subject.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn operations(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT action, subject FROM operations ORDER BY at, id";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }

    /// Forgets what has served its purpose. What operators did is never forgotten.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget(&self, now: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let ended = now.minus(INSTANCE_RETENTION);
        let old = now.minus(VERDICT_RETENTION);
        let refused = now.minus(REFUSAL_RETENTION);
        let events = "DELETE FROM events WHERE sequence + $1 <=
            (SELECT MAX(sequence) FROM events) AND at < $2";
        for (sql, bound) in [
            ("DELETE FROM spent_challenges WHERE expires_at < $1", now),
            ("DELETE FROM instances WHERE lease_expires_at < $1", ended),
            ("DELETE FROM verdicts WHERE at < $1", old),
            ("DELETE FROM checkpoints WHERE received_at < $1", old),
            ("DELETE FROM verdicts WHERE outcome = 'refused' AND at < $1", refused),
        ] {
            sqlx::query(sql).bind(row::signed(bound.as_secs())).execute(&mut *write).await?;
        }
        prune_refusals(&mut write, REFUSALS_KEPT).await?;
        sqlx::query(events)
            .bind(i64::from(EVENTS_KEPT))
            .bind(row::signed(ended.as_secs()))
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }
}

/// Forgets all but the newest refusals. Of those of one second, which go is left to chance: all
/// that counts is that they are no more than `kept`.
pub(super) async fn prune_refusals(write: &mut Write, kept: u32) -> Result<(), StoreError> {
    let sql = "DELETE FROM verdicts WHERE id IN
                   (SELECT id FROM verdicts WHERE outcome = 'refused'
                    ORDER BY at DESC, id DESC LIMIT $1 OFFSET $2)";
    sqlx::query(sql)
        .bind(i64::from(REFUSALS_PRUNED_MAX))
        .bind(i64::from(kept))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Names for rows that are written together: the time, what is random, and a number. In their order
/// they stand beside each other at the end of an index, which is then written in one place.
fn ids() -> Result<impl FnMut(UnixTime) -> String, StoreError> {
    let mut random = [0; 12];
    SystemRandom::new().fill(&mut random).map_err(|_| StoreError::Random)?;
    let (together, mut number) = (hex::encode(random), 0_u64);
    Ok(move |at: UnixTime| {
        number += 1;
        format!("{:010x}{together}{number:04x}", at.as_secs())
    })
}

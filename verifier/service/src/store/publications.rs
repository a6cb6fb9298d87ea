//! Authorization policies that were published to runtimes.

use cloister_attestation::time::UnixTime;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{EventKind, Operation, Store, StoreError, events, row};
use crate::limits::POLICIES_LISTED_MAX;

/// A published policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicationRecord {
    /// Greater than that of every one before it.
    pub number: u64,
    /// When.
    pub published_at: UnixTime,
    /// For which agent; `None` is for every one.
    pub agent: Option<String>,
    /// SHA-384 of the bundle, hex.
    pub digest: String,
    /// How many policies it has.
    pub policies: u64,
    /// It, Cedar.
    pub bundle: String,
}

impl PublicationRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row::unsigned(row, "number")?,
            published_at: UnixTime::from_secs(row::unsigned(row, "published_at")?),
            agent: row.try_get("agent")?,
            digest: row.try_get("digest")?,
            policies: row::unsigned(row, "policies")?,
            bundle: row.try_get("bundle")?,
        })
    }
}

impl Store {
    /// Puts a publication on record under the next number, whatever number it has, and announces
    /// it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn publish(
        &self,
        record: PublicationRecord,
        operation: &Operation,
    ) -> Result<PublicationRecord, StoreError> {
        let mut write = self.write().await?;
        let sql = "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM publications";
        let next = sqlx::query(sql).fetch_one(&mut *write).await?;
        let record = PublicationRecord { number: row::unsigned(&next, "next")?, ..record };
        let sql = "INSERT INTO publications (number, published_at, agent, digest, policies, bundle)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(sql)
            .bind(row::signed(record.number))
            .bind(row::signed(record.published_at.as_secs()))
            .bind(&record.agent)
            .bind(&record.digest)
            .bind(row::signed(record.policies))
            .bind(&record.bundle)
            .execute(&mut *write)
            .await?;
        operation.write(&mut write).await?;
        let (agent, number) = (record.agent.clone(), record.number);
        let event = EventKind::PolicyPublished { agent, number };
        events::append(&mut write, &event, record.published_at).await?;
        self.commit(write).await?;
        Ok(record)
    }

    /// The greatest number for each audience; `None` is every agent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest_publications(&self) -> Result<Vec<(Option<String>, u64)>, StoreError> {
        let sql = "SELECT agent, MAX(number) AS newest FROM publications GROUP BY agent";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        let newest = |row: &SqliteRow| Ok((row.try_get("agent")?, row::unsigned(row, "newest")?));
        rows.iter().map(newest).collect()
    }

    /// Whether one of the agent's leases that count at `now` is for an image that lets the Verifier
    /// change its policy; `None` where none counts. While images are exchanged there are both kinds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn takes_policies(
        &self,
        agent: &str,
        now: UnixTime,
    ) -> Result<Option<bool>, StoreError> {
        let sql = "SELECT MAX(takes_policies) AS takes FROM instances
                   WHERE agent = $1 AND lease_expires_at > $2 AND revocation IS NULL";
        let now = row::signed(now.as_secs());
        let row = sqlx::query(sql).bind(agent).bind(now).fetch_one(&self.pool).await?;
        let takes: Option<i64> = row.try_get("takes")?;
        Ok(takes.map(|takes| takes != 0))
    }

    /// Publications, newest first, at most as many as are listed at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn publications(&self) -> Result<Vec<PublicationRecord>, StoreError> {
        let sql = "SELECT * FROM publications ORDER BY number DESC LIMIT $1";
        let rows =
            sqlx::query(sql).bind(i64::from(POLICIES_LISTED_MAX)).fetch_all(&self.pool).await?;
        rows.iter().map(PublicationRecord::read).collect()
    }

    /// The newest publication that is for `agent`, by name or as one of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn publication_for(
        &self,
        agent: &str,
    ) -> Result<Option<PublicationRecord>, StoreError> {
        let sql = "SELECT * FROM publications WHERE agent IS NULL OR agent = $1
                   ORDER BY number DESC LIMIT 1";
        let row = sqlx::query(sql).bind(agent).fetch_optional(&self.pool).await?;
        row.as_ref().map(PublicationRecord::read).transpose()
    }
}

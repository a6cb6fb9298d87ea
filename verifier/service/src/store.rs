//! The database: what was admitted, who holds a lease, what was concluded and announced.
//!
//! SQLite in the data folder. Every change is one transaction, durable before it is answered. The
//! SQL keeps to what PostgreSQL understands as well. No statement is put together from input.

mod admission;
mod agents;
mod checkpoints;
mod error;
mod events;
mod group;
mod history;
mod images;
mod instances;
mod issues;
mod machines;
mod migrations;
mod policies;
mod publications;
mod row;
mod standing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cloister_attestation::time::UnixTime;
use cloister_channel::name::TrustDomain;
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Row as _, Transaction};
use tokio::sync::{Mutex, watch};

use crate::limits::{DATABASE_BUSY_TIMEOUT, DATABASE_CONNECTIONS_MAX};
pub use admission::{Admitted, Objection};
pub use agents::{AgentRecord, AgentState};
pub use checkpoints::{CheckpointRecord, ConflictRecord, Shown};
pub use error::{CODES, StoreError};
use events::Tail;
pub use events::{Event, EventKind};
use group::Group;
pub use history::{Operation, Outcome, Verdict};
use images::KnownImages;
pub use images::{ImageRecord, ImageState, Replaced, RollOver, RolledOver};
pub use instances::InstanceRecord;
pub use issues::Seen;
pub use machines::MachineRecord;
pub use policies::{Epochs, Origin, PolicyRecord, Proposed};
pub use publications::PublicationRecord;

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    /// Where admissions are written.
    group: Group,
    /// Reference Values that were read before.
    known: Arc<KnownImages>,
    /// The newest event's number; a change wakes the watchers.
    newest: watch::Sender<u64>,
    /// The newest events, for those who watch.
    tail: Arc<Mutex<Tail>>,
    /// Refusals recorded since the start.
    refusals: Arc<AtomicU64>,
}

/// A write in progress. Nothing of it is visible before it is committed.
type Write = Transaction<'static, Sqlite>;

impl Store {
    /// Opens the database at `path`, making or upgrading it as needed.
    ///
    /// # Errors
    /// [`StoreError`], also if the database belongs to another trust domain or a newer version.
    pub async fn open(
        path: &Path,
        trust_domain: &TrustDomain,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(DATABASE_BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(DATABASE_CONNECTIONS_MAX)
            .acquire_timeout(DATABASE_BUSY_TIMEOUT)
            // A connection to a file does not go stale.
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        migrations::apply(&pool).await?;
        let group = Group::start(pool.clone());
        let newest = watch::Sender::new(0);
        let known = Arc::default();
        let store =
            Self { pool, group, known, newest, tail: Arc::default(), refusals: Arc::default() };
        store.claim(trust_domain, now).await?;
        store.wake(events::newest(&mut store.pool.begin().await?).await?);
        Ok(store)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT policy_epoch FROM domain WHERE id = 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection; what is running ends first.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn write(&self) -> Result<Write, StoreError> {
        begin(&self.pool).await
    }

    /// Makes a write durable and wakes the watchers if it announced something.
    async fn commit(&self, mut write: Write) -> Result<(), StoreError> {
        let newest = events::newest(&mut write).await?;
        write.commit().await?;
        self.wake(newest);
        Ok(())
    }

    /// The database belongs to one trust domain, from its first use on.
    async fn claim(&self, trust_domain: &TrustDomain, now: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO domain (id, trust_domain, policy_epoch, created_at) VALUES (1, $1, 1, $2)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(trust_domain.as_str())
        .bind(row::signed(now.as_secs()))
        .execute(&mut *write)
        .await?;
        let row = sqlx::query("SELECT trust_domain FROM domain WHERE id = 1")
            .fetch_one(&mut *write)
            .await?;
        let observed: String = row.try_get("trust_domain")?;
        write.commit().await?;
        if observed == trust_domain.as_str() {
            Ok(())
        } else {
            Err(StoreError::TrustDomain { expected: trust_domain.to_string(), observed })
        }
    }
}

/// Starts a write. SQLite has one writer: taking its place at once avoids giving up half-way.
async fn begin(pool: &SqlitePool) -> Result<Write, StoreError> {
    Ok(pool.begin_with("BEGIN IMMEDIATE").await?)
}

#[cfg(test)]
mod tests;

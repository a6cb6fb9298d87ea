//! Appraisal policies, and the epochs that tell leases under one from leases under another.

use cloister_attestation::time::UnixTime;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{EventKind, Operation, Store, StoreError, Write, events, row};
use crate::limits::POLICIES_LISTED_MAX;

/// Who changed the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The configuration file, as read at a start.
    Configuration,
    /// An operator's call.
    Operator,
}

impl Origin {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Operator => "operator",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Configuration, Self::Operator].into_iter().find(|origin| origin.as_str() == word)
    }
}

/// A policy that is to be in force.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'a> {
    /// Who proposes it.
    pub origin: Origin,
    /// What the configuration names: another one is a change, also if it says the same.
    pub identity: &'a str,
    /// Digest of the policy, hex.
    pub digest: &'a str,
    /// The policy, TOML.
    pub document: &'a str,
}

/// A policy that is or was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The policy epoch that began with it.
    pub epoch: u64,
    /// When it was applied.
    pub applied_at: UnixTime,
    /// Who applied it.
    pub origin: Origin,
    /// Its digest, hex.
    pub digest: String,
    /// It, TOML.
    pub document: String,
}

/// The epochs of leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// Under which leases are issued now.
    pub current: u64,
    /// Leases of an older one are refused.
    pub floor: u64,
}

impl PolicyRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: row::unsigned(row, "epoch")?,
            applied_at: UnixTime::from_secs(row::unsigned(row, "applied_at")?),
            origin: row::word(row, "origin", Origin::read)?,
            digest: row.try_get("digest")?,
            document: row.try_get("document")?,
        })
    }
}

impl Store {
    /// The policy epochs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn epochs(&self) -> Result<Epochs, StoreError> {
        epochs(&mut self.pool.begin().await?).await
    }

    /// Policies, newest first, at most as many as are listed at once: the first is in force.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn policies(&self) -> Result<Vec<PolicyRecord>, StoreError> {
        let sql = "SELECT * FROM policies ORDER BY epoch DESC LIMIT $1";
        let rows =
            sqlx::query(sql).bind(i64::from(POLICIES_LISTED_MAX)).fetch_all(&self.pool).await?;
        rows.iter().map(PolicyRecord::read).collect()
    }

    /// Puts the configured policy in force if the configuration has changed since it was read
    /// last; else what an operator applied since stays. Returns the policy in force and the epoch
    /// under which leases are issued.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn configured_policy(
        &self,
        proposed: &Proposed<'_>,
        now: UnixTime,
    ) -> Result<(PolicyRecord, u64), StoreError> {
        let mut write = self.write().await?;
        if !stands(&mut write, proposed).await? {
            insert(&mut write, proposed, now).await?;
        }
        let in_force = newest(&mut write).await?;
        let epoch = epochs(&mut write).await?.current;
        self.commit(write).await?;
        in_force.map(|it| (it, epoch)).ok_or_else(|| StoreError::corrupt("policies", "none"))
    }

    /// Puts a policy in force, beginning an epoch, unless it is in force already. Returns the
    /// policy in force, and the epoch that began if one did. Live leases stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn apply_policy(
        &self,
        proposed: &Proposed<'_>,
        operation: &Operation,
    ) -> Result<(PolicyRecord, Option<u64>), StoreError> {
        let mut write = self.write().await?;
        if let Some(same) = newest(&mut write).await?.filter(|it| it.digest == proposed.digest) {
            return Ok((same, None));
        }
        let applied = insert(&mut write, proposed, operation.at).await?;
        operation.write(&mut write).await?;
        self.commit(write).await?;
        let epoch = applied.epoch;
        Ok((applied, Some(epoch)))
    }

    /// Ends the leases of every epoch before the current one, and of the current one too if `all`:
    /// then another begins. Announces the floor if it rises. Returns the epochs and how many
    /// instances held a lease that ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reattest(
        &self,
        all: bool,
        operation: &Operation,
    ) -> Result<(Epochs, u32), StoreError> {
        let mut write = self.write().await?;
        let before = epochs(&mut write).await?;
        let current = before.current.saturating_add(u64::from(all));
        let after = Epochs { current, floor: current };
        if after == before {
            return Ok((before, 0));
        }
        let ended = live_below(&mut write, after.floor, operation.at).await?;
        sqlx::query("UPDATE domain SET policy_epoch = $1, policy_epoch_floor = $2 WHERE id = 1")
            .bind(row::signed(after.current))
            .bind(row::signed(after.floor))
            .execute(&mut *write)
            .await?;
        events::append(&mut write, &EventKind::PolicyEpoch { floor: after.floor }, operation.at)
            .await?;
        operation.write(&mut write).await?;
        self.commit(write).await?;
        Ok((after, ended))
    }
}

/// As a transaction sees them.
pub(super) async fn epochs(read: &mut Write) -> Result<Epochs, StoreError> {
    let sql = "SELECT policy_epoch, policy_epoch_floor FROM domain WHERE id = 1";
    let row = sqlx::query(sql).fetch_one(&mut **read).await?;
    Ok(Epochs {
        current: row::unsigned(&row, "policy_epoch")?,
        floor: row::unsigned(&row, "policy_epoch_floor")?,
    })
}

async fn newest(read: &mut Write) -> Result<Option<PolicyRecord>, StoreError> {
    let sql = "SELECT * FROM policies ORDER BY epoch DESC LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(&mut **read).await?;
    row.as_ref().map(PolicyRecord::read).transpose()
}

/// Whether what is in force stays although `proposed` is configured: it is that, or the
/// configuration has not changed since an operator applied another one. A release may change what
/// a built-in policy demands; that is no change of the configuration.
async fn stands(read: &mut Write, proposed: &Proposed<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT identity FROM policies WHERE origin = 'configuration'
               ORDER BY epoch DESC LIMIT 1";
    let configured: Option<(String,)> = sqlx::query_as(sql).fetch_optional(&mut **read).await?;
    let unchanged = configured.is_some_and(|(identity,)| identity == proposed.identity);
    let in_force = newest(read).await?;
    Ok(unchanged
        && in_force.is_some_and(|it| it.origin == Origin::Operator || it.digest == proposed.digest))
}

/// The first policy of a record belongs to the epoch that is; every other one begins another.
async fn insert(
    write: &mut Write,
    proposed: &Proposed<'_>,
    now: UnixTime,
) -> Result<PolicyRecord, StoreError> {
    let first = newest(write).await?.is_none();
    let epoch = epochs(write).await?.current.saturating_add(u64::from(!first));
    sqlx::query("UPDATE domain SET policy_epoch = $1 WHERE id = 1")
        .bind(row::signed(epoch))
        .execute(&mut **write)
        .await?;
    let sql = "INSERT INTO policies (epoch, applied_at, origin, identity, digest, document)
               VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(row::signed(epoch))
        .bind(row::signed(now.as_secs()))
        .bind(proposed.origin.as_str())
        .bind(proposed.identity)
        .bind(proposed.digest)
        .bind(proposed.document)
        .execute(&mut **write)
        .await?;
    Ok(PolicyRecord {
        epoch,
        applied_at: now,
        origin: proposed.origin,
        digest: proposed.digest.to_owned(),
        document: proposed.document.to_owned(),
    })
}

async fn live_below(write: &mut Write, floor: u64, now: UnixTime) -> Result<u32, StoreError> {
    let sql = "SELECT COUNT(*) AS live FROM instances
               WHERE policy_epoch < $1 AND lease_expires_at > $2 AND revocation IS NULL";
    let row = sqlx::query(sql)
        .bind(row::signed(floor))
        .bind(row::signed(now.as_secs()))
        .fetch_one(&mut **write)
        .await?;
    Ok(u32::try_from(row::unsigned(&row, "live")?).unwrap_or(u32::MAX))
}

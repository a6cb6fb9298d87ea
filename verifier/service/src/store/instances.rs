//! Boots of runtimes that hold or held a lease.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, SqliteExecutor};

use super::images::ImageRecord;
use super::{Admitted, EventKind, Store, StoreError, Write, events, row};

/// One boot of one runtime.
#[derive(Clone, Debug)]
pub struct InstanceRecord {
    /// Its id: derived from the identity key.
    pub instance: String,
    /// The agent that it runs.
    pub agent: String,
    /// Where it listens, as it said.
    pub endpoint: String,
    /// The image that was measured.
    pub image: ImageRecord,
    /// Whether a software TEE signed.
    pub simulated: bool,
    /// The conclusion of its latest appraisal.
    pub tier: String,
    /// Which machine, in words.
    pub platform: String,
    /// Ids of the checks that nobody vouches for.
    pub not_asserted: Vec<String>,
    /// When its first lease was issued.
    pub first_seen_at: UnixTime,
    /// When its latest lease ends.
    pub lease_expires_at: UnixTime,
    /// Why its leases are revoked, as a stable code.
    pub revocation: Option<String>,
    /// Whether its measured manifest lets the Verifier change its policy.
    pub takes_policies: bool,
}

/// The `instances` columns, with those of the image that was measured.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT instances.*, images.* FROM instances
             JOIN images ON images.tuple = instances.tuple ",
            $rest
        )
    };
}

impl InstanceRecord {
    /// Whether its lease counts at `now`.
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.revocation.is_none() && self.lease_expires_at > now
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            instance: row.try_get("instance")?,
            agent: row.try_get("agent")?,
            endpoint: row.try_get("endpoint")?,
            image: ImageRecord::read(row)?,
            simulated: row.try_get("simulated")?,
            tier: row.try_get("tier")?,
            platform: row.try_get("platform")?,
            not_asserted: row::from_json(row, "not_asserted")?,
            first_seen_at: UnixTime::from_secs(row::unsigned(row, "first_seen_at")?),
            lease_expires_at: UnixTime::from_secs(row::unsigned(row, "lease_expires_at")?),
            revocation: row.try_get("revocation")?,
            takes_policies: row.try_get("takes_policies")?,
        })
    }
}

impl Store {
    /// One instance.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn instance(&self, instance: &str) -> Result<Option<InstanceRecord>, StoreError> {
        one(&self.pool, instance).await
    }

    /// The latest Attestation Results of an agent's instances, JSON, in the order of
    /// [`AgentRecord::instances`](super::AgentRecord::instances).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn results(&self, agent: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT verdicts.detail FROM instances
                   JOIN verdicts ON verdicts.id = instances.verdict
                   WHERE instances.agent = $1 ORDER BY first_seen_at, instances.instance";
        Ok(sqlx::query_scalar(sql).bind(agent).fetch_all(&self.pool).await?)
    }

    /// How many instances hold a lease that counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn leases_live(&self, now: UnixTime) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) AS live FROM instances
                   WHERE lease_expires_at > $1 AND revocation IS NULL";
        let now = row::signed(now.as_secs());
        let row = sqlx::query(sql).bind(now).fetch_one(&self.pool).await?;
        row::unsigned(&row, "live")
    }

    /// Instances whose leases are revoked and have not ended, and the number of the event up to
    /// which that holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoked(&self, now: UnixTime) -> Result<(Vec<InstanceRecord>, u64), StoreError> {
        let mut read = self.pool.begin().await?;
        let sequence = events::newest(&mut read).await?;
        let sql = select!("WHERE lease_expires_at > $1 AND revocation IS NOT NULL");
        let now = row::signed(now.as_secs());
        let rows = sqlx::query(sql).bind(now).fetch_all(&mut *read).await?;
        let revoked = rows.iter().map(InstanceRecord::read).collect::<Result<_, _>>()?;
        Ok((revoked, sequence))
    }
}

pub(super) async fn all(read: &mut Write) -> Result<Vec<InstanceRecord>, StoreError> {
    let sql = select!("ORDER BY first_seen_at, instance");
    let rows = sqlx::query(sql).fetch_all(&mut **read).await?;
    rows.iter().map(InstanceRecord::read).collect()
}

pub(super) async fn one<'e>(
    read: impl SqliteExecutor<'e>,
    instance: &str,
) -> Result<Option<InstanceRecord>, StoreError> {
    let sql = select!("WHERE instance = $1");
    let row = sqlx::query(sql).bind(instance).fetch_optional(read).await?;
    row.as_ref().map(InstanceRecord::read).transpose()
}

pub(super) async fn of_agent(
    read: &mut Write,
    agent: &str,
) -> Result<Vec<InstanceRecord>, StoreError> {
    let sql = select!("WHERE agent = $1 ORDER BY first_seen_at, instance");
    let rows = sqlx::query(sql).bind(agent).fetch_all(&mut **read).await?;
    rows.iter().map(InstanceRecord::read).collect()
}

pub(super) async fn live_of_agent(
    read: &mut Write,
    agent: &str,
    now: UnixTime,
) -> Result<Vec<InstanceRecord>, StoreError> {
    let sql = select!("WHERE agent = $1 AND lease_expires_at > $2");
    let now = row::signed(now.as_secs());
    let rows = sqlx::query(sql).bind(agent).bind(now).fetch_all(&mut **read).await?;
    rows.iter().map(InstanceRecord::read).collect()
}

pub(super) async fn live_of_tuple(
    read: &mut Write,
    tuple: &Digest48,
    now: UnixTime,
) -> Result<Vec<InstanceRecord>, StoreError> {
    let sql = select!("WHERE instances.tuple = $1 AND lease_expires_at > $2");
    let now = row::signed(now.as_secs());
    let rows = sqlx::query(sql).bind(tuple.to_string()).bind(now).fetch_all(&mut **read).await?;
    rows.iter().map(InstanceRecord::read).collect()
}

/// Revokes the leases of `instances` and announces each. A later reason replaces an earlier one:
/// lifting a quarantine must not bring back what was also revoked for good. Returns how many had
/// not been revoked before.
pub(super) async fn revoke(
    write: &mut Write,
    instances: &[InstanceRecord],
    reason: &'static str,
    now: UnixTime,
) -> Result<u32, StoreError> {
    let mut fresh = 0_u32;
    for instance in instances {
        sqlx::query("UPDATE instances SET revocation = $2 WHERE instance = $1")
            .bind(&instance.instance)
            .bind(reason)
            .execute(&mut **write)
            .await?;
        let event = EventKind::Revoked {
            agent: instance.agent.clone(),
            instance: instance.instance.clone(),
            reason: reason.to_owned(),
            forget_after: instance.lease_expires_at,
        };
        events::append(write, &event, now).await?;
        fresh = fresh.saturating_add(u32::from(instance.revocation.is_none()));
    }
    Ok(fresh)
}

/// Undoes the revocations of an agent's instances that have `reason`, and announces each.
pub(super) async fn restore(
    write: &mut Write,
    agent: &str,
    reason: &'static str,
    now: UnixTime,
) -> Result<(), StoreError> {
    for instance in of_agent(write, agent).await? {
        if instance.revocation.as_deref() != Some(reason) {
            continue;
        }
        sqlx::query("UPDATE instances SET revocation = NULL WHERE instance = $1")
            .bind(&instance.instance)
            .execute(&mut **write)
            .await?;
        let event = EventKind::Restored { agent: agent.to_owned(), instance: instance.instance };
        events::append(write, &event, now).await?;
    }
    Ok(())
}

/// Puts the leases of `admitted` on record, each of another instance and with its verdict's name.
pub(super) async fn upsert(
    write: &mut Write,
    admitted: impl Iterator<Item = (&Admitted, String)>,
) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO instances
             (instance, agent, tuple, endpoint, simulated, tier, platform, not_asserted,
              verdict, first_seen_at, lease_expires_at, policy_epoch, takes_policies) ",
    );
    let rows = admitted.map(|(it, verdict)| Ok((it, verdict, row::json(&it.not_asserted)?)));
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    sql.push_values(rows, |mut row, (admitted, verdict, not_asserted)| {
        row.push_bind(admitted.instance.clone())
            .push_bind(admitted.agent.clone())
            .push_bind(admitted.tuple.to_string())
            .push_bind(admitted.endpoint.clone())
            .push_bind(admitted.simulated)
            .push_bind(admitted.tier.clone())
            .push_bind(admitted.platform.clone())
            .push_bind(not_asserted)
            .push_bind(verdict)
            .push_bind(row::signed(admitted.verdict.at.as_secs()))
            .push_bind(row::signed(admitted.lease_expires_at.as_secs()))
            .push_bind(row::signed(admitted.policy_epoch))
            .push_bind(admitted.takes_policies);
    });
    sql.push(
        " ON CONFLICT (instance) DO UPDATE SET
             tuple = excluded.tuple, endpoint = excluded.endpoint,
             simulated = excluded.simulated, tier = excluded.tier,
             platform = excluded.platform, not_asserted = excluded.not_asserted,
             verdict = excluded.verdict, policy_epoch = excluded.policy_epoch,
             takes_policies = excluded.takes_policies,
             lease_expires_at = CASE
                 WHEN excluded.lease_expires_at > instances.lease_expires_at
                 THEN excluded.lease_expires_at ELSE instances.lease_expires_at END",
    );
    sql.build().execute(&mut **write).await?;
    Ok(())
}

//! Agents: known from their first admission on.

use std::collections::BTreeMap;

use cloister_attestation::time::UnixTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::instances::{self, InstanceRecord};
use super::{Admitted, Operation, Store, StoreError, Write, row};

/// Whether an agent may hold leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentState {
    /// Yes.
    Active,
    /// Not until an operator lifts it.
    Quarantined,
    /// Never again.
    Retired,
}

impl AgentState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Retired => "retired",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        [Self::Active, Self::Quarantined, Self::Retired].into_iter().find(|s| s.as_str() == word)
    }
}

/// One agent with the boots of its runtimes.
#[derive(Clone, Debug)]
pub struct AgentRecord {
    /// Its name within the trust domain.
    pub name: String,
    /// Whether it may hold leases.
    pub state: AgentState,
    /// Why, in the operator's words; empty while active.
    pub reason: String,
    /// Its runtimes, oldest first.
    pub instances: Vec<InstanceRecord>,
}

impl AgentRecord {
    fn read(row: &SqliteRow, instances: Vec<InstanceRecord>) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.try_get("name")?,
            state: row::word(row, "state", AgentState::read)?,
            reason: row.try_get("reason")?,
            instances,
        })
    }
}

impl Store {
    /// Every agent, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let mut read = self.pool.begin().await?;
        let rows = sqlx::query("SELECT * FROM agents ORDER BY name").fetch_all(&mut *read).await?;
        let mut instances: BTreeMap<String, Vec<InstanceRecord>> = BTreeMap::new();
        for instance in instances::all(&mut read).await? {
            instances.entry(instance.agent.clone()).or_default().push(instance);
        }
        let agents = rows.iter().map(|row| {
            let name: String = row.try_get("name")?;
            AgentRecord::read(row, instances.remove(&name).unwrap_or_default())
        });
        agents.collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent(&self, name: &str) -> Result<Option<AgentRecord>, StoreError> {
        let mut read = self.pool.begin().await?;
        agent(&mut read, name).await
    }

    /// Brings an agent into `to` and takes its live leases away with `reason` as the code. `None`
    /// if there is no such agent; an agent that is retired stays so. Also returns how many
    /// instances lost their leases.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suspend_agent(
        &self,
        name: &str,
        to: AgentState,
        reason: &'static str,
        operation: &Operation,
    ) -> Result<Option<(AgentRecord, u32)>, StoreError> {
        let mut write = self.write().await?;
        if set_state(&mut write, name, to, operation).await? == 0 {
            return Ok(agent(&mut write, name).await?.map(|agent| (agent, 0)));
        }
        let live = instances::live_of_agent(&mut write, name, operation.at).await?;
        let revoked = instances::revoke(&mut write, &live, reason, operation.at).await?;
        operation.write(&mut write).await?;
        let agent = agent(&mut write, name).await?;
        self.commit(write).await?;
        Ok(agent.map(|agent| (agent, revoked)))
    }

    /// Makes a quarantined agent active again and restores what the quarantine, with `reason` as
    /// its code, took away. `None` if there is no such agent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lift_quarantine(
        &self,
        name: &str,
        reason: &'static str,
        operation: &Operation,
    ) -> Result<Option<AgentRecord>, StoreError> {
        let mut write = self.write().await?;
        let quarantined =
            agent(&mut write, name).await?.is_some_and(|a| a.state == AgentState::Quarantined);
        if quarantined {
            set_state(&mut write, name, AgentState::Active, operation).await?;
            instances::restore(&mut write, name, reason, operation.at).await?;
            operation.write(&mut write).await?;
        }
        let agent = agent(&mut write, name).await?;
        self.commit(write).await?;
        Ok(agent)
    }
}

/// One agent as a transaction sees it.
pub(super) async fn agent(
    transaction: &mut Write,
    name: &str,
) -> Result<Option<AgentRecord>, StoreError> {
    let row = sqlx::query("SELECT * FROM agents WHERE name = $1")
        .bind(name)
        .fetch_optional(&mut **transaction)
        .await?;
    match row {
        Some(row) => {
            let instances = instances::of_agent(transaction, name).await?;
            AgentRecord::read(&row, instances).map(Some)
        }
        None => Ok(None),
    }
}

/// Makes the agents of `admitted` known; those that are known stay as they are.
pub(super) async fn register(write: &mut Write, admitted: &[&Admitted]) -> Result<(), StoreError> {
    let named: BTreeMap<&str, UnixTime> =
        admitted.iter().map(|it| (it.agent.as_str(), it.verdict.at)).collect();
    let mut sql = QueryBuilder::new("INSERT INTO agents (name, state, reason, changed_at) ");
    sql.push_values(named, |mut row, (name, at)| {
        row.push_bind(name.to_owned()).push("'active', ''").push_bind(row::signed(at.as_secs()));
    });
    sql.push(" ON CONFLICT (name) DO NOTHING");
    sql.build().execute(&mut **write).await?;
    Ok(())
}

async fn set_state(
    write: &mut Write,
    name: &str,
    to: AgentState,
    operation: &Operation,
) -> Result<u64, StoreError> {
    let sql = "UPDATE agents SET state = $2, reason = $3, changed_at = $4
               WHERE name = $1 AND state <> 'retired'";
    let reason = if to == AgentState::Active { "" } else { operation.detail.as_str() };
    let done = sqlx::query(sql)
        .bind(name)
        .bind(to.as_str())
        .bind(reason)
        .bind(row::signed(operation.at.as_secs()))
        .execute(&mut **write)
        .await?;
    Ok(done.rows_affected())
}

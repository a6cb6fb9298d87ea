//! What the record says of those who ask for a lease, and what is decided by it.

use std::collections::{HashMap, HashSet};

use cloister_attestation::bytes::Nonce;
use cloister_attestation::time::UnixTime;
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row as _};

use super::admission::{Admitted, Objection};
use super::checkpoints::Held;
use super::{AgentState, ImageState, StoreError, Write, policies, row};

/// The record as one transaction sees it, as far as it concerns a group of admissions, together
/// with what was admitted of that group so far.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Leases of an older policy epoch are not accepted.
    floor: u64,
    /// By tuple: what was decided, and the end that was set.
    images: HashMap<String, (ImageState, Option<UnixTime>)>,
    /// By name; of those that are known.
    agents: HashMap<String, AgentState>,
    /// By instance; of those that are known.
    instances: HashMap<String, Holder>,
    /// By instance; of those that showed an audit log.
    logs: HashMap<String, Held>,
    /// Challenges that bought a lease.
    spent: HashSet<Nonce>,
}

/// Whose an instance is.
#[derive(Debug)]
struct Holder {
    agent: String,
    revoked: bool,
}

impl Standing {
    pub(super) async fn read<'a>(
        write: &mut Write,
        group: impl Iterator<Item = &'a Admitted> + Clone,
    ) -> Result<Self, StoreError> {
        let of = |field: fn(&Admitted) -> String| {
            let values: HashSet<String> = group.clone().map(field).collect();
            values
        };
        let mut standing = Self { floor: policies::epochs(write).await?.floor, ..Self::default() };
        let tuples = of(|it| it.tuple.to_string());
        let sql = "tuple, state, admitted_until FROM images WHERE tuple";
        for row in select(write, sql, tuples).await? {
            let state = row::word(&row, "state", ImageState::read)?;
            let until = row::optional_time(&row, "admitted_until")?;
            standing.images.insert(row.try_get("tuple")?, (state, until));
        }
        let names = of(|it| it.agent.clone());
        for row in select(write, "name, state FROM agents WHERE name", names).await? {
            let state = row::word(&row, "state", AgentState::read)?;
            standing.agents.insert(row.try_get("name")?, state);
        }
        let instances = of(|it| it.instance.clone());
        let sql = "instance, agent, revocation FROM instances WHERE instance";
        for row in select(write, sql, instances.clone()).await? {
            let revoked = row.try_get::<Option<String>, _>("revocation")?.is_some();
            let holder = Holder { agent: row.try_get("agent")?, revoked };
            standing.instances.insert(row.try_get("instance")?, holder);
        }
        for row in select(write, Held::NEWEST, instances).await? {
            standing.logs.insert(row.try_get("instance")?, Held::read(&row)?);
        }
        let nonces = of(|it| it.nonce.to_string());
        for row in select(write, "nonce FROM spent_challenges WHERE nonce", nonces).await? {
            standing.spent.insert(row::word(&row, "nonce", |text| text.parse().ok())?);
        }
        Ok(standing)
    }

    /// Decides about the next one. What is admitted counts for those who come after.
    pub(super) fn decide(&mut self, admitted: &Admitted) -> Result<(), Objection> {
        if self.spent.contains(&admitted.nonce) {
            return Err(Objection::Spent);
        }
        if admitted.policy_epoch < self.floor {
            return Err(Objection::EpochEnded);
        }
        let image = self.images.get(&admitted.tuple.to_string());
        let state = image.map(|(state, until)| state.at(*until, admitted.verdict.at));
        if state != Some(ImageState::Admitted) {
            return Err(Objection::ImageRetired);
        }
        match self.agents.get(&admitted.agent) {
            Some(AgentState::Quarantined) => return Err(Objection::Quarantined),
            Some(AgentState::Retired) => return Err(Objection::Retired),
            Some(AgentState::Active) | None => {}
        }
        match self.instances.get(&admitted.instance) {
            Some(holder) if holder.agent != admitted.agent => return Err(Objection::OtherAgent),
            Some(Holder { revoked: true, .. }) => return Err(Objection::Revoked),
            Some(_) | None => {}
        }
        match (&admitted.log, self.logs.get(&admitted.instance)) {
            (Some(offer), Some(held)) if held.check(offer).is_err() => return Err(Objection::Log),
            (None, Some(_)) => return Err(Objection::NoLog),
            (_, None) | (Some(_), Some(_)) => {}
        }
        self.spent.insert(admitted.nonce);
        self.instances
            .entry(admitted.instance.clone())
            .or_insert_with(|| Holder { agent: admitted.agent.clone(), revoked: false });
        Ok(())
    }
}

/// `SELECT columns FROM table WHERE column IN (values)`.
async fn select(
    write: &mut Write,
    columns_from_where: &'static str,
    values: HashSet<String>,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new("SELECT ");
    sql.push(columns_from_where).push(" IN (");
    let mut list = sql.separated(", ");
    values.into_iter().for_each(|value| {
        list.push_bind(value);
    });
    sql.push(")");
    Ok(sql.build().fetch_all(&mut **write).await?)
}

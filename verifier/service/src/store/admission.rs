//! Turning a good appraisal into a lease on record, all or nothing.

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::forecast::Machine;
use cloister_attestation::time::UnixTime;
use cloister_audit::Offer;
use sqlx::QueryBuilder;

use super::standing::Standing;
use super::{
    Store, StoreError, Verdict, Write, agents, checkpoints, history, instances, machines, row,
};

/// What goes on record with a lease.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The challenge that is spent, and when it ends anyway.
    pub nonce: Nonce,
    /// When the challenge ends.
    pub nonce_expires_at: UnixTime,
    /// The instance.
    pub instance: String,
    /// The agent.
    pub agent: String,
    /// The Reference Value that matched.
    pub tuple: Digest48,
    /// Where the runtime listens, as it says.
    pub endpoint: String,
    /// Whether a software TEE signed.
    pub simulated: bool,
    /// The appraisal's conclusion.
    pub tier: String,
    /// Which machine, in words.
    pub platform: String,
    /// Ids of the checks that nobody vouches for.
    pub not_asserted: Vec<String>,
    /// The machine, for forecasts; `None` for hardware that none can be made for.
    pub machine: Option<Machine>,
    /// What the runtime showed of its audit log; `None` where it keeps none.
    pub log: Option<Offer>,
    /// When the lease ends.
    pub lease_expires_at: UnixTime,
    /// The policy epoch under which it is issued.
    pub policy_epoch: u64,
    /// Whether the measured manifest lets the Verifier change the policy.
    pub takes_policies: bool,
    /// The verdict, with the Attestation Result as its detail.
    pub verdict: Verdict,
}

/// What speaks against a lease although the Evidence is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// The agent is quarantined.
    Quarantined,
    /// The agent is retired.
    Retired,
    /// The instance was revoked, and not by a quarantine that was lifted.
    Revoked,
    /// The identity key was already used for another agent.
    OtherAgent,
    /// The image is not admitted any more.
    ImageRetired,
    /// The challenge already bought a lease.
    Spent,
    /// Its audit log is not shown to extend what was shown of it before.
    Log,
    /// It showed an audit log before, and shows none now.
    NoLog,
    /// Leases of the epoch under which the Evidence was appraised are not accepted any more.
    EpochEnded,
}

impl Store {
    /// Puts a lease on record, unless something changed since the appraisal that speaks against
    /// it: then nothing is written. Those that wait at the same time share a transaction.
    ///
    /// # Security
    /// The lease must not leave the service before this has returned without an objection. An
    /// operator's decision is either seen here, or made after it and then finds the lease to take
    /// away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn admit(&self, admitted: Admitted) -> Result<Result<(), Objection>, StoreError> {
        self.group.admit(admitted).await
    }
}

/// Decides about each of `group`, in order, and makes what is admitted durable. Each is of another
/// instance.
pub(super) async fn write(
    mut write: Write,
    group: impl Iterator<Item = &Admitted> + Clone + Send,
) -> Result<Vec<Result<(), Objection>>, StoreError> {
    let mut standing = Standing::read(&mut write, group.clone()).await?;
    let decisions: Vec<_> = group.clone().map(|admitted| standing.decide(admitted)).collect();
    let admitted: Vec<&Admitted> =
        group.zip(&decisions).filter(|(_, decision)| decision.is_ok()).map(|(it, _)| it).collect();
    if !admitted.is_empty() {
        record(&mut write, &admitted).await?;
        write.commit().await?;
    }
    Ok(decisions)
}

async fn record(write: &mut Write, admitted: &[&Admitted]) -> Result<(), StoreError> {
    spend(write, admitted).await?;
    agents::register(write, admitted).await?;
    let verdicts = admitted.iter().map(|admitted| &admitted.verdict);
    let verdicts = history::insert(write, verdicts).await?;
    instances::upsert(write, admitted.iter().copied().zip(verdicts)).await?;
    machines::seen(write, admitted).await?;
    checkpoints::put_all(write, admitted).await
}

/// The challenges are known to be unspent; the key of the table holds whatever else writes.
async fn spend(write: &mut Write, admitted: &[&Admitted]) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::new("INSERT INTO spent_challenges (nonce, expires_at) ");
    sql.push_values(admitted, |mut row, admitted| {
        row.push_bind(admitted.nonce.to_string())
            .push_bind(row::signed(admitted.nonce_expires_at.as_secs()));
    });
    sql.build().execute(&mut **write).await?;
    Ok(())
}

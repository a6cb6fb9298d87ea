//! Turning a good appraisal into a lease on record, all or nothing.

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::forecast::Machine;
use cloister_attestation::time::UnixTime;

use super::agents::{self, AgentState};
use super::machines;
use super::policies;
use super::{ImageState, Store, StoreError, Verdict, Write, row};

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
    /// When the lease ends.
    pub lease_expires_at: UnixTime,
    /// The policy epoch under which it is issued.
    pub policy_epoch: u64,
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
    /// Leases of the epoch under which the Evidence was appraised are not accepted any more.
    EpochEnded,
}

impl Store {
    /// Puts a lease on record, unless something changed since the appraisal that speaks against
    /// it: then nothing is written.
    ///
    /// # Security
    /// The lease must not leave the service before this has returned without an objection. An
    /// operator's decision is either seen here, or made after it and then finds the lease to take
    /// away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn admit(&self, admitted: &Admitted) -> Result<Result<(), Objection>, StoreError> {
        let mut write = self.write().await?;
        if let Err(objection) = stands(&mut write, admitted).await? {
            return Ok(Err(objection));
        }
        agents::register(&mut write, &admitted.agent, admitted.verdict.at).await?;
        upsert(&mut write, admitted).await?;
        if let Some(machine) = &admitted.machine {
            machines::seen(&mut write, machine, &admitted.agent, admitted.simulated).await?;
        }
        admitted.verdict.write(&mut write).await?;
        write.commit().await?;
        Ok(Ok(()))
    }
}

async fn stands(
    write: &mut Write,
    admitted: &Admitted,
) -> Result<Result<(), Objection>, StoreError> {
    if !spend(write, admitted).await? {
        return Ok(Err(Objection::Spent));
    }
    if admitted.policy_epoch < policies::epochs(write).await?.floor {
        return Ok(Err(Objection::EpochEnded));
    }
    let state = sqlx::query("SELECT state FROM images WHERE tuple = $1")
        .bind(admitted.tuple.to_string())
        .fetch_optional(&mut **write)
        .await?
        .map(|row| row::word(&row, "state", ImageState::read))
        .transpose()?;
    if state != Some(ImageState::Admitted) {
        return Ok(Err(Objection::ImageRetired));
    }
    match agents::agent(write, &admitted.agent).await?.map(|agent| agent.state) {
        Some(AgentState::Quarantined) => return Ok(Err(Objection::Quarantined)),
        Some(AgentState::Retired) => return Ok(Err(Objection::Retired)),
        Some(AgentState::Active) | None => {}
    }
    known_instance(write, admitted).await
}

async fn known_instance(
    write: &mut Write,
    admitted: &Admitted,
) -> Result<Result<(), Objection>, StoreError> {
    let known: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT agent, revocation FROM instances WHERE instance = $1")
            .bind(&admitted.instance)
            .fetch_optional(&mut **write)
            .await?;
    Ok(match known {
        Some((agent, _)) if agent != admitted.agent => Err(Objection::OtherAgent),
        Some((_, Some(_))) => Err(Objection::Revoked),
        Some((_, None)) | None => Ok(()),
    })
}

/// Whether the challenge was still unspent.
async fn spend(write: &mut Write, admitted: &Admitted) -> Result<bool, StoreError> {
    let sql = "INSERT INTO spent_challenges (nonce, expires_at) VALUES ($1, $2)
               ON CONFLICT (nonce) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(admitted.nonce.to_string())
        .bind(row::signed(admitted.nonce_expires_at.as_secs()))
        .execute(&mut **write)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn upsert(write: &mut Write, admitted: &Admitted) -> Result<(), StoreError> {
    let sql = "INSERT INTO instances
                   (instance, agent, tuple, endpoint, simulated, tier, platform, not_asserted,
                    result, first_seen_at, lease_expires_at, policy_epoch, revocation)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)
               ON CONFLICT (instance) DO UPDATE SET
                   tuple = excluded.tuple, endpoint = excluded.endpoint,
                   simulated = excluded.simulated, tier = excluded.tier,
                   platform = excluded.platform, not_asserted = excluded.not_asserted,
                   result = excluded.result, policy_epoch = excluded.policy_epoch,
                   lease_expires_at = CASE
                       WHEN excluded.lease_expires_at > instances.lease_expires_at
                       THEN excluded.lease_expires_at ELSE instances.lease_expires_at END";
    sqlx::query(sql)
        .bind(&admitted.instance)
        .bind(&admitted.agent)
        .bind(admitted.tuple.to_string())
        .bind(&admitted.endpoint)
        .bind(admitted.simulated)
        .bind(&admitted.tier)
        .bind(&admitted.platform)
        .bind(row::json(&admitted.not_asserted)?)
        .bind(&admitted.verdict.detail)
        .bind(row::signed(admitted.verdict.at.as_secs()))
        .bind(row::signed(admitted.lease_expires_at.as_secs()))
        .bind(row::signed(admitted.policy_epoch))
        .execute(&mut **write)
        .await?;
    Ok(())
}

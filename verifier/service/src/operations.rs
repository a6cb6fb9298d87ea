//! What operators do: images in and out, agents shown, quarantined, retired. Each change is on
//! record.

use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::reference::{ReferenceTuple, ReferenceValues};
use cloister_attestation::time::UnixTime;
use cloister_channel::name::AgentName;

use crate::clock::Clock;
use crate::error::ServiceError;
use crate::limits::{REASON_BYTES_MAX, REFERENCE_VALUES_BYTES_MAX, REPLACED_MAX};
use crate::policies::Policies;
use crate::rotation::KeyRotation;
use crate::store::{
    AgentRecord, AgentState, ImageRecord, Operation, Replaced, RollOver, RolledOver, Store,
};
use crate::wire;

/// Reasons of revocations, as peers see them.
mod reasons {
    pub(super) const QUARANTINED: &str = crate::admission::QUARANTINED.id;
    pub(super) const RETIRED: &str = crate::admission::RETIRED.id;
    pub(super) const IMAGE_REVOKED: &str = crate::admission::IMAGE_REVOKED.id;
}

/// Carries out what operators ask for. Who may ask is decided before.
#[derive(Clone, Debug)]
pub struct Operations {
    store: Store,
    clock: Clock,
    policies: Policies,
    rotation: KeyRotation,
}

impl Operations {
    /// Over one record.
    #[must_use]
    pub const fn new(
        store: Store,
        clock: Clock,
        policies: Policies,
        rotation: KeyRotation,
    ) -> Self {
        Self { store, clock, policies, rotation }
    }

    /// The keys that sign leases.
    #[must_use]
    pub fn keys(&self) -> Vec<v1::LeaseKeyRecord> {
        self.rotation.list()
    }

    /// Lets the next lease key sign. Returns the keys as they are then.
    ///
    /// # Errors
    /// [`ServiceError::KeyTooNew`], or [`ServiceError`] if the folder or the database failed.
    pub async fn rotate_keys(&self) -> Result<Vec<v1::LeaseKeyRecord>, ServiceError> {
        self.rotation.rotate().await
    }

    /// Takes a lease key off the list at once.
    ///
    /// # Errors
    /// As [`KeyRotation::revoke`].
    pub async fn revoke_key(&self, kid: &str) -> Result<Vec<v1::LeaseKeyRecord>, ServiceError> {
        self.rotation.revoke(kid).await
    }

    /// Appraisal policies, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn policies(&self) -> Result<v1::ListPoliciesResponse, ServiceError> {
        self.policies.list().await
    }

    /// Puts an appraisal policy in force; live leases stay.
    ///
    /// # Errors
    /// [`ServiceError`] if it does not read, or accepts another kind of root than is configured.
    pub async fn apply_policy(
        &self,
        document: &str,
    ) -> Result<v1::ApplyPolicyResponse, ServiceError> {
        let operation =
            |digest: &Digest48| self.operation("policy.apply", digest.to_string(), String::new());
        self.policies.apply(document, operation).await
    }

    /// Ends live leases under older policies, or `all` of them; runtimes renew at once.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn reattest(&self, all: bool) -> Result<v1::ReattestResponse, ServiceError> {
        let which = if all { "all" } else { "under older policies" };
        let operation = self.operation("fleet.reattest", which.to_owned(), String::new());
        self.policies.reattest(all, &operation).await
    }

    /// Admits every launch shape of a Reference Values document, and sets the end of the versions
    /// that it takes the place of, all or none.
    ///
    /// # Errors
    /// [`ServiceError`] if the document does not read, a tuple in it was revoked, or an end is in
    /// the past.
    pub async fn admit(
        &self,
        request: &v1::AdmitImageRequest,
    ) -> Result<v1::AdmitImageResponse, ServiceError> {
        let document = &request.reference_values;
        if document.len() > REFERENCE_VALUES_BYTES_MAX {
            return Err(ServiceError::TooLarge { bytes_max: REFERENCE_VALUES_BYTES_MAX });
        }
        let values = ReferenceValues::from_json(document)?;
        let tuples: Vec<ReferenceTuple> = values.tuples().collect();
        let roll_over = self.roll_over(request, &values, &tuples)?;
        let subject = format!("{} {}", values.image, values.version);
        let digests: Vec<_> = tuples.iter().map(|tuple| tuple.digest().to_string()).collect();
        let detail = [digests.join(" "), told(&roll_over)].concat();
        let operation = self.operation("image.admit", subject, detail);
        match self.store.roll_over(&roll_over, &operation).await? {
            Ok(RolledOver { admitted, replaced }) => Ok(v1::AdmitImageResponse {
                images: self.images_now(&admitted),
                replaced: self.images_now(&replaced),
            }),
            Err(revoked) => Err(ServiceError::Revoked { tuple: revoked.to_string() }),
        }
    }

    fn roll_over<'a>(
        &self,
        request: &'a v1::AdmitImageRequest,
        values: &'a ReferenceValues,
        tuples: &'a [ReferenceTuple],
    ) -> Result<RollOver<'a>, ServiceError> {
        let until = (request.admitted_until != 0).then_some(request.admitted_until);
        let until = until.map(UnixTime::from_secs);
        let now = self.clock.now();
        if until.is_some_and(|until| until < now) {
            return Err(argument("admitted_until", "a time that is not in the past"));
        }
        let versions = request.replaces.as_slice();
        if versions.len() > REPLACED_MAX || versions.contains(&values.version) {
            return Err(argument("replaces", "at most 32 other versions of the image"));
        }
        if versions.is_empty() && request.overlap_secs != 0 {
            return Err(argument("overlap_secs", "a time beside versions in replaces"));
        }
        // The second before is the last one of an overlap of none.
        let ends = now.as_secs().saturating_add(request.overlap_secs).saturating_sub(1);
        let image = values.image.as_str();
        let replaced = (!versions.is_empty()).then_some(Replaced {
            image,
            versions,
            until: UnixTime::from_secs(ends),
        });
        Ok(RollOver { tuples, until, replaced })
    }

    /// Every image.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn images(&self) -> Result<Vec<v1::Image>, ServiceError> {
        Ok(self.images_now(&self.store.images().await?))
    }

    fn images_now(&self, images: &[ImageRecord]) -> Vec<v1::Image> {
        let now = self.clock.now();
        images.iter().map(|image| wire::image(image, now)).collect()
    }

    /// Ends admission of an image; its live leases run out.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such image.
    pub async fn retire_image(&self, tuple: &str) -> Result<v1::Image, ServiceError> {
        let digest = self::tuple(tuple)?;
        let operation = self.operation("image.retire", digest.to_string(), String::new());
        let image = self.store.retire_image(&digest, &operation).await?;
        let image = image.ok_or_else(|| not_found("image", &digest.to_string()))?;
        Ok(wire::image(&image, self.clock.now()))
    }

    /// Ends admission of an image for good and takes away its leases.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such image.
    pub async fn revoke_image(&self, tuple: &str) -> Result<v1::RevokeImageResponse, ServiceError> {
        let digest = self::tuple(tuple)?;
        let operation = self.operation("image.revoke", digest.to_string(), String::new());
        let done = self.store.revoke_image(&digest, reasons::IMAGE_REVOKED, &operation).await?;
        let (image, revoked_instances) =
            done.ok_or_else(|| not_found("image", &digest.to_string()))?;
        let image = Some(wire::image(&image, self.clock.now()));
        Ok(v1::RevokeImageResponse { image, revoked_instances })
    }

    /// Every agent.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn agents(&self) -> Result<Vec<v1::Agent>, ServiceError> {
        Ok(self.store.agents().await?.iter().map(wire::agent).collect())
    }

    /// One agent with its latest Attestation Results.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such agent.
    pub async fn agent(&self, name: &str) -> Result<v1::ShowAgentResponse, ServiceError> {
        let name = agent_name(name)?;
        let agent = self.store.agent(&name).await?.ok_or_else(|| not_found("agent", &name))?;
        Ok(v1::ShowAgentResponse {
            results: self.store.results(&name).await?,
            agent: Some(wire::agent(&agent)),
        })
    }

    /// Every machine that was admitted once.
    ///
    /// # Errors
    /// [`ServiceError::Store`], or [`ServiceError::Defect`] if one cannot be told.
    pub async fn machines(&self) -> Result<Vec<v1::Machine>, ServiceError> {
        self.store.machines().await?.iter().map(wire::machine).collect()
    }

    /// Takes an agent's leases away and refuses new ones until it is lifted.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such agent, or it is retired.
    pub async fn quarantine(
        &self,
        name: &str,
        reason: &str,
    ) -> Result<v1::QuarantineAgentResponse, ServiceError> {
        let operation = self.about_agent("agent.quarantine", name, reason)?;
        let (agent, revoked_instances) =
            self.suspend(AgentState::Quarantined, reasons::QUARANTINED, &operation).await?;
        Ok(v1::QuarantineAgentResponse { agent: Some(agent), revoked_instances })
    }

    /// Ends a quarantine.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such agent, or it is retired.
    pub async fn lift(&self, name: &str) -> Result<v1::LiftQuarantineResponse, ServiceError> {
        let operation = self.about_agent("agent.lift", name, "")?;
        let agent = self
            .store
            .lift_quarantine(&operation.subject, reasons::QUARANTINED, &operation)
            .await?
            .ok_or_else(|| not_found("agent", &operation.subject))?;
        in_state(&agent, AgentState::Active)?;
        Ok(v1::LiftQuarantineResponse { agent: Some(wire::agent(&agent)) })
    }

    /// Takes an agent's leases away and refuses its name from now on.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such agent.
    pub async fn retire(
        &self,
        name: &str,
        reason: &str,
    ) -> Result<v1::RetireAgentResponse, ServiceError> {
        let operation = self.about_agent("agent.retire", name, reason)?;
        let (agent, revoked_instances) =
            self.suspend(AgentState::Retired, reasons::RETIRED, &operation).await?;
        Ok(v1::RetireAgentResponse { agent: Some(agent), revoked_instances })
    }

    async fn suspend(
        &self,
        to: AgentState,
        code: &'static str,
        operation: &Operation,
    ) -> Result<(v1::Agent, u32), ServiceError> {
        let done = self.store.suspend_agent(&operation.subject, to, code, operation).await?;
        let (agent, revoked) = done.ok_or_else(|| not_found("agent", &operation.subject))?;
        in_state(&agent, to)?;
        Ok((wire::agent(&agent), revoked))
    }

    fn about_agent(
        &self,
        action: &'static str,
        name: &str,
        reason: &str,
    ) -> Result<Operation, ServiceError> {
        if reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
            let expected = "at most 1024 bytes without control characters";
            return Err(ServiceError::Argument { what: "reason", expected });
        }
        Ok(self.operation(action, agent_name(name)?, reason.to_owned()))
    }

    pub(crate) fn operation(
        &self,
        action: &'static str,
        subject: String,
        detail: String,
    ) -> Operation {
        tracing::info!(action, subject, "operator");
        Operation { at: self.clock.now(), action, subject, detail }
    }
}

fn tuple(text: &str) -> Result<Digest48, ServiceError> {
    let expected = "96 hexadecimal digits";
    text.parse().map_err(|_| ServiceError::Argument { what: "tuple", expected })
}

fn agent_name(text: &str) -> Result<String, ServiceError> {
    let expected = "1 to 63 lower-case letters, digits and inner hyphens";
    match AgentName::new(text) {
        Ok(name) => Ok(name.to_string()),
        Err(_) => Err(ServiceError::Argument { what: "agent", expected }),
    }
}

fn in_state(agent: &AgentRecord, expected: AgentState) -> Result<(), ServiceError> {
    if agent.state == expected {
        return Ok(());
    }
    Err(ServiceError::AgentState { name: agent.name.clone(), state: agent.state.as_str() })
}

const fn argument(what: &'static str, expected: &'static str) -> ServiceError {
    ServiceError::Argument { what, expected }
}

/// The ends that a roll-over sets, for the record.
fn told(roll_over: &RollOver<'_>) -> String {
    let until = roll_over.until.map(|until| format!("; until {until}"));
    let replaced = roll_over
        .replaced
        .map(|Replaced { versions, until, .. }| format!("; {} until {until}", versions.join(" ")));
    [until, replaced].into_iter().flatten().collect()
}

fn not_found(what: &'static str, name: &str) -> ServiceError {
    ServiceError::NotFound { what, name: name.to_owned() }
}

//! The appraisal policy in force: from the configuration or from an operator, whichever changed
//! last, with its history in the record.
//!
//! Each policy begins a policy epoch, which stands in every lease that is issued under it. Applying
//! one ends no lease: it counts from the next appraisal on, which for a live runtime is its next
//! renewal. Raising the epoch floor is what ends leases.

use std::sync::{Arc, PoisonError, RwLock};

use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::{AnchorPolicy, Policy};
use cloister_attestation::time::UnixTime;
use tokio::sync::Mutex;

use crate::error::ServiceError;
use crate::limits::POLICY_BYTES_MAX;
use crate::store::{Operation, Origin, PolicyRecord, Proposed, Store, StoreError};
use crate::wire;

/// The policy in force. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Policies {
    store: Store,
    accepted: AnchorPolicy,
    in_force: Arc<RwLock<Arc<InForce>>>,
    /// One change at a time, so that memory and record agree about the order.
    changing: Arc<Mutex<()>>,
}

/// A policy with the epoch of the leases that are issued under it.
#[derive(Debug)]
pub struct InForce {
    /// The demands.
    pub policy: Policy,
    /// The policy epoch.
    pub epoch: u64,
}

impl InForce {
    /// Names the policy in results.
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        self.policy.digest()
    }
}

impl Policies {
    /// Puts in force what changed last: `configured`, if it is not what was configured before, or
    /// what an operator applied since.
    ///
    /// # Errors
    /// [`StoreError`], also if the policy on record does not read.
    pub async fn open(
        store: Store,
        configured: &Policy,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let digest = configured.digest().to_string();
        let unusable =
            |digest: &str, source| StoreError::Policy { digest: digest.to_owned(), source };
        let document = configured.to_toml().map_err(|error| unusable(&digest, Some(error)))?;
        let identity = identity(configured);
        let origin = Origin::Configuration;
        let proposed =
            Proposed { origin, identity: &identity, digest: &digest, document: &document };
        let (record, epoch) = store.configured_policy(&proposed, now).await?;
        let policy = Policy::from_toml(&record.document)
            .map_err(|error| unusable(&record.digest, Some(error)))?;
        if policy.anchors != configured.anchors {
            return Err(unusable(&record.digest, None));
        }
        let origin = record.origin.as_str();
        tracing::info!(origin, epoch, digest = record.digest, "appraisal policy in force");
        Ok(Self {
            store,
            accepted: configured.anchors.clone(),
            in_force: Arc::new(RwLock::new(Arc::new(InForce { policy, epoch }))),
            changing: Arc::default(),
        })
    }

    /// What is in force now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a policy in force. Live leases stay.
    ///
    /// # Errors
    /// [`ServiceError::Policy`] if it does not read, [`ServiceError::PolicyAnchors`] if it accepts
    /// another kind of root than is configured; [`ServiceError::Store`].
    pub async fn apply(
        &self,
        document: &str,
        operation: impl FnOnce(&Digest48) -> Operation,
    ) -> Result<v1::ApplyPolicyResponse, ServiceError> {
        let bytes_max = usize::try_from(POLICY_BYTES_MAX).unwrap_or(usize::MAX);
        if document.len() > bytes_max {
            return Err(ServiceError::TooLarge { bytes_max });
        }
        let policy = Policy::from_toml(document)?;
        if policy.anchors != self.accepted {
            return Err(ServiceError::PolicyAnchors);
        }
        let (digest, document) = (policy.digest(), policy.to_toml()?);
        let hex = digest.to_string();
        let (origin, identity) = (Origin::Operator, hex.as_str());
        let proposed = Proposed { origin, identity, digest: &hex, document: &document };
        let _one = self.changing.lock().await;
        let (record, began) = self.store.apply_policy(&proposed, &operation(&digest)).await?;
        if let Some(epoch) = began {
            self.set(InForce { policy, epoch });
        }
        let policy = Some(wire::policy(&record));
        Ok(v1::ApplyPolicyResponse { policy, changed: began.is_some() })
    }

    /// Policies, newest first, and the epoch floor.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list(&self) -> Result<v1::ListPoliciesResponse, ServiceError> {
        let records: Vec<PolicyRecord> = self.store.policies().await?;
        let epoch_floor = self.store.epochs().await?.floor;
        Ok(v1::ListPoliciesResponse {
            policies: records.iter().map(wire::policy).collect(),
            epoch_floor,
        })
    }

    /// Ends live leases under older policies, or `all` of them.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn reattest(
        &self,
        all: bool,
        operation: &Operation,
    ) -> Result<v1::ReattestResponse, ServiceError> {
        let _one = self.changing.lock().await;
        let (epochs, leases_ended) = self.store.reattest(all, operation).await?;
        let policy = self.in_force().policy.clone();
        self.set(InForce { policy, epoch: epochs.current });
        Ok(v1::ReattestResponse { epoch_floor: epochs.floor, leases_ended })
    }

    fn set(&self, fresh: InForce) {
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
    }
}

/// What the configuration names: the built-in policy for one kind of root, whatever it demands in
/// this version, or else the policy in a file by its content.
fn identity(configured: &Policy) -> String {
    let strict = Policy { anchors: configured.anchors.clone(), ..Policy::strict() };
    if *configured != strict {
        return configured.digest().to_string();
    }
    match &configured.anchors {
        AnchorPolicy::Simulator(fingerprint) => format!("strict, simulator {fingerprint}"),
        AnchorPolicy::Vendor | _ => "strict".to_owned(),
    }
}

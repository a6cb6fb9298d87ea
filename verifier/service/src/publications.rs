//! Authorization policies for runtimes: checked, numbered, kept, and signed for whoever asks.
//!
//! A publication is for one agent or for every one; for an agent counts the newest that is for it.
//! Its number is in every lease of that agent, and it goes out with the lease where the runtime does
//! not have it. It is signed when it is asked for, by the lease key that signs then, so that a
//! runtime always knows the key. Agents whose measured manifest keeps them to their image's policy
//! get none.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use cloister_api::v1;
use cloister_attestation::manifest::{Manifest, PolicySource};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseClaims;
use cloister_channel::name::{AgentName, TrustDomain};
use cloister_channel::publication::{self, Publication};
use cloister_policy::{BUNDLE_BYTES_MAX, PolicyBundle};

use crate::error::ServiceError;
use crate::metrics::Metrics;
use crate::state::Keys;
use crate::store::{Operation, PublicationRecord, Store, StoreError};

/// Publishes, and answers runtimes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Publications {
    store: Store,
    keys: Arc<Keys>,
    domain: TrustDomain,
    metrics: Arc<Metrics>,
    /// The greatest number for each audience; `None` is every agent. A lease needs no query.
    newest: Arc<RwLock<HashMap<Option<String>, u64>>>,
}

impl Publications {
    /// Over what is on record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(
        store: Store,
        keys: Arc<Keys>,
        domain: TrustDomain,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let newest = store.newest_publications().await?.into_iter().collect();
        Ok(Self { store, keys, domain, metrics, newest: Arc::new(RwLock::new(newest)) })
    }

    /// Publishes a bundle that loads, for `agent` or, where that is empty, for every one.
    ///
    /// # Errors
    /// [`ServiceError::Authorization`] if it does not load, [`ServiceError::Argument`] for a name
    /// that is none, [`ServiceError::ImageForbids`] for an agent whose images take no policy;
    /// [`ServiceError::Store`].
    pub async fn publish(
        &self,
        bundle: &str,
        agent: &str,
        operation: impl FnOnce(String) -> Operation,
    ) -> Result<v1::PublishedPolicy, ServiceError> {
        if bundle.len() > BUNDLE_BYTES_MAX {
            return Err(ServiceError::TooLarge { bytes_max: BUNDLE_BYTES_MAX });
        }
        let loaded = PolicyBundle::parse(bundle.as_bytes())?;
        let digest = loaded.digest().to_string();
        let operation = operation(digest.clone());
        let agent = self.audience(agent, operation.at).await?;
        let record = PublicationRecord {
            number: 0,
            published_at: operation.at,
            agent,
            digest,
            policies: u64::try_from(loaded.policies()).map_err(|_| ServiceError::Defect)?,
            bundle: bundle.to_owned(),
        };
        let record = self.store.publish(record, &operation).await?;
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let known = newest.entry(record.agent.clone()).or_default();
        *known = record.number.max(*known);
        Ok(wire(&record))
    }

    /// Whom a publication is for; `None` is every agent.
    async fn audience(&self, agent: &str, now: UnixTime) -> Result<Option<String>, ServiceError> {
        if agent.is_empty() {
            return Ok(None);
        }
        let expected = "1 to 63 lower-case letters, digits and inner hyphens";
        let agent = AgentName::new(agent)
            .map_err(|_| ServiceError::Argument { what: "agent", expected })?
            .to_string();
        match self.store.takes_policies(&agent, now).await? {
            Some(false) => Err(ServiceError::ImageForbids { agent }),
            Some(true) | None => Ok(Some(agent)),
        }
    }

    /// Publications, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list(&self) -> Result<Vec<v1::PublishedPolicy>, ServiceError> {
        Ok(self.store.publications().await?.iter().map(wire).collect())
    }

    /// The number that a lease for the agent of this manifest names.
    pub(crate) fn newest_for(&self, manifest: &Manifest) -> u64 {
        if manifest.policy_source != PolicySource::Verifier {
            return 0;
        }
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let number = |audience: Option<String>| newest.get(&audience).copied().unwrap_or_default();
        number(None).max(number(Some(manifest.agent.clone())))
    }

    /// What counts for `agent`, signed for it; empty if nothing newer than number `after` does.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Defect`] if it cannot be signed.
    pub async fn signed_for(&self, agent: &AgentName, after: u64) -> Result<Vec<u8>, ServiceError> {
        let record = self.store.publication_for(agent.as_str()).await?;
        let Some(record) = record.filter(|record| record.number > after) else {
            return Ok(Vec::new());
        };
        let publication = Publication {
            trust_domain: self.domain.clone(),
            agent: agent.clone(),
            number: record.number,
            published_at: record.published_at,
            bundle: record.bundle.into_bytes(),
        };
        publication.sign(self.keys.leases.ring().signer()).map_err(|_| ServiceError::Defect)
    }

    /// Answers a runtime that asks for a newer policy than number `after`: nothing, if the image
    /// that was measured takes none.
    ///
    /// # Errors
    /// As [`Self::signed_for`].
    pub async fn asked_by(
        &self,
        caller: &LeaseClaims,
        after: u64,
    ) -> Result<Vec<u8>, ServiceError> {
        let instance = self.store.instance(&caller.instance().to_string()).await?;
        if instance.is_some_and(|instance| instance.takes_policies) {
            self.signed_for(&caller.agent, after).await
        } else {
            Ok(Vec::new())
        }
    }

    /// A runtime did not put a publication in force.
    pub fn refused_by(&self, caller: &LeaseClaims, number: u64, code: &str) {
        let known = publication::CODES.iter().chain(cloister_policy::CODES);
        let code = known.map(|known| known.id).find(|id| *id == code).unwrap_or("other");
        self.metrics.publications_refused.increment(code);
        tracing::error!(
            agent = %caller.agent,
            instance = %caller.instance(),
            number,
            code,
            "a runtime did not take a published policy"
        );
    }
}

fn wire(record: &PublicationRecord) -> v1::PublishedPolicy {
    v1::PublishedPolicy {
        number: record.number,
        published_at: record.published_at.as_secs(),
        agent: record.agent.clone().unwrap_or_default(),
        digest: record.digest.clone(),
        policies: record.policies,
        bundle: record.bundle.clone(),
    }
}

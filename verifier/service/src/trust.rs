//! The trust bundle: what peers check leases with, from the keys and the record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::ear::ResultKeys;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_channel::identity::PublicKey;
use cloister_channel::lease::{self, VerifiedLease};
use cloister_channel::name::{NameError, TrustDomain};
use cloister_channel::svid::Svid;
use cloister_channel::trust::{KeyId, Revocation, TrustBundle, TrustError, TrustParts};
use serde::Serialize;

use crate::error::ServiceError;
use crate::state::{Keys, Ring};
use crate::store::{InstanceRecord, Store, StoreError};

/// Answers what is needed to check leases of this trust domain.
#[derive(Clone, Debug)]
pub struct Trust {
    domain: TrustDomain,
    anchors: AnchorPolicy,
    keys: Arc<Keys>,
    store: Store,
    /// The bundle that was made last.
    latest: Arc<Mutex<Option<Made>>>,
}

/// A bundle, and everything that it follows from.
#[derive(Clone, Debug)]
struct Made {
    ring: Arc<Ring>,
    newest: u64,
    now: UnixTime,
    bundle: v1::TrustBundle,
}

/// A JSON Web Key Set with the keys that sign leases and results, each marked with what it signs.
///
/// SPEC: RFC 7517 section 5, RFC 7518 section 6.2.
#[derive(Debug, Serialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Debug, Serialize)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    /// What is signed with it. A key for one is not a key for the other.
    #[serde(rename = "cloister.use")]
    purpose: &'static str,
    kid: String,
    x: String,
    y: String,
}

impl Trust {
    /// For one trust domain. `anchors` is the kind of root that its leases rest on.
    #[must_use]
    pub fn new(domain: TrustDomain, anchors: AnchorPolicy, keys: Arc<Keys>, store: Store) -> Self {
        Self { domain, anchors, keys, store, latest: Arc::default() }
    }

    /// The trust domain.
    #[must_use]
    pub const fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// The issuing certificate, DER.
    #[must_use]
    pub fn issuer(&self) -> &[u8] {
        self.keys.authority.certificate()
    }

    /// The bundle as it travels. Within one second and while nothing changes it is made once: it
    /// goes with every lease.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn bundle(&self, now: UnixTime) -> Result<v1::TrustBundle, ServiceError> {
        // SECURITY: read before the record is, so that a bundle that misses an event is not taken
        // for one that has it.
        let newest = *self.store.newest_event().borrow();
        let ring = self.keys.leases.ring();
        if let Some(made) = &*self.latest()
            && (made.newest, made.now) == (newest, now)
            && Arc::ptr_eq(&made.ring, &ring)
        {
            return Ok(made.bundle.clone());
        }
        let bundle = self.make(&ring, now).await?;
        *self.latest() = Some(Made { ring, newest, now, bundle: bundle.clone() });
        Ok(bundle)
    }

    async fn make(&self, ring: &Ring, now: UnixTime) -> Result<v1::TrustBundle, ServiceError> {
        let (revoked, sequence) = self.store.revoked(now).await?;
        let floor = self.store.epochs().await?.floor;
        let revoked = revoked.iter().map(revocation).collect::<Result<_, _>>();
        let revoked = revoked.map_err(|_| StoreError::Corrupt {
            column: "instance",
            value: "not an instance of an agent".to_owned(),
        })?;
        let revocations = Revocations { revoked, floor, sequence };
        let bundle = self.assemble(ring, revocations, now)?;
        bundle.to_wire(ring.signer()).map_err(unusable)
    }

    /// Digest of the keys and certificates that leases are checked with.
    #[must_use]
    pub fn anchors_digest(&self) -> Digest48 {
        let ring = self.keys.leases.ring();
        let mut kids: Vec<String> = ring.listed().iter().map(|key| key.kid().to_string()).collect();
        kids.sort_unstable();
        let issuer = Digest48::sha384(self.issuer()).to_string();
        Digest48::sha384([kids.join(" "), issuer].join("\n").as_bytes())
    }

    /// The keys that sign leases and results, for tools that speak JOSE.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        let ring = self.keys.leases.ring();
        let leases = ring.listed().iter().map(|key| Jwk::of(&key.public, ResultKeys::LEASES));
        let results = Jwk::of(self.keys.results.public(), ResultKeys::RESULTS);
        Jwks { keys: leases.chain([results]).collect() }
    }

    /// The live lease in a certificate whose chain TLS has verified.
    ///
    /// # Errors
    /// [`ServiceError::LeaseRequired`] if it is no runtime's certificate, or its lease has ended or
    /// was revoked.
    pub async fn caller(
        &self,
        certificate: &[u8],
        now: UnixTime,
    ) -> Result<VerifiedLease, ServiceError> {
        let refuse = |reason: String| ServiceError::LeaseRequired { reason };
        let svid = Svid::parse(certificate).map_err(|error| refuse(error.to_string()))?;
        let floor = self.store.epochs().await?.floor;
        let revocations = Revocations { revoked: Vec::new(), floor, sequence: 0 };
        let bundle = self.assemble(&self.keys.leases.ring(), revocations, now)?;
        let lease =
            lease::verify(svid.lease(), &bundle, now).map_err(|error| refuse(error.to_string()))?;
        svid.check(&lease).map_err(|error| refuse(error.to_string()))?;
        if self.holds_lease(&lease, now).await? {
            Ok(lease)
        } else {
            Err(refuse("its instance is revoked or unknown".to_owned()))
        }
    }

    /// Whether the instance that `lease` was issued for holds a lease at `now`: this one or a
    /// later one.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn holds_lease(
        &self,
        lease: &VerifiedLease,
        now: UnixTime,
    ) -> Result<bool, ServiceError> {
        let claims = lease.claims();
        let record = self.store.instance(&claims.instance().to_string()).await?;
        Ok(record.is_some_and(|it| it.agent == claims.agent.as_str() && it.is_live(now)))
    }

    fn latest(&self) -> MutexGuard<'_, Option<Made>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assemble(
        &self,
        ring: &Ring,
        revocations: Revocations,
        now: UnixTime,
    ) -> Result<TrustBundle, ServiceError> {
        let parts = TrustParts {
            trust_domain: self.domain.clone(),
            issuers: vec![self.issuer().to_vec()],
            lease_keys: ring.listed().iter().map(|key| key.public.clone()).collect(),
            policy_epoch_floor: revocations.floor,
            revoked: revocations.revoked,
            sequence: revocations.sequence,
            issued_at: now,
        };
        TrustBundle::new(parts, self.anchors.clone()).map_err(unusable)
    }
}

/// What is not accepted any more, as of an event.
struct Revocations {
    revoked: Vec<(cloister_channel::InstanceId, Revocation)>,
    floor: u64,
    sequence: u64,
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn unusable(error: TrustError) -> ServiceError {
    tracing::error!(%error, "no trust bundle can be made");
    ServiceError::Defect
}

impl Jwk {
    fn of(key: &PublicKey, purpose: &'static str) -> Self {
        let (x, y) = key.coordinates();
        Self {
            kty: "EC",
            crv: "P-256",
            alg: "ES256",
            usage: "sig",
            purpose,
            kid: KeyId::of(key).to_string(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }
}

fn revocation(
    record: &InstanceRecord,
) -> Result<(cloister_channel::InstanceId, Revocation), NameError> {
    let why = Revocation {
        agent: record.agent.parse()?,
        reason: record.revocation.clone().unwrap_or_default(),
        forget_after: record.lease_expires_at,
    };
    Ok((record.instance.parse()?, why))
}

#[cfg(test)]
pub(crate) mod tests;

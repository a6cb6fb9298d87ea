//! The relying side: from received bytes to a lease that is believed.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;

use super::{Form, LeaseClaims, LeaseError};
use crate::identity::PublicKey;
use crate::limits::NOT_BEFORE_LEEWAY;
use crate::trust::{KeyId, TrustBundle};

/// A lease that verified against a trust bundle at a given time. Only [`verify`] makes one.
///
/// It asserts: a trusted Verifier key signed these claims for this trust domain, and at the given
/// time the lease was live, not revoked, of a current policy epoch and on an accepted kind of
/// root. It does not assert that whoever sent it holds the keys that it names: the session proof
/// does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLease {
    claims: LeaseClaims,
    digest: Digest48,
    /// Who signed it.
    key: KeyId,
}

/// Verifies a received lease of either form.
///
/// # Errors
/// [`LeaseError`] with the first thing that does not hold: form, encoding, algorithm, key, signature,
/// then everything that [`VerifiedLease::recheck`] checks.
pub fn verify(
    bytes: &[u8],
    trust: &TrustBundle,
    now: UnixTime,
) -> Result<VerifiedLease, LeaseError> {
    let form = Form::of(bytes)?;
    let message = form.message(bytes)?;
    let Some(key) = trust.lease_key(message.kid()) else {
        return Err(LeaseError::UnknownKey { kid: hex::encode(message.kid()) });
    };
    let payload = message.verified_by(key).map_err(|_| LeaseError::Signature)?;
    let claims = form.claims(&payload)?;
    let lease = VerifiedLease { claims, digest: Digest48::sha384(bytes), key: KeyId::of(key) };
    lease.recheck(trust, now)?;
    Ok(lease)
}

impl VerifiedLease {
    /// What the lease says.
    #[must_use]
    pub const fn claims(&self) -> &LeaseClaims {
        &self.claims
    }

    /// SHA-384 over the lease as received.
    #[must_use]
    pub const fn digest(&self) -> &Digest48 {
        &self.digest
    }

    /// Checks again what time and the trust bundle can change: dates, revocation, policy epoch,
    /// kind of root, trust domain, and whether the key that signed is still listed. For channels
    /// that live longer than one glance.
    ///
    /// # Errors
    /// [`LeaseError`] with the first thing that does not hold.
    pub fn recheck(&self, trust: &TrustBundle, now: UnixTime) -> Result<(), LeaseError> {
        let claims = &self.claims;
        // SECURITY: a key that leaked is taken off the list, and with it goes what it ever signed.
        if trust.lease_key(self.key.as_bytes()).is_none() {
            return Err(LeaseError::UnknownKey { kid: self.key.to_string() });
        }
        trust_domain(claims, trust)?;
        dates(claims, now)?;
        if let Some(revocation) = trust.revocation(&claims.instance()) {
            let reason = revocation.reason.clone();
            return Err(LeaseError::Revoked { instance: claims.instance(), reason });
        }
        let floor = trust.policy_epoch_floor();
        if claims.policy_epoch < floor {
            return Err(LeaseError::PolicyEpoch { floor, observed: claims.policy_epoch });
        }
        anchor(claims.simulator.as_ref(), trust.anchors())
    }

    /// The identity key with this SubjectPublicKeyInfo (DER), if it is the one that is leased.
    pub(crate) fn confirmed(&self, spki: &[u8]) -> Option<PublicKey> {
        let key = PublicKey::from_spki(spki).ok()?;
        (key.thumbprint() == &self.claims.identity_key).then_some(key)
    }
}

fn trust_domain(claims: &LeaseClaims, trust: &TrustBundle) -> Result<(), LeaseError> {
    if &claims.trust_domain == trust.trust_domain() {
        return Ok(());
    }
    Err(LeaseError::TrustDomain {
        expected: trust.trust_domain().to_string(),
        observed: claims.trust_domain.to_string(),
    })
}

fn dates(claims: &LeaseClaims, now: UnixTime) -> Result<(), LeaseError> {
    if claims.issued_at > now.plus(NOT_BEFORE_LEEWAY) {
        return Err(LeaseError::NotYetValid { issued_at: claims.issued_at, now });
    }
    if claims.expires_at <= now {
        return Err(LeaseError::Expired { expires_at: claims.expires_at, now });
    }
    Ok(())
}

fn anchor(observed: Option<&Digest48>, accepted: &AnchorPolicy) -> Result<(), LeaseError> {
    let named = match accepted {
        AnchorPolicy::Vendor => Some(None),
        AnchorPolicy::Simulator(fingerprint) => Some(Some(fingerprint)),
        // A kind of root that this crate does not know accepts nothing.
        _ => None,
    };
    if named == Some(observed) {
        return Ok(());
    }
    let words = |fingerprint: Option<&Digest48>| match fingerprint {
        None => "vendor hardware".to_owned(),
        Some(fingerprint) => format!("simulator {fingerprint}"),
    };
    let expected = named.map_or_else(|| "nothing".to_owned(), words);
    Err(LeaseError::Anchor { expected, observed: words(observed) })
}

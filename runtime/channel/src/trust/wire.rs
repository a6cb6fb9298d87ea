//! The trust bundle as it travels between Verifier and runtimes.

use cloister_api::v1;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;

use super::{KeyId, Revocation, TrustBundle, TrustError, TrustParts};
use crate::identity::PublicKey;
use crate::limits::REVOKED_MAX;
use crate::name::InstanceId;

impl TrustBundle {
    /// Reads a received bundle. `anchors` is the accepted kind of root, from the measured
    /// configuration.
    ///
    /// # Errors
    /// As [`TrustBundle::new`], and for names, keys or key ids that do not read or do not agree.
    pub fn from_wire(wire: &v1::TrustBundle, anchors: AnchorPolicy) -> Result<Self, TrustError> {
        let trust_domain = wire
            .trust_domain
            .parse()
            .map_err(|_| TrustError::malformed("trust domain is not a name"))?;
        if wire.revoked.len() > REVOKED_MAX {
            return Err(TrustError::Full);
        }
        let parts = TrustParts {
            trust_domain,
            issuers: wire.issuers.clone(),
            lease_keys: wire.lease_keys.iter().map(lease_key).collect::<Result<_, _>>()?,
            policy_epoch_floor: wire.policy_epoch_floor,
            revoked: wire.revoked.iter().map(revoked).collect::<Result<_, _>>()?,
            sequence: wire.sequence,
        };
        Self::new(parts, anchors)
    }

    /// The form that travels. The accepted kind of root stays behind: it is each runtime's own.
    #[must_use]
    pub fn to_wire(&self) -> v1::TrustBundle {
        let lease_keys = self.lease_keys.iter().map(|(kid, key)| v1::LeaseKey {
            kid: kid.as_bytes().to_vec(),
            public_key: key.spki().to_vec(),
        });
        let revoked = self.revoked.iter().map(|(instance, why)| v1::RevokedInstance {
            agent: why.agent.to_string(),
            instance: instance.to_string(),
            reason: why.reason.clone(),
            forget_after: why.forget_after.as_secs(),
        });
        v1::TrustBundle {
            trust_domain: self.trust_domain.to_string(),
            issuers: self.issuers().map(<[u8]>::to_vec).collect(),
            lease_keys: lease_keys.collect(),
            policy_epoch_floor: self.policy_epoch_floor,
            revoked: revoked.collect(),
            sequence: self.sequence,
        }
    }
}

fn lease_key(wire: &v1::LeaseKey) -> Result<PublicKey, TrustError> {
    let key = PublicKey::from_spki(&wire.public_key)
        .map_err(|_| TrustError::malformed("a lease key is not an ECDSA P-256 key"))?;
    if KeyId::of(&key).as_bytes() == wire.kid.as_slice() {
        Ok(key)
    } else {
        Err(TrustError::malformed("a lease key does not have the id that it is listed under"))
    }
}

fn revoked(wire: &v1::RevokedInstance) -> Result<(InstanceId, Revocation), TrustError> {
    let named = |_| TrustError::malformed("a revoked instance is not named properly");
    let instance = wire.instance.parse().map_err(named)?;
    let why = Revocation {
        agent: wire.agent.parse().map_err(named)?,
        reason: wire.reason.clone(),
        forget_after: UnixTime::from_secs(wire.forget_after),
    };
    Ok((instance, why))
}

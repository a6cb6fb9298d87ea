//! The trust bundle as it travels between Verifier and runtimes.

use cloister_api::v1;
use cloister_attestation::policy::AnchorPolicy;

use super::snapshot::Snapshot;
use super::{KeyId, TrustBundle, TrustError, TrustParts};
use crate::identity::PublicKey;
use crate::lease::LeaseSigner;
use crate::limits::LEASE_KEYS_MAX;

impl TrustBundle {
    /// Reads a received bundle and verifies its snapshot of revocations. `anchors` is the accepted
    /// kind of root, from the measured configuration.
    ///
    /// # Errors
    /// As [`TrustBundle::new`], for names, keys or key ids that do not read or do not agree, and
    /// for a snapshot that none of the bundle's lease keys signed for its trust domain.
    pub fn from_wire(wire: &v1::TrustBundle, anchors: AnchorPolicy) -> Result<Self, TrustError> {
        let trust_domain = wire
            .trust_domain
            .parse()
            .map_err(|_| TrustError::malformed("trust domain is not a name"))?;
        if !(1..=LEASE_KEYS_MAX).contains(&wire.lease_keys.len()) {
            return Err(TrustError::malformed("not 1 to 8 lease keys"));
        }
        let keys = wire.lease_keys.iter().map(lease_key).collect::<Result<Vec<_>, _>>()?;
        let snapshot = Snapshot::verify(&wire.revocations, &trust_domain, |kid| {
            keys.iter().find(|(id, _)| id.as_bytes() == kid).map(|(_, key)| key)
        })?;
        let parts = TrustParts {
            trust_domain,
            issuers: wire.issuers.clone(),
            lease_keys: keys.into_iter().map(|(_, key)| key).collect(),
            policy_epoch_floor: snapshot.policy_epoch_floor,
            revoked: snapshot.revoked,
            sequence: snapshot.sequence,
            issued_at: snapshot.issued_at,
        };
        Self::new(parts, anchors)
    }

    /// The form that travels, with the snapshot of revocations signed by `signer`, which has to be
    /// one of the bundle's keys. The accepted kind of root stays behind: it is each runtime's own.
    ///
    /// # Errors
    /// [`TrustError::Signing`].
    pub fn to_wire(&self, signer: &LeaseSigner) -> Result<v1::TrustBundle, TrustError> {
        let lease_keys = self.lease_keys.iter().map(|(kid, key)| v1::LeaseKey {
            kid: kid.as_bytes().to_vec(),
            public_key: key.spki().to_vec(),
        });
        Ok(v1::TrustBundle {
            trust_domain: self.trust_domain.to_string(),
            issuers: self.issuers().map(<[u8]>::to_vec).collect(),
            lease_keys: lease_keys.collect(),
            revocations: self.snapshot().sign(signer)?,
        })
    }

    fn snapshot(&self) -> Snapshot {
        let mut revoked: Vec<_> =
            self.revoked.iter().map(|(instance, why)| (*instance, why.clone())).collect();
        revoked.sort_unstable_by_key(|(instance, _)| *instance);
        Snapshot {
            trust_domain: self.trust_domain.clone(),
            sequence: self.sequence,
            policy_epoch_floor: self.policy_epoch_floor,
            issued_at: self.issued_at,
            revoked,
        }
    }
}

fn lease_key(wire: &v1::LeaseKey) -> Result<(KeyId, PublicKey), TrustError> {
    let key = PublicKey::from_spki(&wire.public_key)
        .map_err(|_| TrustError::malformed("a lease key is not an ECDSA P-256 key"))?;
    let id = KeyId::of(&key);
    if id.as_bytes() == wire.kid.as_slice() {
        Ok((id, key))
    } else {
        Err(TrustError::malformed("a lease key does not have the id that it is listed under"))
    }
}

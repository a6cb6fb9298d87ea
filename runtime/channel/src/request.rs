//! The lease request: both keys sign for each other and for the Evidence that speaks for them.

use cloister_attestation::bytes::{Hashed, Nonce};
use cloister_attestation::cbor::Writer;
use cloister_attestation::code::{Code, Diagnostic};

use crate::identity::{ChannelKey, IdentityKey, KeyError, PublicKey, Signature};
use crate::limits::ENDPOINT_BYTES_MAX;

/// First field of every signed form.
pub const LABEL: &str = "cloister/lease-request/1";

cloister_attestation::codes! {
    /// The identity key did not sign the request.
    IDENTITY_PROOF = "request.identity_proof", Peer, "",
        "Sign the lease request with the identity key that it presents.",
        "A lease request is signed by the identity key that it presents, over the Evidence, both keys, the nonce and the endpoint. Without that, anybody could present a key that belongs to someone else.";
    /// The channel key did not sign the request.
    CHANNEL_PROOF = "request.channel_proof", Peer, "",
        "Sign the lease request with the channel key that it presents.",
        "A lease request is signed by the channel key that it presents, so that no lease is issued for a key that the requester does not hold.";
    /// One key was presented as both.
    ONE_KEY = "request.one_key", Peer, "",
        "Make a channel key of its own for every lease.",
        "The identity key and the channel key are the same. Then the TLS key would live as long as the boot, and one signature could stand for both uses.";
    /// The endpoint is not a `host:port` that fits.
    ENDPOINT = "request.endpoint", Peer, "",
        "Send `host:port`, at most 272 printable ASCII bytes.",
        "The endpoint where a runtime listens is a short `host:port`. This one is empty, too long, or has other characters.";
    /// A request could not be signed.
    SIGNING = "request.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

/// A lease request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The identity key did not sign it.
    #[error("identity key did not sign the lease request")]
    IdentityProof(#[source] KeyError),
    /// The channel key did not sign it.
    #[error("channel key did not sign the lease request")]
    ChannelProof(#[source] KeyError),
    /// One key stands for both.
    #[error("identity key and channel key are the same")]
    OneKey,
    /// The endpoint does not fit.
    #[error("endpoint is not 1 to {ENDPOINT_BYTES_MAX} printable ASCII bytes")]
    Endpoint,
    /// Signing failed.
    #[error("lease request could not be signed")]
    Signing(#[source] KeyError),
}

impl Diagnostic for RequestError {
    fn code(&self) -> &'static Code {
        match self {
            Self::IdentityProof(_) => &IDENTITY_PROOF,
            Self::ChannelProof(_) => &CHANNEL_PROOF,
            Self::OneKey => &ONE_KEY,
            Self::Endpoint => &ENDPOINT,
            Self::Signing(_) => &SIGNING,
        }
    }
}

/// What both keys sign. The Verifier rebuilds it from the message that it received.
///
/// The signed form is deterministic CBOR, a map of six entries:
/// `{1: "cloister/lease-request/1", 2: sha384(Evidence envelope), 3: sha384(SPKI of IK),
/// 4: sha384(SPKI of CK), 5: nonce, 6: endpoint}`.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRequest<'a> {
    /// The Evidence envelope, as it travels.
    pub evidence: Hashed<'a>,
    /// The identity key that the lease is to name.
    pub identity_key: &'a PublicKey,
    /// The channel key that the lease is to name.
    pub channel_key: &'a PublicKey,
    /// The Verifier's challenge, which the Evidence is bound to as well.
    pub nonce: Nonce,
    /// `host:port` where the runtime listens for channels.
    pub endpoint: &'a str,
}

/// Possession of both keys, shown over one [`LeaseRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseProofs {
    /// By the identity key.
    pub identity: Signature,
    /// By the channel key.
    pub channel: Signature,
}

impl LeaseRequest<'_> {
    /// The bytes that both keys sign.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(512);
        e.map(6);
        e.unsigned(1).text(LABEL);
        e.unsigned(2).bytes(self.evidence.digest().as_bytes());
        e.unsigned(3).bytes(self.identity_key.thumbprint().as_bytes());
        e.unsigned(4).bytes(self.channel_key.thumbprint().as_bytes());
        e.unsigned(5).bytes(self.nonce.as_bytes());
        e.unsigned(6).text(self.endpoint);
        e.into_bytes()
    }

    /// Signs with both keys, which have to be the ones that the request names.
    ///
    /// # Errors
    /// As [`Self::verify`], and [`RequestError::Signing`].
    pub fn sign(
        &self,
        identity: &IdentityKey,
        channel: &ChannelKey,
    ) -> Result<LeaseProofs, RequestError> {
        let form = self.signed_form();
        let proofs = LeaseProofs {
            identity: identity.sign(&form).map_err(RequestError::Signing)?,
            channel: channel.sign(&form).map_err(RequestError::Signing)?,
        };
        self.verify(&proofs)?;
        Ok(proofs)
    }

    /// Verifies that whoever sent this holds both keys and meant this Evidence, nonce and endpoint.
    ///
    /// # Security
    /// Says nothing about the Evidence. That it names the same keys and nonce is checked against
    /// [`cloister_attestation::binding::Binding`].
    ///
    /// # Errors
    /// [`RequestError`] with what does not hold.
    pub fn verify(&self, proofs: &LeaseProofs) -> Result<(), RequestError> {
        if self.identity_key == self.channel_key {
            return Err(RequestError::OneKey);
        }
        let fits = (1..=ENDPOINT_BYTES_MAX).contains(&self.endpoint.len());
        if !fits || !self.endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RequestError::Endpoint);
        }
        let form = self.signed_form();
        self.identity_key.verify(&form, &proofs.identity).map_err(RequestError::IdentityProof)?;
        self.channel_key.verify(&form, &proofs.channel).map_err(RequestError::ChannelProof)
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::{Hashed, Nonce};

    use super::{LeaseRequest, RequestError};
    use crate::identity::{ChannelKey, IdentityKey, KeyError};

    #[test]
    fn every_field_is_covered_by_both_proofs() {
        let (ik, ck) = (IdentityKey::generate().unwrap(), ChannelKey::generate().unwrap());
        let (other_ik, other_ck) =
            (IdentityKey::generate().unwrap(), ChannelKey::generate().unwrap());
        let request = LeaseRequest {
            evidence: Hashed::of(b"evidence"),
            identity_key: ik.public(),
            channel_key: ck.public(),
            nonce: Nonce::new([7; 32]),
            endpoint: "127.0.0.1:4500",
        };
        let proofs = request.sign(&ik, &ck).unwrap();
        assert_eq!(request.verify(&proofs), Ok(()));
        let changed = [
            LeaseRequest { evidence: Hashed::of(b"evidencf"), ..request },
            LeaseRequest { identity_key: other_ik.public(), ..request },
            LeaseRequest { channel_key: other_ck.public(), ..request },
            LeaseRequest { nonce: Nonce::new([8; 32]), ..request },
            LeaseRequest { endpoint: "127.0.0.1:4501", ..request },
        ];
        for request in changed {
            let refused = request.verify(&proofs);
            assert_eq!(refused, Err(RequestError::IdentityProof(KeyError::Signature)));
        }
        let swapped = super::LeaseProofs { identity: proofs.identity, channel: proofs.identity };
        let refused = request.verify(&swapped);
        assert_eq!(refused, Err(RequestError::ChannelProof(KeyError::Signature)));
    }

    #[test]
    fn signing_with_a_key_that_the_request_does_not_name_fails() {
        let (ik, ck) = (IdentityKey::generate().unwrap(), ChannelKey::generate().unwrap());
        let request = LeaseRequest {
            evidence: Hashed::of(b""),
            identity_key: ik.public(),
            channel_key: ck.public(),
            nonce: Nonce::new([0; 32]),
            endpoint: "a:1",
        };
        assert!(request.sign(&IdentityKey::generate().unwrap(), &ck).is_err());
        assert!(request.sign(&ik, &ChannelKey::generate().unwrap()).is_err());
        let one_key = LeaseRequest { channel_key: ik.public(), ..request };
        assert_eq!(one_key.sign(&ik, &ck), Err(RequestError::OneKey));
        for endpoint in ["", "a b", "a\n", &"x".repeat(273)] {
            let request = LeaseRequest { endpoint, ..request };
            assert_eq!(request.sign(&ik, &ck), Err(RequestError::Endpoint), "{endpoint:?}");
        }
    }
}

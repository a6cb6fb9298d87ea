//! The key that signs the agent cards that a runtime shows.
//!
//! It is made in guest memory at boot and signs nothing else: what it signs are bytes that an
//! agent had a part in. The identity key, which every lease of the boot names, states once whose
//! it is. That statement is a compact JWS with ES256, for readers that have a JWT library and no
//! more, whose `typ` is [`TYP`] and whose payload is
//!
//! ```text
//! {"cnf":{"jwk":{"crv":"P-256","kty":"EC","x":…,"y":…}}}
//! ```
//!
//! Everything else that an identity key signs is CBOR, which no JWS can be taken for: a JWS is
//! base64url text with dots. A statement has no dates. It counts as long as some lease names the
//! identity key, and no longer.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::jws::{self, Detached};
use cloister_attestation::key::{ShapeError, SigningKey};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::identity::{IdentityKey, KeyError, PublicKey};
use crate::limits::CARD_KEY_STATEMENT_BYTES_MAX;
use crate::name::InstanceId;

/// `typ` of the statement.
pub const TYP: &str = "vnd.cloister.card-key+jwt";

cloister_attestation::codes! {
    /// The statement does not read.
    MALFORMED = "card_key.malformed", Peer, "RFC 7515, RFC 7800",
        "Show a card of a runtime whose version this runtime knows.",
        "The key that signed an agent card is named by a statement of the runtime's identity key: a compact JWS with ES256 whose payload has one P-256 key. This one is longer, of another kind, or says something else.";
    /// The statement is of another runtime.
    INSTANCE = "card_key.instance", Peer, "",
        "Show cards that this very runtime signed.",
        "The identity key that vouches for the card's signing key is not the one that the channel's lease names. The card was signed by another runtime, or for another boot of this one.";
    /// The identity key did not make the statement.
    SIGNATURE = "card_key.signature", Peer, "",
        "Show the statement as the runtime made it.",
        "The identity key is the one that the lease names, and it did not sign that the card's key is the runtime's.";
}

/// A card's key is not believed to be the runtime's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardKeyError {
    /// Not the one shape that statements have.
    #[error("statement about the card's key is malformed: {0}")]
    Malformed(&'static str),
    /// Made by another runtime.
    #[error("card's key is vouched for by instance {observed}, expected {expected}")]
    Instance {
        /// The runtime that showed the card.
        expected: InstanceId,
        /// The one that the identity key names.
        observed: InstanceId,
    },
    /// Not made by the identity key.
    #[error("statement about the card's key is not signed by the identity key")]
    Signature,
}

impl Diagnostic for CardKeyError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed(_) => &MALFORMED,
            Self::Instance { .. } => &INSTANCE,
            Self::Signature => &SIGNATURE,
        }
    }
}

/// Signs cards; lives as long as the boot.
#[derive(Debug)]
pub struct CardSigner {
    key: SigningKey,
    voucher: Voucher,
}

impl CardSigner {
    /// Makes a key, and has the identity key state whose it is.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate(identity: &IdentityKey) -> Result<Self, KeyError> {
        let key = SigningKey::generate()?;
        let payload = json!({"cnf": {"jwk": key.public().to_jwk()}});
        let statement = identity.state_as_jws(TYP, payload.to_string().as_bytes())?;
        let voucher = Voucher { identity_key: identity.public().clone(), statement };
        Ok(Self { key, voucher })
    }

    /// Signs the canonical form of a card.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn sign(&self, canonical: &[u8]) -> Result<Detached, KeyError> {
        Detached::sign(canonical, &self.key)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// What readers of a card need to believe its key.
    #[must_use]
    pub const fn voucher(&self) -> &Voucher {
        &self.voucher
    }
}

/// Whose a card's key is, as it travels with the card. Believed by nobody as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// The identity key that is said to have made the statement.
    pub identity_key: PublicKey,
    /// The statement.
    pub statement: String,
}

impl Voucher {
    /// The key that signs the cards of `instance`.
    ///
    /// # Errors
    /// [`CardKeyError`] if the identity key is not that instance's, or did not state this.
    pub fn key_of(&self, instance: &InstanceId) -> Result<PublicKey, CardKeyError> {
        let observed = InstanceId::of(self.identity_key.thumbprint());
        if observed != *instance {
            return Err(CardKeyError::Instance { expected: *instance, observed });
        }
        if self.statement.len() > CARD_KEY_STATEMENT_BYTES_MAX {
            return Err(CardKeyError::Malformed("longer than 2 KiB"));
        }
        let message = jws::parse(self.statement.as_bytes(), TYP).map_err(|error| match error {
            ShapeError::Malformed(reason) => CardKeyError::Malformed(reason),
            ShapeError::Algorithm => CardKeyError::Malformed("not signed with ES256"),
            ShapeError::Kind => CardKeyError::Malformed("a JWS of another kind"),
        })?;
        let payload =
            message.verified_by(&self.identity_key).map_err(|_| CardKeyError::Signature)?;
        stated(&payload)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    #[serde(borrow)]
    cnf: Confirmation<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation<'a> {
    #[serde(borrow)]
    jwk: &'a RawValue,
}

fn stated(payload: &[u8]) -> Result<PublicKey, CardKeyError> {
    let payload: Payload<'_> = serde_json::from_slice(payload)
        .map_err(|_| CardKeyError::Malformed("payload is not one confirmation key"))?;
    PublicKey::from_jwk(payload.cnf.jwk.get().as_bytes())
        .map_err(|_| CardKeyError::Malformed("key is not a public P-256 key"))
}

#[cfg(test)]
mod tests {
    use super::{CardKeyError, CardSigner, IdentityKey, TYP, Voucher};

    fn signer() -> (IdentityKey, CardSigner) {
        let identity = IdentityKey::generate().unwrap();
        let signer = CardSigner::generate(&identity).unwrap();
        (identity, signer)
    }

    #[test]
    fn the_key_of_an_instance_verifies_what_its_signer_signed() {
        let (identity, signer) = signer();
        let key = signer.voucher().key_of(&identity.instance()).unwrap();
        let signature = signer.sign(b"card").unwrap();
        assert_eq!(signature.verify(b"card", &key), Ok(()));
        assert_eq!(signature.kid(), key.jwk_thumbprint());
        assert_ne!(&key, identity.public());
    }

    #[test]
    fn another_runtimes_statement_is_not_believed() {
        let ((mallory, theirs), (alice, ours)) = (signer(), signer());
        assert_eq!(
            theirs.voucher().key_of(&alice.instance()),
            Err(CardKeyError::Instance {
                expected: alice.instance(),
                observed: mallory.instance()
            })
        );
        let mixed = Voucher { identity_key: alice.public().clone(), ..theirs.voucher().clone() };
        assert_eq!(mixed.key_of(&alice.instance()), Err(CardKeyError::Signature));
        assert!(ours.voucher().key_of(&alice.instance()).is_ok());
    }

    #[test]
    fn only_the_one_shape_is_a_statement() {
        let (identity, signer) = signer();
        let with = |typ: &str, payload: &str| {
            let statement = identity.state_as_jws(typ, payload.as_bytes()).unwrap();
            Voucher { identity_key: identity.public().clone(), statement }
                .key_of(&identity.instance())
        };
        let jwk = signer.public().to_jwk();
        let good = format!("{{\"cnf\":{{\"jwk\":{jwk}}}}}");
        assert_eq!(with(TYP, &good).as_ref(), Ok(signer.public()));
        assert!(with("vnd.cloister.lease+jwt", &good).is_err());
        for payload in [
            "{}".to_owned(),
            format!("{{\"cnf\":{{\"jwk\":{jwk}}},\"exp\":1}}"),
            format!("{{\"cnf\":{{\"jwk\":{jwk},\"kid\":\"x\"}}}}"),
            format!("{{\"cnf\":{{\"jwk\":{jwk}}},\"cnf\":{{\"jwk\":{jwk}}}}}"),
            good.replace("P-256", "P-384"),
            format!("{good}{}", " ".repeat(3_000)),
        ] {
            assert!(matches!(with(TYP, &payload), Err(CardKeyError::Malformed(_))), "{payload}");
        }
    }

    #[test]
    fn a_lease_request_or_proof_cannot_be_read_as_a_statement() {
        let (identity, _) = signer();
        let proof = identity.state(b"anything").unwrap();
        let statement = String::from_utf8_lossy(&proof).into_owned();
        let voucher = Voucher { identity_key: identity.public().clone(), statement };
        assert!(matches!(voucher.key_of(&identity.instance()), Err(CardKeyError::Malformed(_))));
    }
}

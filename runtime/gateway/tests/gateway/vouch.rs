//! Runtimes that vouch for cards without having been attested.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::jwk::KeySet;
use cloister_attestation::time::UnixTime;
use cloister_channel::{CardSigner, IdentityKey};
use cloister_gateway::{Attested, OriginPolicy, SignatureRule, Vouch};
use cloister_policy::Subject;

/// The translator's runtime, whose instance is the one that its identity key names.
pub(crate) static TRANSLATOR: LazyLock<Arc<Vouching>> =
    LazyLock::new(|| Arc::new(Vouching::of(crate::network::somebody("translator"))));

/// The planner's runtime.
pub(crate) static PLANNER: LazyLock<Arc<Vouching>> =
    LazyLock::new(|| Arc::new(Vouching::of(crate::network::somebody("planner"))));

/// A runtime with a lease that nobody signed.
#[derive(Debug)]
pub(crate) struct Vouching {
    signer: CardSigner,
    pub(crate) subject: Arc<Subject>,
}

impl Vouching {
    /// A new boot of `subject`.
    pub(crate) fn of(subject: Subject) -> Self {
        let identity = IdentityKey::generate().unwrap();
        let signer = CardSigner::generate(&identity).unwrap();
        let subject = Subject { instance: identity.instance().to_string(), ..subject };
        Self { signer, subject: Arc::new(subject) }
    }
}

impl Vouch for Vouching {
    fn attested(&self) -> Option<Attested> {
        Some(Attested {
            subject: Arc::clone(&self.subject),
            lease: Digest48::sha384(b"lease"),
            expires_at: UnixTime::from_secs(2_000_000_000),
            remaining: Duration::from_secs(600),
            document: "https://translator.example:4443/.well-known/cloister".to_owned(),
        })
    }

    fn signer(&self) -> &CardSigner {
        &self.signer
    }
}

/// A runtime whose lease has ended.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) Arc<Vouching>);

impl Vouch for Ended {
    fn attested(&self) -> Option<Attested> {
        None
    }

    fn signer(&self) -> &CardSigner {
        self.0.signer()
    }
}

/// Cards that are signed are verified, and none is pinned.
pub(crate) fn if_present() -> Arc<OriginPolicy> {
    origin(SignatureRule::IfPresent, KeySet::default())
}

pub(crate) fn origin(rule: SignatureRule, keys: KeySet) -> Arc<OriginPolicy> {
    Arc::new(OriginPolicy { rule, keys })
}

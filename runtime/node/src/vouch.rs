//! What this runtime shows for itself on the cards that it hands on.

use std::sync::Arc;

use cloister_channel::document::PATH;
use cloister_channel::identity::KeyError;
use cloister_channel::{CardSigner, IdentityKey, Peer};
use cloister_gateway::{Attested, Vouch, subject};

use crate::state::State;

/// Vouches for cards under the lease of the moment, with a key of this boot.
#[derive(Debug)]
pub(crate) struct CardVoucher {
    state: Arc<State>,
    signer: CardSigner,
    document: String,
}

impl CardVoucher {
    /// `endpoint` is the `host:port` where peers, and whoever asks for the document, connect.
    pub(crate) fn new(
        state: Arc<State>,
        identity: &IdentityKey,
        endpoint: &str,
    ) -> Result<Self, KeyError> {
        let signer = CardSigner::generate(identity)?;
        Ok(Self { state, signer, document: format!("https://{endpoint}{PATH}") })
    }
}

impl Vouch for CardVoucher {
    fn attested(&self) -> Option<Attested> {
        let standing = self.state.standing()?;
        let lease = standing.credentials.lease();
        let expires_at = lease.claims().expires_at;
        Some(Attested {
            subject: Arc::new(subject(&Peer::from(lease))),
            lease: *lease.digest(),
            expires_at,
            remaining: expires_at.since(self.state.clock().now()),
            document: self.document.clone(),
        })
    }

    fn signer(&self) -> &CardSigner {
        &self.signer
    }
}

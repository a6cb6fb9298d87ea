//! The channel key as rustls signs with it.

use std::sync::Arc;

use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::identity::ChannelKey;

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// A channel key that signs TLS handshakes, without leaving its owner.
#[derive(Clone, Debug)]
pub(super) struct ChannelSigningKey(Arc<ChannelKey>);

impl ChannelSigningKey {
    pub(super) const fn new(key: Arc<ChannelKey>) -> Self {
        Self(key)
    }
}

impl SigningKey for ChannelSigningKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        if !offered.contains(&SCHEME) {
            return None;
        }
        Some(Box::new(self.clone()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for ChannelSigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.sign_der(message).map_err(|_| rustls::Error::General("signing failed".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

//! The Verifier's own TLS certificate: its key lives in memory, and both are replaced while running.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use cloister_attestation::time::UnixTime;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::authority::RawPublicKey;
use super::{Authority, StateError};
use cloister_channel::identity::KeyError;

/// The certificate that new connections are shown.
#[derive(Debug)]
pub struct ServerCertificate {
    names: Vec<String>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ServerCertificate {
    /// Issues the first certificate, for `names` (host names and addresses).
    ///
    /// # Errors
    /// [`StateError`].
    pub fn issue(
        authority: &Authority,
        names: Vec<String>,
        now: UnixTime,
    ) -> Result<Self, StateError> {
        let current = certify(authority, &names, now)?;
        Ok(Self { names, current: RwLock::new(current) })
    }

    /// Replaces key and certificate; connections that exist keep theirs.
    ///
    /// # Errors
    /// [`StateError`]; the old certificate then stays in use.
    pub fn renew(&self, authority: &Authority, now: UnixTime) -> Result<(), StateError> {
        let fresh = certify(authority, &self.names, now)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certify(
    authority: &Authority,
    names: &[String],
    now: UnixTime,
) -> Result<Arc<CertifiedKey>, StateError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
        .map_err(|_| StateError::Crypto(KeyError::Crypto))?;
    let certificate = authority.certify_server(&RawPublicKey::of(&pair), names, now)?;
    // AWS-LC's document overwrites itself when dropped, and rustls keeps a parsed key.
    let document = pair.to_pkcs8v1().map_err(|_| StateError::Crypto(KeyError::Crypto))?;
    let key = any_ecdsa_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(document.as_ref())))
        .map_err(|error| StateError::Issue(error.to_string()))?;
    Ok(Arc::new(CertifiedKey::new(vec![CertificateDer::from(certificate)], key)))
}

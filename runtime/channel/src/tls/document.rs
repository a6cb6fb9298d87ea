//! Connections on which anybody may ask for the attestation document.
//!
//! The client shows no certificate, so that `curl` and browsers can ask; nothing but the document
//! passes, and there is nothing in it that a stranger may not see. X25519 is enough here: no secret
//! is sent in either direction.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ConnectionCommon, DigitallySignedStruct, Error, PeerIncompatible, ServerConfig,
    SignatureScheme,
};

use super::facts::{HandshakeError, in_full};
use super::provider::{SIGNATURES, provider};
use super::{KeyExchange, TlsError, dialling, for_anybody};
use crate::credentials::Credentials;

/// The application protocol of connections that ask for the document: HTTP/2.
pub const DOCUMENT_ALPN: &[u8] = b"h2";

/// The label of the exporter that Evidence in a document is bound to. It is not the label of
/// session proofs, so that neither can stand for the other.
///
/// SPEC: RFC 8446 section 7.5, RFC 5705 section 4.
pub const DOCUMENT_EXPORTER_LABEL: &[u8] = b"EXPORTER-cloister-document-1";

/// The listening side's configuration for whoever asks for the document.
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn document_server_config(
    local: &Credentials,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    for_anybody(local, KeyExchange::PostQuantumPreferred, DOCUMENT_ALPN, time)
}

/// The asking side's configuration.
///
/// # Security
/// A connection made with it asserts that the other end holds the key of the certificate that it
/// shows, and nothing else: who issued that certificate is part of what the document is asked for,
/// and is judged with it ([`crate::svid::verify_chain`]).
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn document_client_config(time: Arc<dyn TimeProvider>) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider(KeyExchange::PostQuantumPreferred);
    let config = ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(KeyHolder))
        .with_no_client_auth();
    Ok(dialling(config, vec![DOCUMENT_ALPN.to_vec()]))
}

/// The value that Evidence in a document on this connection is bound to.
///
/// # Errors
/// [`HandshakeError`] if the connection is not a full TLS 1.3 handshake with [`DOCUMENT_ALPN`].
pub fn document_exporter<S>(connection: &ConnectionCommon<S>) -> Result<[u8; 32], HandshakeError> {
    // SECURITY: rustls accepts a peer that leaves ALPN out.
    if in_full(connection)? != Some(DOCUMENT_ALPN) {
        return Err(HandshakeError::Alpn);
    }
    connection
        .export_keying_material([0; 32], DOCUMENT_EXPORTER_LABEL, None)
        .map_err(HandshakeError::Exporter)
}

/// Accepts whoever holds the key of the certificate that they show.
#[derive(Debug)]
struct KeyHolder;

impl ServerCertVerifier for KeyHolder {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &SIGNATURES)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURES.supported_schemes()
    }
}

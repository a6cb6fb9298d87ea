//! Connections of visitors: the client shows no certificate, and verifies the server's.

use core::fmt;
use std::sync::Arc;

use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, NamedGroup, ServerConfig, ServerConnection,
};
use zeroize::Zeroizing;

use super::facts::{Exporter, HandshakeError, in_full, negotiated};
use super::provider::provider;
use super::verifier::PeerVerifier;
use super::{KeyExchange, TlsError, dialling, for_anybody};
use crate::credentials::Credentials;
use crate::trust::TrustBundle;

/// The application protocol of a visit.
pub const VISIT_ALPN: &[u8] = b"cloister-visit/1";

/// The label of the exporter that a visit's proof is bound to. It is no other label of Cloister's,
/// so that what is proved on a visit proves nothing elsewhere.
///
/// SPEC: RFC 8446 section 7.5, RFC 5705 section 4.
pub const VISIT_EXPORTER_LABEL: &[u8] = b"EXPORTER-cloister-visit-1";

/// The visited side's configuration.
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn visit_server_config(
    local: &Credentials,
    key_exchange: KeyExchange,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    for_anybody(local, key_exchange, VISIT_ALPN, time)
}

/// The visitor's configuration: chain, dates and SVID of the trust domain are verified.
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn visit_client_config(
    trust: &TrustBundle,
    key_exchange: KeyExchange,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_details(provider(key_exchange), time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PeerVerifier::new(trust)))
        .with_no_client_auth();
    Ok(dialling(config, vec![VISIT_ALPN.to_vec()]))
}

/// What both ends need of a finished handshake.
struct Facts {
    exporter: Exporter,
    key_exchange: NamedGroup,
}

impl Facts {
    fn of<S>(
        connection: &ConnectionCommon<S>,
        permitted: KeyExchange,
    ) -> Result<Self, HandshakeError> {
        // SECURITY: rustls accepts a peer that leaves ALPN out.
        if in_full(connection)? != Some(VISIT_ALPN) {
            return Err(HandshakeError::Alpn);
        }
        let exporter = connection
            .export_keying_material([0; 32], VISIT_EXPORTER_LABEL, None)
            .map(Zeroizing::new)
            .map_err(HandshakeError::Exporter)?;
        Ok(Self { exporter, key_exchange: negotiated(connection, permitted)? })
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("key_exchange", &self.key_exchange).finish_non_exhaustive()
    }
}

/// A finished handshake that a visit may ride on, at the side that accepted.
///
/// # Security
/// Make the connection with [`visit_server_config`].
#[derive(Debug)]
pub struct HostHandshake(Facts);

impl HostHandshake {
    /// Of an accepted connection.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn of(
        connection: &ServerConnection,
        permitted: KeyExchange,
    ) -> Result<Self, HandshakeError> {
        Facts::of(connection, permitted).map(Self)
    }

    /// The key exchange that was negotiated.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.0.key_exchange
    }

    /// The value that the host's proof is bound to.
    pub(crate) const fn exporter(&self) -> &Exporter {
        &self.0.exporter
    }
}

/// A finished handshake that a visit may ride on, at the side that dialled.
///
/// # Security
/// Make the connection with [`visit_client_config`]: the chain and the dates of the host's
/// certificate are checked there and nowhere else.
#[derive(Debug)]
pub struct VisitorHandshake {
    facts: Facts,
    certificate: Vec<u8>,
}

impl VisitorHandshake {
    /// Of a dialled connection.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn of(
        connection: &ClientConnection,
        permitted: KeyExchange,
    ) -> Result<Self, HandshakeError> {
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let certificate = leaf.ok_or(HandshakeError::NoCertificate)?.to_vec();
        Ok(Self { facts: Facts::of(connection, permitted)?, certificate })
    }

    /// The key exchange that was negotiated.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.facts.key_exchange
    }

    /// The host's leaf certificate, DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The value that the host's proof is bound to.
    pub(crate) const fn exporter(&self) -> &Exporter {
        &self.facts.exporter
    }
}

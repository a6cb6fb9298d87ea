//! What the session needs to know about the TLS handshake that it rides on.

use core::fmt;

use cloister_attestation::code::{Code, Diagnostic};
use rustls::{
    ClientConnection, ConnectionCommon, HandshakeKind, NamedGroup, ProtocolVersion,
    ServerConnection,
};
use zeroize::Zeroizing;

use super::{
    ALPN, ALPN_EVIDENCE, Demands, EXPORTER_LABEL, Freshness, KeyExchange, exporter_context,
};
use crate::session::Role;

/// Codes of the handshake's facts.
pub(crate) mod codes {
    cloister_attestation::codes! {
        /// The handshake has not finished.
        UNFINISHED = "handshake.unfinished", Caller, "",
            "Complete the TLS handshake before starting the session.",
            "The session proof is bound to a finished TLS handshake. This connection has not got that far.";
        /// Another version than TLS 1.3.
        VERSION = "handshake.version", Peer, "RFC 8446",
            "Use TLS 1.3.",
            "Channels are TLS 1.3. Older versions authenticate less of the handshake and allow renegotiation.";
        /// The connection was resumed.
        RESUMED = "handshake.resumed", Peer, "RFC 8446 section 2.2",
            "Dial without a session ticket.",
            "The connection resumed an earlier one, so no certificate was presented in it. Every channel is a full handshake.";
        /// Another application protocol than a channel's, or none.
        ALPN_MISMATCH = "handshake.alpn", Peer, "RFC 7301",
            "Offer the application protocols `cloister/1` and `cloister/1+evidence` for a channel, `cloister-visit/1` for a visit, `h2` for the attestation document.",
            "The two sides did not agree on the application protocol of this kind of connection, which for a channel may have to be the one with Evidence made for the session. TLS itself lets a peer leave the protocol out; Cloister does not.";
        /// Not a permitted key exchange.
        KEY_EXCHANGE = "handshake.key_exchange", Peer, "draft-ietf-tls-ecdhe-mlkem",
            "Use X25519MLKEM768 on both sides.",
            "The key exchange was not the post-quantum hybrid that is required here: what is recorded today could be read once quantum computers exist.";
        /// The peer presented no certificate.
        NO_CERTIFICATE = "handshake.no_certificate", Peer, "RFC 8446 section 4.4.2",
            "Present the certificate that came with the lease.",
            "Both sides of a channel present a certificate. This peer presented none.";
        /// The exporter is not available.
        EXPORTER = "handshake.exporter", Cloister, "RFC 8446 section 7.5",
            "Report this as a defect.",
            "The TLS library did not derive the exporter value that the session proof is bound to.";
    }
}

/// The handshake is not one that a channel may ride on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not finished.
    #[error("TLS handshake has not finished")]
    Unfinished,
    /// Another version.
    #[error("TLS version is not 1.3")]
    Version,
    /// Resumed.
    #[error("TLS connection was resumed")]
    Resumed,
    /// Another application protocol, or none.
    #[error("application protocol is not the one of this kind of connection")]
    Alpn,
    /// Not a permitted key exchange.
    #[error("key exchange {observed} is not permitted")]
    KeyExchange {
        /// What was negotiated.
        observed: String,
    },
    /// No certificate.
    #[error("peer presented no certificate")]
    NoCertificate,
    /// No exporter.
    #[error("exporter is not available")]
    Exporter(#[source] rustls::Error),
}

impl Diagnostic for HandshakeError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Unfinished => &codes::UNFINISHED,
            Self::Version => &codes::VERSION,
            Self::Resumed => &codes::RESUMED,
            Self::Alpn => &codes::ALPN_MISMATCH,
            Self::KeyExchange { .. } => &codes::KEY_EXCHANGE,
            Self::NoCertificate => &codes::NO_CERTIFICATE,
            Self::Exporter(_) => &codes::EXPORTER,
        }
    }
}

/// One 32-byte exporter value.
pub(crate) type Exporter = Zeroizing<[u8; 32]>;

/// The exporter values of one connection: what each end's statements about it are bound to.
#[derive(Clone)]
pub(crate) struct Exporters {
    initiator: Exporter,
    responder: Exporter,
}

impl Exporters {
    /// The value of `role`.
    pub(crate) const fn of(&self, role: Role) -> &Exporter {
        match role {
            Role::Initiator => &self.initiator,
            Role::Responder => &self.responder,
        }
    }
}

impl fmt::Debug for Exporters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exporters(redacted)")
    }
}

/// A finished handshake that a session may ride on: TLS 1.3, in full, a channel's ALPN, a permitted
/// key exchange, a peer certificate, and the exporter values of both roles.
///
/// # Security
/// Make the connection with [`super::client_config`] or [`super::server_config`]: the chain and
/// the dates of the certificate are checked there and nowhere else.
pub struct Handshake {
    role: Role,
    peer_certificate: Vec<u8>,
    exporters: Exporters,
    key_exchange: NamedGroup,
    freshness: Freshness,
}

impl Handshake {
    /// Of a connection that this side dialled.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn client(
        connection: &ClientConnection,
        demands: impl Into<Demands>,
    ) -> Result<Self, HandshakeError> {
        Self::of(Role::Initiator, connection, demands.into())
    }

    /// Of a connection that this side accepted.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn server(
        connection: &ServerConnection,
        demands: impl Into<Demands>,
    ) -> Result<Self, HandshakeError> {
        Self::of(Role::Responder, connection, demands.into())
    }

    fn of<S>(
        role: Role,
        connection: &ConnectionCommon<S>,
        demands: Demands,
    ) -> Result<Self, HandshakeError> {
        let freshness = agreed(in_full(connection)?, demands.freshness)?;
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        Ok(Self {
            role,
            peer_certificate: leaf.ok_or(HandshakeError::NoCertificate)?.to_vec(),
            exporters: Exporters {
                initiator: exporter(connection, Role::Initiator)?,
                responder: exporter(connection, Role::Responder)?,
            },
            key_exchange: negotiated(connection, demands.key_exchange)?,
            freshness,
        })
    }

    /// Which side this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The key exchange that was negotiated.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.key_exchange
    }

    /// Whether both ends prove themselves by Evidence made for this session, beside their leases.
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The peer's leaf certificate, DER.
    #[must_use]
    pub fn peer_certificate(&self) -> &[u8] {
        &self.peer_certificate
    }

    /// What the proofs of both roles are bound to.
    pub(crate) const fn exporters(&self) -> &Exporters {
        &self.exporters
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("role", &self.role)
            .field("key_exchange", &self.key_exchange)
            .finish_non_exhaustive()
    }
}

/// TLS 1.3, in full: the application protocol that was agreed on.
pub(super) fn in_full<S>(
    connection: &ConnectionCommon<S>,
) -> Result<Option<&[u8]>, HandshakeError> {
    if connection.is_handshaking() {
        return Err(HandshakeError::Unfinished);
    }
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Err(HandshakeError::Version);
    }
    if !matches!(
        connection.handshake_kind(),
        Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest)
    ) {
        return Err(HandshakeError::Resumed);
    }
    Ok(connection.alpn_protocol())
}

/// What the ends agreed to prove themselves by, if that is no less than this one demands.
fn agreed(protocol: Option<&[u8]>, demanded: Freshness) -> Result<Freshness, HandshakeError> {
    // SECURITY: rustls accepts a peer that leaves ALPN out.
    match (protocol, demanded) {
        (Some(ALPN_EVIDENCE), _) => Ok(Freshness::Session),
        (Some(ALPN), Freshness::Lease) => Ok(Freshness::Lease),
        _ => Err(HandshakeError::Alpn),
    }
}

fn exporter<S>(connection: &ConnectionCommon<S>, role: Role) -> Result<Exporter, HandshakeError> {
    connection
        .export_keying_material([0; 32], EXPORTER_LABEL, Some(exporter_context(role)))
        .map(Zeroizing::new)
        .map_err(HandshakeError::Exporter)
}

/// The key exchange of the connection, if it is permitted.
pub(super) fn negotiated<S>(
    connection: &ConnectionCommon<S>,
    permitted: KeyExchange,
) -> Result<NamedGroup, HandshakeError> {
    let group = connection.negotiated_key_exchange_group().map(|group| group.name());
    match (group, permitted) {
        (Some(NamedGroup::X25519MLKEM768), _) => Ok(NamedGroup::X25519MLKEM768),
        (Some(NamedGroup::X25519), KeyExchange::PostQuantumPreferred) => Ok(NamedGroup::X25519),
        (other, _) => Err(HandshakeError::KeyExchange { observed: format!("{other:?}") }),
    }
}

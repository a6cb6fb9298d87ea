//! What a runtime presents: both keys, the certificate chain and the lease, as one unit.

use std::sync::Arc;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::time::UnixTime;
use rustls::pki_types::CertificateDer;

use crate::identity::{ChannelKey, IdentityKey};
use crate::lease::{self, LeaseError, VerifiedLease};
use crate::name::AgentName;
use crate::svid::{Svid, SvidError};
use crate::trust::TrustBundle;

cloister_attestation::codes! {
    /// The Verifier sent no certificate.
    NO_CERTIFICATE = "credentials.no_certificate", Operator, "",
        "Use a Verifier of a version that this runtime knows.",
        "The answer to the lease request has a lease and no certificate to present it with.";
    /// The parts were not issued together.
    MISMATCH = "credentials.mismatch", Operator, "",
        "Ask the Verifier for a lease again.",
        "The lease, the certificate and the two keys do not belong together. Peers would refuse them, so they are refused here, where the reason can be seen.";
}

/// Credentials were refused before any peer could refuse them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// No certificate.
    #[error("there is no certificate")]
    NoCertificate,
    /// The lease would be refused.
    #[error("own lease is refused")]
    Lease(#[from] LeaseError),
    /// The certificate would be refused.
    #[error("own certificate is refused")]
    Svid(#[from] SvidError),
    /// The parts were not issued together.
    #[error("{what} is not the one that the lease names")]
    Mismatch {
        /// Which part.
        what: &'static str,
    },
}

impl Diagnostic for CredentialsError {
    fn code(&self) -> &'static Code {
        match self {
            Self::NoCertificate => &NO_CERTIFICATE,
            Self::Lease(error) => error.code(),
            Self::Svid(error) => error.code(),
            Self::Mismatch { .. } => &MISMATCH,
        }
    }
}

/// Both keys, the certificate chain and the lease of this runtime, checked to belong together.
#[derive(Clone, Debug)]
pub struct Credentials {
    identity: Arc<IdentityKey>,
    channel: Arc<ChannelKey>,
    certificates: Vec<CertificateDer<'static>>,
    lease_bytes: Arc<[u8]>,
    lease_jwt: Option<Arc<str>>,
    lease: VerifiedLease,
}

impl Credentials {
    /// Puts together what the Verifier answered (`certificates`: DER, leaf first) with the keys
    /// that it was asked for.
    ///
    /// # Errors
    /// [`CredentialsError`] if a peer with the same trust bundle would refuse them.
    pub fn new(
        identity: Arc<IdentityKey>,
        channel: Arc<ChannelKey>,
        certificates: &[Vec<u8>],
        lease_bytes: &[u8],
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<Self, CredentialsError> {
        let lease = lease::verify(lease_bytes, trust, now)?;
        let leaf = certificates.first().ok_or(CredentialsError::NoCertificate)?;
        let svid = Svid::parse(leaf)?;
        svid.check(&lease)?;
        let mismatch = |what| Err(CredentialsError::Mismatch { what });
        if svid.lease() != lease_bytes {
            return mismatch("lease in the certificate");
        }
        if svid.key() != channel.public() {
            return mismatch("channel key");
        }
        if identity.thumbprint() != &lease.claims().identity_key {
            return mismatch("identity key");
        }
        let certificates = certificates.iter().cloned().map(CertificateDer::from).collect();
        let lease_bytes = lease_bytes.into();
        Ok(Self { identity, channel, certificates, lease_bytes, lease_jwt: None, lease })
    }

    /// The same with the lease's other form, to be handed to whoever speaks only JWT.
    ///
    /// # Errors
    /// [`CredentialsError`] if it would be refused, or says anything else than the lease.
    pub fn with_lease_jwt(
        self,
        jwt: &str,
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<Self, CredentialsError> {
        if lease::verify(jwt.as_bytes(), trust, now)?.claims() != self.lease.claims() {
            return Err(CredentialsError::Mismatch { what: "lease as a JWT" });
        }
        Ok(Self { lease_jwt: Some(jwt.into()), ..self })
    }

    /// This runtime's agent.
    #[must_use]
    pub const fn agent(&self) -> &AgentName {
        &self.lease.claims().agent
    }

    /// This runtime's lease.
    #[must_use]
    pub const fn lease(&self) -> &VerifiedLease {
        &self.lease
    }

    /// The lease as the Verifier sent it.
    #[must_use]
    pub fn lease_bytes(&self) -> &[u8] {
        &self.lease_bytes
    }

    /// The lease as a JWT, where the Verifier sent one.
    #[must_use]
    pub fn lease_jwt(&self) -> Option<&str> {
        self.lease_jwt.as_deref()
    }

    /// The identity key.
    #[must_use]
    pub const fn identity(&self) -> &Arc<IdentityKey> {
        &self.identity
    }

    /// The channel key.
    #[must_use]
    pub const fn channel(&self) -> &Arc<ChannelKey> {
        &self.channel
    }

    /// The certificate chain, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }
}

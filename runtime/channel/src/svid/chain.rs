//! From a leaf to an issuer: the chain of a certificate.

use cloister_attestation::time::UnixTime;
use rustls::pki_types::{self, CertificateDer, TrustAnchor};
use webpki::{EndEntityCert, KeyUsage};

use super::{Svid, SvidError};
use crate::limits::{CERTIFICATE_BYTES_MAX, INTERMEDIATES_MAX};
use crate::tls::SIGNATURES;

/// Which side of a handshake shows a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    Server,
    Client,
}

impl Usage {
    fn key_usage(self) -> KeyUsage {
        match self {
            Self::Server => KeyUsage::server_auth(),
            Self::Client => KeyUsage::client_auth(),
        }
    }
}

/// Verifies that `chain` (DER, leaf first) is an SVID that a server may show at `now`, and that it
/// ends at one of `issuers` (DER). What TLS verifies between runtimes, for whoever judges a chain
/// after the handshake. Of which trust domain it is, the caller compares.
///
/// # Errors
/// [`SvidError`] with the first thing that does not hold.
pub fn verify_chain<'a>(
    issuers: impl IntoIterator<Item = &'a [u8]>,
    chain: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Svid, SvidError> {
    let (leaf, intermediates) =
        chain.split_first().ok_or(SvidError::Malformed { reason: "there is no certificate" })?;
    let issuers: Vec<CertificateDer<'_>> = issuers.into_iter().map(CertificateDer::from).collect();
    let anchors: Vec<TrustAnchor<'_>> = issuers.iter().map(anchor).collect::<Result<_, _>>()?;
    let now = pki_types::UnixTime::since_unix_epoch(core::time::Duration::from_secs(now.as_secs()));
    verified(&anchors, leaf, intermediates, now, Usage::Server)
}

fn anchor<'a>(issuer: &'a CertificateDer<'_>) -> Result<TrustAnchor<'a>, SvidError> {
    if issuer.len() > CERTIFICATE_BYTES_MAX {
        return Err(SvidError::Malformed { reason: "an issuer is too long" });
    }
    webpki::anchor_from_trusted_cert(issuer).map_err(SvidError::Chain)
}

/// An SVID whose chain ends at one of `anchors`.
pub(crate) fn verified(
    anchors: &[TrustAnchor<'_>],
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    now: pki_types::UnixTime,
    usage: Usage,
) -> Result<Svid, SvidError> {
    if intermediates.len() > INTERMEDIATES_MAX {
        let observed = intermediates.len();
        return Err(SvidError::ChainTooLong { observed, max: INTERMEDIATES_MAX });
    }
    let svid = Svid::parse(leaf)?;
    let end_entity = EndEntityCert::try_from(leaf).map_err(SvidError::Chain)?;
    // Revocation is by instance, in the session: leaves live no longer than a lease.
    let (revocation, more) = (None, None);
    end_entity
        .verify_for_usage(
            SIGNATURES.all,
            anchors,
            intermediates,
            now,
            usage.key_usage(),
            revocation,
            more,
        )
        .map_err(SvidError::Chain)?;
    Ok(svid)
}

//! Who is believed about leases and certificates: nobody, the issuers of a file, or a Verifier.

use std::borrow::Cow;
use std::path::Path;

use cloister_api::v1;
use cloister_api::v1::trust_client::TrustClient;
use cloister_attestation::ear::{ResultKeys, keys_for};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_channel::trust::TrustParts;
use cloister_channel::{PublicKey, TrustBundle, TrustDomain};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tonic::transport::Uri;

use super::{RemoteError, block_on};
use crate::arguments::RemoteArguments;
use crate::evidence::Demands;
use crate::file;
use crate::operator::OperatorError;
use crate::operator::connection::channel;
use crate::operator::settings::address;

/// Whose word counts, as far as it is at hand.
#[derive(Debug)]
pub(super) enum Trust {
    /// Nobody's: the Evidence has to speak for itself.
    Nobody,
    /// Certificates of issuers, and the keys that sign leases, as far as they are given.
    Issuers(Box<Issuers>),
    /// A trust bundle that was written down some time ago: it says what was revoked then.
    Written(Box<TrustBundle>),
    /// A trust bundle that the Verifier gave just now.
    Asked(Box<TrustBundle>),
}

/// What files say of a Verifier, without the name of its trust domain.
#[derive(Debug)]
pub(super) struct Issuers {
    /// Certificates, DER.
    certificates: Vec<Vec<u8>>,
    /// Keys that sign leases; maybe none.
    lease_keys: Vec<PublicKey>,
    anchors: AnchorPolicy,
}

impl Issuers {
    /// As a trust bundle of the domain that a certificate names; nothing is revoked in it.
    fn bundle(&self, trust_domain: &TrustDomain) -> Option<TrustBundle> {
        let parts = TrustParts {
            trust_domain: trust_domain.clone(),
            issuers: self.certificates.clone(),
            lease_keys: self.lease_keys.clone(),
            policy_epoch_floor: 0,
            revoked: Vec::new(),
            sequence: 0,
            issued_at: UnixTime::from_secs(0),
        };
        // Without a key there is no bundle; everything else was checked when it was read.
        TrustBundle::new(parts, self.anchors.clone()).ok()
    }
}

impl Trust {
    /// What the command line names.
    ///
    /// # Errors
    /// [`RemoteError`] if the file does not read, or the Verifier gives no bundle.
    pub(super) fn of(arguments: &RemoteArguments, demands: &Demands) -> Result<Self, RemoteError> {
        let Some(path) = &arguments.trust else { return Ok(Self::Nobody) };
        let anchors = demands.policy.anchors.clone();
        let bytes = file::read(path)?;
        let is_bundle = bytes.trim_ascii_start().starts_with(b"{");
        match (&arguments.verifier, &arguments.jwks) {
            (None, None) if is_bundle => {
                written(path, &bytes, anchors).map(|bundle| Self::Written(Box::new(bundle)))
            }
            (None, jwks) if !is_bundle => issuers(path, &bytes, jwks.as_deref(), anchors),
            (Some(verifier), _) if !is_bundle => {
                let bundle = block_on(asked(&address(verifier)?, path, anchors))?;
                Ok(Self::Asked(Box::new(bundle)))
            }
            _ => Err(refuse(path, "beside --verifier or --jwks it has to be a trust.pem")),
        }
    }

    /// The issuers of certificates, DER; `None` if nobody says who they are.
    pub(super) fn issuers(&self) -> Option<Vec<&[u8]>> {
        match self {
            Self::Nobody => None,
            Self::Issuers(given) => Some(given.certificates.iter().map(Vec::as_slice).collect()),
            Self::Written(bundle) | Self::Asked(bundle) => Some(bundle.issuers().collect()),
        }
    }

    /// What leases of this trust domain are verified against; `None` if no key is at hand.
    pub(super) fn bundle(&self, trust_domain: &TrustDomain) -> Option<Cow<'_, TrustBundle>> {
        match self {
            Self::Nobody => None,
            Self::Issuers(given) => given.bundle(trust_domain).map(Cow::Owned),
            Self::Written(bundle) | Self::Asked(bundle) => Some(Cow::Borrowed(bundle)),
        }
    }
}

fn issuers(
    path: &Path,
    pem: &[u8],
    jwks: Option<&Path>,
    anchors: AnchorPolicy,
) -> Result<Trust, RemoteError> {
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(path, &error.to_string()))?;
    if certificates.is_empty() {
        return Err(refuse(path, "there is no certificate in it"));
    }
    let lease_keys = jwks.map_or_else(|| Ok(Vec::new()), lease_keys)?;
    Ok(Trust::Issuers(Box::new(Issuers { certificates, lease_keys, anchors })))
}

fn lease_keys(path: &Path) -> Result<Vec<PublicKey>, RemoteError> {
    keys_for(&file::read(path)?, ResultKeys::LEASES)
        .map_err(|error| refuse(path, &error.to_string()))
}

/// The trust bundle that a file holds, as the Verifier's `/v1/trust` answered some time ago.
///
/// # Errors
/// [`RemoteError`] if it does not read.
pub(crate) fn written(
    path: &Path,
    json: &[u8],
    anchors: AnchorPolicy,
) -> Result<TrustBundle, RemoteError> {
    let wire: v1::TrustBundle =
        serde_json::from_slice(json).map_err(|error| refuse(path, &error.to_string()))?;
    TrustBundle::from_wire(&wire, anchors).map_err(|error| refuse(path, &error.to_string()))
}

/// The trust bundle that a Verifier gives now, whose certificate `ca` vouches for.
///
/// # Errors
/// [`RemoteError`] if it gives none.
pub(crate) async fn asked(
    verifier: &Uri,
    ca: &Path,
    anchors: AnchorPolicy,
) -> Result<TrustBundle, RemoteError> {
    let mut client = TrustClient::new(channel(verifier, ca).await?);
    let answer = client.bundle(v1::BundleRequest {}).await;
    let wire =
        answer.map_err(|status| OperatorError::from_status(status, &verifier.to_string()))?;
    TrustBundle::from_wire(wire.get_ref(), anchors).map_err(|error| {
        RemoteError::Operator(OperatorError::Settings { reason: error.to_string() })
    })
}

/// The file is not what trust is made of.
pub(crate) fn refuse(path: &Path, reason: &str) -> RemoteError {
    RemoteError::Trust { path: path.to_owned(), reason: reason.to_owned() }
}

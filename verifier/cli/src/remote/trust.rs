//! Who is believed about leases and certificates: nobody, the issuers of a file, or a Verifier.

use std::path::Path;

use cloister_api::v1;
use cloister_api::v1::trust_client::TrustClient;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::TrustBundle;
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
    /// Certificates of issuers, DER. They do not say who signs leases.
    Issuers(Vec<Vec<u8>>),
    /// A trust bundle that was written down some time ago: it says what was revoked then.
    Written(Box<TrustBundle>),
    /// A trust bundle that the Verifier gave just now.
    Asked(Box<TrustBundle>),
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
        match (&arguments.verifier, bytes.trim_ascii_start().starts_with(b"{")) {
            (None, false) => issuers(path, &bytes).map(Self::Issuers),
            (None, true) => written(path, &bytes, anchors),
            (Some(verifier), false) => asked(&address(verifier)?, path, anchors),
            (Some(_), true) => Err(refuse(path, "a Verifier is pinned by its trust.pem")),
        }
    }

    /// The issuers of certificates, DER; `None` if nobody says who they are.
    pub(super) fn issuers(&self) -> Option<Vec<&[u8]>> {
        match self {
            Self::Nobody => None,
            Self::Issuers(issuers) => Some(issuers.iter().map(Vec::as_slice).collect()),
            Self::Written(bundle) | Self::Asked(bundle) => Some(bundle.issuers().collect()),
        }
    }

    /// What leases are verified against.
    pub(super) fn bundle(&self) -> Option<&TrustBundle> {
        match self {
            Self::Nobody | Self::Issuers(_) => None,
            Self::Written(bundle) | Self::Asked(bundle) => Some(bundle),
        }
    }
}

fn issuers(path: &Path, pem: &[u8]) -> Result<Vec<Vec<u8>>, RemoteError> {
    let found: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(path, &error.to_string()))?;
    if found.is_empty() { Err(refuse(path, "there is no certificate in it")) } else { Ok(found) }
}

fn written(path: &Path, json: &[u8], anchors: AnchorPolicy) -> Result<Trust, RemoteError> {
    let wire: v1::TrustBundle =
        serde_json::from_slice(json).map_err(|error| refuse(path, &error.to_string()))?;
    let bundle = TrustBundle::from_wire(&wire, anchors);
    bundle
        .map(|bundle| Trust::Written(Box::new(bundle)))
        .map_err(|error| refuse(path, &error.to_string()))
}

fn asked(verifier: &Uri, ca: &Path, anchors: AnchorPolicy) -> Result<Trust, RemoteError> {
    let address = verifier.to_string();
    let wire = block_on(async {
        let mut client = TrustClient::new(channel(verifier, ca).await?);
        let answer = client.bundle(v1::BundleRequest {}).await;
        let answer = answer.map_err(|status| OperatorError::from_status(status, &address))?;
        Ok(answer.into_inner())
    })?;
    let bundle = TrustBundle::from_wire(&wire, anchors);
    bundle.map(|bundle| Trust::Asked(Box::new(bundle))).map_err(|error| {
        RemoteError::Operator(OperatorError::Settings { reason: error.to_string() })
    })
}

fn refuse(path: &Path, reason: &str) -> RemoteError {
    RemoteError::Trust { path: path.to_owned(), reason: reason.to_owned() }
}

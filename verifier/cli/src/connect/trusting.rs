//! Whose word counts while connected: a file's, or a Verifier's that is asked again and again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::TrustBundle;
use tonic::transport::Uri;

use super::ConnectError;
use crate::arguments::ConnectArguments;
use crate::evidence::Demands;
use crate::file;
use crate::operator::settings::address;
use crate::remote::RemoteError;
use crate::remote::trust::{asked, refuse, written};

/// The trust bundle in use, and where a newer one comes from.
pub(super) struct Trusting {
    source: Option<Source>,
    bundle: Mutex<Arc<TrustBundle>>,
}

/// A Verifier, and the certificates that it has to be issued by.
struct Source {
    verifier: Uri,
    ca: PathBuf,
    anchors: AnchorPolicy,
}

impl Source {
    async fn ask(&self) -> Result<TrustBundle, RemoteError> {
        asked(&self.verifier, &self.ca, self.anchors.clone()).await
    }
}

impl Trusting {
    /// What the command line names.
    ///
    /// # Errors
    /// [`ConnectError`] if the file does not read, or the Verifier gives no bundle.
    pub(super) async fn of(arguments: &ConnectArguments) -> Result<Self, ConnectError> {
        let demands = Demands::of(None, arguments.simulator_anchor.as_deref());
        let anchors = demands.map_err(RemoteError::from)?.policy.anchors;
        let path = &arguments.trust;
        let bytes = file::read(path).map_err(RemoteError::from)?;
        let is_bundle = bytes.trim_ascii_start().starts_with(b"{");
        let (source, bundle) = match &arguments.verifier {
            None if is_bundle => (None, written(path, &bytes, anchors)?),
            Some(verifier) if !is_bundle => {
                let verifier = address(verifier).map_err(RemoteError::from)?;
                let source = Source { verifier, ca: path.clone(), anchors };
                let bundle = source.ask().await?;
                (Some(source), bundle)
            }
            None => return Err(refuse(path, "a trust.pem is for use beside --verifier").into()),
            Some(_) => {
                return Err(refuse(path, "beside --verifier it has to be a trust.pem").into());
            }
        };
        Ok(Self { source, bundle: Mutex::new(Arc::new(bundle)) })
    }

    /// Whether a Verifier is asked.
    pub(super) const fn is_asked(&self) -> bool {
        self.source.is_some()
    }

    /// The bundle in use.
    pub(super) fn bundle(&self) -> Arc<TrustBundle> {
        Arc::clone(&self.bundle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The newest bundle that is to be had. A Verifier that does not answer, or tells less than it
    /// told before, changes nothing: leases end by themselves.
    pub(super) async fn renewed(&self) -> Arc<TrustBundle> {
        let known = self.bundle();
        let Some(source) = &self.source else { return known };
        match source.ask().await {
            Ok(newer) if newer.check_not_before(&known).is_ok() => {
                let newer = Arc::new(newer);
                let mut bundle = self.bundle.lock().unwrap_or_else(PoisonError::into_inner);
                *bundle = Arc::clone(&newer);
                newer
            }
            Ok(_) | Err(_) => known,
        }
    }
}

//! The public attestation document: anybody may ask this runtime what it is, and nothing else.
//!
//! ```text
//!   TLS with ALPN `h2`, no client certificate
//!     |
//!     +-- GET /.well-known/cloister              lease, certificate chain
//!     +-- GET /.well-known/cloister?nonce=HEX    the same, and Evidence for this nonce
//!     |                                          and this connection
//!     '-- anything else                          404
//! ```
//!
//! Strangers ask here, so everything is bounded: connections, their life, requests on one, and
//! above all Evidence, which costs the TEE tens of milliseconds and is shared with everybody on
//! the machine. What arrives here has no way to the agent: this module does not know the gateway.

mod answer;
mod connection;
mod problem;

use std::sync::Arc;

use cloister_attestation::bytes::Nonce;
use cloister_channel::document::{Document, PATH};
use http::{Method, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

pub(crate) use connection::serve;
pub(crate) use problem::{CODES, CROWDED};

use problem::Problem;

use crate::attest::Occasion;
use crate::limits::DOCUMENT_CONNECTIONS_MAX;
use crate::press::{Press, PressError};
use crate::state::{Standing, State};

/// Answers whoever asks for the document.
#[derive(Debug)]
pub(crate) struct Documents {
    state: Arc<State>,
    press: Press,
    open: Arc<Semaphore>,
}

impl Documents {
    pub(crate) fn new(state: Arc<State>, press: Press) -> Self {
        Self { state, press, open: Arc::new(Semaphore::new(DOCUMENT_CONNECTIONS_MAX)) }
    }

    /// Room for one more connection, held as long as it lives; `None` if there is none.
    pub(crate) fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.open).try_acquire_owned().ok()
    }

    /// The document on a connection under `standing` that has this exporter value.
    async fn document(
        &self,
        standing: &Standing,
        exporter: [u8; 32],
        nonce: Option<Nonce>,
    ) -> Result<Document, Problem> {
        // A runtime whose lease is gone has nothing to show, whenever the connection was made.
        if self.state.standing().is_none() {
            return Err(Problem::NotAdmitted);
        }
        let credentials = &standing.credentials;
        let evidence = match nonce {
            Some(nonce) => {
                let (identity_key, channel_key) =
                    (*credentials.identity().thumbprint(), *credentials.channel().thumbprint());
                let exporter = Some(exporter);
                let audit_head = None;
                let occasion = Occasion { identity_key, channel_key, nonce, audit_head, exporter };
                Some(self.press.evidence(occasion).await.map_err(problem)?)
            }
            None => None,
        };
        Ok(Document {
            lease: credentials.lease_bytes().to_vec(),
            lease_jwt: credentials.lease_jwt().map(str::to_owned),
            certificates: credentials.certificates().iter().map(|der| der.to_vec()).collect(),
            evidence,
        })
    }
}

fn problem(error: PressError) -> Problem {
    match error {
        PressError::Busy { wait } => Problem::Busy { wait },
        PressError::Collect(error) => {
            warn!(%error, "no Evidence for an attestation document");
            Problem::Evidence
        }
    }
}

/// What is asked for: the document, with Evidence for a nonce if there is one.
fn asked(method: &Method, uri: &Uri) -> Result<Option<Nonce>, Problem> {
    if method != Method::GET || uri.path() != PATH {
        return Err(Problem::Path);
    }
    let Some(query) = uri.query() else { return Ok(None) };
    let digits = query.strip_prefix("nonce=").ok_or(Problem::Nonce)?;
    digits.parse().map(Some).map_err(|_| Problem::Nonce)
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};

    use super::{Problem, asked};

    fn ask(method: &Method, path: &'static str) -> Result<Option<String>, Problem> {
        asked(method, &Uri::from_static(path)).map(|nonce| nonce.map(|nonce| nonce.to_string()))
    }

    #[test]
    fn a_nonce_is_64_digits_or_absent() {
        const NONCE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(ask(&Method::GET, "/.well-known/cloister").unwrap(), None);
        let asked = ask(
            &Method::GET,
            "/.well-known/cloister?nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        );
        assert_eq!(asked.unwrap().as_deref(), Some(NONCE));
        for query in ["", "nonce", "nonce=", "nonce=00", "none=00", "nonce=zz&nonce=zz"] {
            let uri: Uri = format!("/.well-known/cloister?{query}").parse().unwrap();
            assert!(matches!(asked_of(&uri), Err(Problem::Nonce)), "{query}");
        }
        let long: Uri = format!("/.well-known/cloister?nonce={NONCE}00").parse().unwrap();
        assert!(matches!(asked_of(&long), Err(Problem::Nonce)));
    }

    fn asked_of(uri: &Uri) -> Result<Option<super::Nonce>, Problem> {
        asked(&Method::GET, uri)
    }

    #[test]
    fn there_is_nothing_else() {
        for method in [Method::POST, Method::HEAD, Method::OPTIONS, Method::CONNECT] {
            assert!(matches!(ask(&method, "/.well-known/cloister"), Err(Problem::Path)));
        }
        for path in ["/", "/.well-known/cloister/", "/.well-known/agent-card.json", "//x"] {
            assert!(matches!(ask(&Method::GET, path), Err(Problem::Path)), "{path}");
        }
    }
}

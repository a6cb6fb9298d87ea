//! The ends of a channel show each other their audit logs, on streams of the channel's own: a path
//! that no agent can have marks them.
//!
//! The end that dialled asks, whenever the Verifier was shown more of its log, and the answer has
//! the other end's. Each message has what its sender shows, its word for what it was shown, or both.
//! A peer that does not answer is not asked to vouch for anything, and keeps its channel.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use cloister_attestation::code::Diagnostic as _;
use cloister_audit::{AuditError, EXCHANGE_BYTES_MAX, Exchange};
use cloister_gateway::{Body, empty, full};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use tracing::{debug, warn};

use super::Facts;
use super::requests::Requests;
use super::table::Known;
use crate::audit::{AuditLog, AuditLogError, Peer};
use crate::limits::{
    WITNESS_BURST, WITNESS_INTERVAL, WITNESS_ROUND_MAX, WITNESS_SPREAD, WITNESS_TIMEOUT,
};
use crate::press::Quota;
use crate::random;

/// The streams' path; the number is its version.
pub(super) const PATH: &str = "/cloister/channel/witness/1";

/// Why two logs were not shown.
#[derive(Debug, thiserror::Error)]
enum WitnessError {
    #[error(transparent)]
    Message(#[from] AuditError),
    #[error(transparent)]
    Log(#[from] AuditLogError),
    #[error("the peer answered {0}")]
    Refused(StatusCode),
    #[error("the channel broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer in time")]
    Timeout,
}

/// One end of a channel, as a witness of the other.
#[derive(Clone, Debug)]
pub(super) struct Witnessing {
    audit: Arc<AuditLog>,
    known: Known<Facts>,
    quota: Arc<Mutex<Quota>>,
    since: Instant,
}

impl Witnessing {
    pub(super) fn new(audit: Arc<AuditLog>, known: Known<Facts>) -> Self {
        let quota = Arc::new(Mutex::new(Quota::new(WITNESS_BURST, WITNESS_INTERVAL)));
        Self { audit, known, quota, since: Instant::now() }
    }

    /// Whether a request is for this, and for nothing that an agent can have.
    pub(super) fn is_for<B>(request: &Request<B>) -> bool {
        request.uri().path() == PATH
    }

    /// Answers the end that dialled.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let refused = |status| {
            let mut response = Response::new(empty());
            *response.status_mut() = status;
            response
        };
        if request.method() != Method::POST {
            return refused(StatusCode::NOT_FOUND);
        }
        let now = self.since.elapsed();
        if self.quota.lock().unwrap_or_else(PoisonError::into_inner).take(now).is_err() {
            return refused(StatusCode::TOO_MANY_REQUESTS);
        }
        let answered = async {
            let heard = heard(request.into_body()).await?;
            self.reply(&heard).await
        };
        match in_time(answered).await {
            Ok(reply) => Response::new(full(reply.encode())),
            Err(error) => {
                self.report(&error);
                refused(StatusCode::BAD_REQUEST)
            }
        }
    }

    /// Shows this side's log to the end that was dialled, and hears of its own, whenever there is
    /// something to show. Never returns.
    pub(super) async fn ask(&self, requests: impl Fn() -> Option<Requests>) {
        let mut shown = self.audit.shown();
        loop {
            // Nothing was shown to anybody before the first admission.
            if *shown.borrow_and_update() > 0 {
                tokio::time::sleep(random::draw().of(WITNESS_SPREAD)).await;
                if let Some(requests) = requests()
                    && let Err(error) = in_time(self.round(requests)).await
                {
                    self.report(&error);
                }
            }
            if shown.changed().await.is_err() {
                core::future::pending::<()>().await;
            }
        }
    }

    /// What this side says first, and then to each answer, until there is no more to say.
    async fn round(&self, mut requests: Requests) -> Result<(), WitnessError> {
        let nothing = Exchange::default();
        let mut said = self.reply(&nothing).await?;
        for _ in 0..WITNESS_ROUND_MAX {
            let heard = self.post(&mut requests, &said).await?;
            if heard == nothing {
                return Ok(());
            }
            said = self.reply(&heard).await?;
            if said == nothing {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn post(
        &self,
        requests: &mut Requests,
        said: &Exchange,
    ) -> Result<Exchange, WitnessError> {
        let broken = |error: http::Error| WitnessError::Broken(error.into());
        let authority = format!("{}.cloister", self.known.now().peer.agent);
        let uri = Uri::builder().scheme("https").authority(authority).path_and_query(PATH);
        let mut request = Request::new(full(said.encode()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.build().map_err(broken)?;
        let response = requests.send(request).await;
        let response = response.map_err(|failed| WitnessError::Broken(failed.error.into()))?;
        if response.status() != StatusCode::OK {
            return Err(WitnessError::Refused(response.status()));
        }
        heard(response.into_body()).await
    }

    /// What to say to `heard`: a word for what was shown, and what this side has to show itself.
    async fn reply(&self, heard: &Exchange) -> Result<Exchange, WitnessError> {
        let facts = self.known.now();
        let peer = Peer { subject: &facts.peer, identity_key: facts.lease.claims().identity_key };
        if let Some(cosignature) = &heard.cosignature {
            self.audit.vouched(peer, cosignature)?;
        }
        let cosignature = match &heard.offer {
            Some(offer) => self.audit.witness(peer, offer).await?,
            None => None,
        };
        Ok(Exchange { offer: self.audit.offer_to(peer), cosignature })
    }

    fn report(&self, error: &WitnessError) {
        let peer = &self.known.now().peer.agent;
        match error {
            WitnessError::Message(error) => {
                warn!(%peer, code = error.code().id, %error, "a peer's witness cannot be understood");
            }
            WitnessError::Log(error) => {
                warn!(%peer, code = error.code().id, %error, "cannot be a peer's witness");
            }
            WitnessError::Refused(_) | WitnessError::Broken(_) | WitnessError::Timeout => {
                debug!(%peer, %error, "logs were not shown");
            }
        }
    }
}

/// Dropped with the channel: its peer is not there any more to be shown anything.
#[derive(Debug)]
pub(super) struct Departure {
    audit: Arc<AuditLog>,
    instance: String,
}

impl Departure {
    pub(super) fn of(witnessing: &Witnessing) -> Self {
        let instance = witnessing.known.now().peer.instance.clone();
        Self { audit: Arc::clone(&witnessing.audit), instance }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.audit.left(&self.instance);
    }
}

async fn heard<B>(body: B) -> Result<Exchange, WitnessError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(body, EXCHANGE_BYTES_MAX).collect().await;
    Ok(Exchange::decode(&body.map_err(WitnessError::Broken)?.to_bytes())?)
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, WitnessError>>,
) -> Result<T, WitnessError> {
    tokio::time::timeout(WITNESS_TIMEOUT, work).await.unwrap_or(Err(WitnessError::Timeout))
}

#[cfg(test)]
mod tests {
    use cloister_gateway::RESERVED_PATH;

    use super::PATH;

    #[test]
    fn the_streams_have_a_path_that_the_gateway_carries_to_nobody() {
        assert!(PATH.strip_prefix(RESERVED_PATH).is_some_and(|rest| rest.starts_with('/')));
    }
}

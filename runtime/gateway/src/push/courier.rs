//! Carries what the local agent posts to the peer that asked for it.
//!
//! The agent is answered once its notification waits: what it was told is accepted is delivered, or
//! tried until it is given up, which is on record. Notifications of one configuration go one after
//! the other, so that they arrive in order.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::rand;
use http::{Method, Request, Response, StatusCode, Uri};
use tokio::time::{sleep, timeout};

use super::Pushes;
use super::book::{Entry, PeerId};
use super::capability::Capability;
use super::error::PushError;
use super::notice::Notice;
use super::post::{Letter, Post, Posted};
use super::receive::{about, body, delivery};
use crate::backoff::{Backoff, Draw};
use crate::body::{Body, empty, full};
use crate::dialer::Dialer;
use crate::end::{Callee, Target};
use crate::error::Cause;
use crate::layer::{Call, Classified, Next};
use crate::limits::{
    PUSH_ANSWER_BYTES_MAX, PUSH_ATTEMPT_MAX, PUSH_ATTEMPTS_MAX, PUSH_RETRY_FIRST, PUSH_RETRY_MOST,
};
use crate::path::PUSH_PATH;
use crate::peek::{Watch, collect};
use crate::reply::Shape;
use cloister_channel::AgentName;

/// What is carried: one delivery, as a classified request to a peer.
pub(crate) type Errand = Classified<Callee>;

const RETRY: Backoff = Backoff::new(PUSH_RETRY_FIRST, PUSH_RETRY_MOST);

/// Takes notifications, and delivers them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Courier {
    pushes: Arc<Pushes>,
    dialer: Arc<dyn Dialer>,
    /// What every delivery passes: policy, limits, the record.
    path: Arc<dyn Next<Errand>>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("pushes", &self.pushes).finish_non_exhaustive()
    }
}

/// What became of one attempt.
#[derive(Debug)]
enum Attempt {
    Delivered,
    /// It may be taken later.
    Later(String),
    /// It will not be taken.
    Refused(String),
    /// The peer does not know the configuration any more.
    Gone,
}

impl Courier {
    pub(crate) fn new(
        pushes: Arc<Pushes>,
        dialer: Arc<dyn Dialer>,
        path: impl Next<Errand>,
    ) -> Self {
        Self { pushes, dialer, path: Arc::new(path) }
    }

    /// Takes a notification that the local agent posts under a capability. The answer says that it
    /// waits, or that the same was taken a short time ago.
    pub(crate) async fn take(
        &self,
        capability: Option<Capability>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Cause> {
        let entry = capability.and_then(|it| self.pushes.posts.find(&it));
        let entry = entry.ok_or(PushError::Unknown)?;
        let (headers, body) = body(request).await?;
        let notice = Notice::read(&body)?;
        entry.bind(&notice.task)?;
        let letter = Letter::new(body, about(&headers), notice.is_last, &self.pushes.room)?;
        if entry.post(letter)? == Posted::First {
            // It ends with what waits, or with the configuration.
            drop(tokio::spawn(self.clone().serve(entry)));
        }
        let mut taken = Response::new(empty());
        *taken.status_mut() = StatusCode::ACCEPTED;
        Ok(taken)
    }

    /// Delivers what waits for one configuration.
    async fn serve(self, entry: Arc<Entry<Post>>) {
        while let Some(letter) = entry.next() {
            let attempt = self.insist(&entry, &letter).await;
            let agent = entry.peer.agent.as_str();
            match attempt {
                Attempt::Delivered => {
                    entry.delivered();
                    if letter.is_last {
                        entry.end();
                    }
                }
                Attempt::Later(why) | Attempt::Refused(why) => {
                    tracing::warn!(peer = agent, why, "a push notification is given up");
                    entry.lost();
                }
                Attempt::Gone => {
                    tracing::info!(peer = agent, "a push notification configuration is over");
                    self.pushes.posts.remove(&entry);
                    entry.close();
                }
            }
        }
    }

    /// Tries until it is delivered, or there is no point in trying again.
    async fn insist(&self, entry: &Entry<Post>, letter: &Letter) -> Attempt {
        let mut failures = 0;
        loop {
            // SECURITY: it may have been deleted, or its peer revoked, while this one waited.
            if !self.pushes.posts.keeps(entry) {
                return Attempt::Gone;
            }
            let attempt = timeout(PUSH_ATTEMPT_MAX, self.attempt(entry, letter)).await;
            let attempt =
                attempt.unwrap_or_else(|_| Attempt::Later("no answer in time".to_owned()));
            failures += 1;
            let Attempt::Later(why) = &attempt else { return attempt };
            if failures >= PUSH_ATTEMPTS_MAX {
                return attempt;
            }
            tracing::debug!(peer = entry.peer.agent, why, failures, "delivering again");
            sleep(RETRY.delay(failures, draw())).await;
        }
    }

    async fn attempt(&self, entry: &Entry<Post>, letter: &Letter) -> Attempt {
        let errand = match self.errand(entry, letter).await {
            Ok(errand) => errand,
            Err(attempt) => return attempt,
        };
        match self.path.proceed(errand).await {
            Ok(response) => judged(response).await,
            Err(refused) if is_final(&refused.cause) => Attempt::Refused(refused.cause.to_string()),
            Err(refused) => Attempt::Later(refused.cause.to_string()),
        }
    }

    /// The delivery, on a channel to the very runtime that asked for it.
    async fn errand(&self, entry: &Entry<Post>, letter: &Letter) -> Result<Errand, Attempt> {
        let refused = |why: &dyn fmt::Display| Attempt::Refused(why.to_string());
        let agent = AgentName::new(&entry.peer.agent).map_err(|error| refused(&error))?;
        let dialled = self.dialer.dial(&agent).await;
        let channel = dialled.map_err(|error| Attempt::Later(error.to_string()))?;
        let peer = channel.peer();
        // SECURITY: the same name may by now, or beside, be another runtime's.
        if PeerId::from(&*peer) != entry.peer {
            return Err(Attempt::Later("another runtime of the agent answers".to_owned()));
        }
        let uri = format!("{PUSH_PATH}/{}", entry.what.reference.text());
        let mut request = Request::new(full(letter.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.parse::<Uri>().map_err(|error| refused(&error))?;
        *request.headers_mut() = letter.said.clone();
        let base = String::new();
        let target = Target::Agent;
        let end = Callee { agent, peer, channel, base, own_place: None, target, delegation: None };
        let message_bytes = u64::try_from(letter.body.len()).ok();
        let (operation, watch) = (delivery(entry), Watch::default());
        Ok(Box::new(Call { end, operation, message_bytes, shape: Shape::HttpJson, watch, request }))
    }
}

/// What the peer's runtime says.
async fn judged(response: Response<Body>) -> Attempt {
    let status = response.status();
    // Read to its end, so that the record says that it was answered.
    if collect(response.into_body(), PUSH_ANSWER_BYTES_MAX).await.is_err() {
        return Attempt::Later("the answer broke off".to_owned());
    }
    let again = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
    match status {
        status if status.is_success() => Attempt::Delivered,
        StatusCode::NOT_FOUND => Attempt::Gone,
        status if status.is_server_error() || again.contains(&status) => {
            Attempt::Later(status.to_string())
        }
        status => Attempt::Refused(status.to_string()),
    }
}

/// Whether nothing that passes with time is in the way.
const fn is_final(cause: &Cause) -> bool {
    matches!(cause, Cause::Denied { .. } | Cause::MessageTooLarge { .. })
}

/// A fraction for jitter. Without randomness the middle: jitter is then lost, and nothing else.
fn draw() -> Draw {
    let mut bytes = [0; 4];
    match rand::fill(&mut bytes) {
        Ok(()) => Draw(u32::from_be_bytes(bytes)),
        Err(_) => Draw(u32::MAX / 2),
    }
}

//! Push notifications through the channel: an agent's webhook is on loopback in its own enclave, and
//! the agent that should call it is in another.
//!
//! ```text
//!   A's agent          A's runtime                      B's runtime            B's agent
//!      | url, token        | keeps both,                    | gives a URL of its    |
//!      |------------------>| sends a reference ------------>| own port ------------>|
//!      |                   |                                |                       |
//!      | its own webhook,  | reference, peer and task       | URL, task; queued     |
//!      |<--- its own token | have to fit <------------------| and answered <--------|
//! ```
//!
//! Both the reference and the URL are capabilities of 32 random bytes that mean something to the
//! runtime alone that made them, and each is bound to one boot of one peer, one task and one
//! configuration. Whoever asks for a configuration is shown what it gave. What B's agent posts is
//! answered once it is queued; it is delivered in order, tried again for about a minute, and on
//! record at both ends like any other operation. Nothing of this outlives a runtime.

mod book;
mod broker;
mod capability;
mod config;
mod courier;
mod error;
mod notice;
mod place;
mod post;
mod receive;
mod seen;
mod webhook;

use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::limits::PUSH_WAITING_KIB_MAX;
use crate::operation::Operation;

pub(crate) use book::{Asked, Entry};
pub(crate) use broker::{Brokered, Passage};
pub(crate) use courier::Courier;
pub(crate) use error::{CODES, PushError};
pub(crate) use receive::classify;
pub(crate) use webhook::Webhook;
pub use webhook::WebhookPorts;

use book::Book;
use capability::Capability;
use notice::Notice;
use post::Post;

/// The body of a request as it goes on: its push notification configuration leads to `url`, and has
/// none of the secrets that came with it. Nothing if the request is refused.
#[must_use]
pub fn rewritten_push_request(operation: &Operation, body: &[u8], url: &str) -> Option<Bytes> {
    let leading = |config: &config::Config| Ok(Some(config.leading_to(url.to_owned())));
    place::in_request(operation, body, &mut { leading }).ok()
}

/// The task that a push notification is about; nothing if it is none, or has two readings.
#[must_use]
pub fn notified_task(notification: &[u8]) -> Option<String> {
    Notice::read(notification).ok().map(|notice| notice.task)
}

/// What one runtime knows of push notification configurations, in both directions.
pub struct Pushes {
    /// What the local agent gave to peers.
    webhooks: Arc<Book<Webhook>>,
    /// Where its webhooks may be.
    permitted: WebhookPorts,
    /// What peers gave to the local agent.
    posts: Arc<Book<Post>>,
    /// What the URLs that it is shown begin with.
    local: String,
    /// Room for what waits for delivery, in KiB.
    room: Arc<Semaphore>,
}

impl Pushes {
    /// None yet. The local agent reaches `surface`, and may be notified at the ports `permitted`.
    #[must_use]
    pub fn new(surface: SocketAddr, permitted: WebhookPorts) -> Self {
        Self {
            webhooks: Arc::default(),
            permitted,
            posts: Arc::default(),
            local: format!("http://{surface}{LOCAL_PATH}"),
            room: Arc::new(Semaphore::new(PUSH_WAITING_KIB_MAX)),
        }
    }

    /// Forgets what was agreed with runtimes whose instance `is_gone`: they were revoked.
    pub fn forget_instances(&self, is_gone: impl Fn(&str) -> bool) {
        self.webhooks.forget_instances(&is_gone);
        self.posts.forget_instances(&is_gone);
    }

    /// How many configurations are kept: those that the local agent gave to peers, and those that
    /// peers gave to it.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.webhooks.len(), self.posts.len())
    }
}

impl fmt::Debug for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (given, taken) = self.counts();
        f.debug_struct("Pushes")
            .field("given", &given)
            .field("taken", &taken)
            .finish_non_exhaustive()
    }
}

/// Where the local agent posts its notifications: beneath this, by capability.
const LOCAL_PATH: &str = "/push/";

/// The capability in a path of the local surface, if it is one for notifications.
pub(crate) fn local(path: &str) -> Option<Option<Capability>> {
    path.strip_prefix(LOCAL_PATH).map(Capability::parse)
}

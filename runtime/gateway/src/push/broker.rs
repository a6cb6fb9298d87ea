//! What each end of a channel puts in the place of a configuration that passes it.

use std::sync::Arc;

use bytes::Bytes;

use super::book::{Asked, Bond, Book, Entry, PeerId};
use super::capability::Capability;
use super::config::Config;
use super::error::PushError;
use super::post::Post;
use super::webhook::Webhook;
use super::{Pushes, place};
use crate::end::{Callee, Caller, End, Party};
use crate::layer::Call;
use crate::operation::Operation;

/// What references look like to the other runtime. The host is none (RFC 2606), so that whoever does
/// not know what to do with one can do nothing.
const REFERENCE: &str = "https://cloister.invalid/push/";

/// An end at which configurations are replaced.
pub(crate) trait Brokered: End {
    /// What this end keeps of a configuration.
    type Kept: Send + Sync + 'static;

    /// Where it keeps them.
    fn book(pushes: &Pushes) -> &Arc<Book<Self::Kept>>;

    /// What of a configuration this end keeps, if it may be had at all.
    fn keep(pushes: &Pushes, config: &Config) -> Result<Self::Kept, PushError>;

    /// What the other side is given for it.
    fn given(pushes: &Pushes, config: &Config, entry: &Entry<Self::Kept>) -> Config;

    /// The capability in what the other side was given.
    fn capability(pushes: &Pushes, url: &str) -> Option<Capability>;

    /// What the asking side gave, as it gave it.
    fn shown(entry: &Entry<Self::Kept>) -> Config;
}

/// The local agent asks a peer: the webhook stays here, and a reference goes out.
impl Brokered for Callee {
    type Kept = Webhook;

    fn book(pushes: &Pushes) -> &Arc<Book<Webhook>> {
        &pushes.webhooks
    }

    fn keep(pushes: &Pushes, config: &Config) -> Result<Webhook, PushError> {
        Ok(Webhook::new(config.clone(), &pushes.permitted)?)
    }

    fn given(_: &Pushes, config: &Config, entry: &Entry<Webhook>) -> Config {
        config.leading_to(format!("{REFERENCE}{}", entry.capability.text()))
    }

    fn capability(_: &Pushes, url: &str) -> Option<Capability> {
        url.strip_prefix(REFERENCE).and_then(Capability::parse)
    }

    fn shown(entry: &Entry<Webhook>) -> Config {
        entry.what.given().clone()
    }
}

/// A peer asks the local agent: the reference stays here, and a URL of this runtime goes in.
impl Brokered for Caller {
    type Kept = Post;

    fn book(pushes: &Pushes) -> &Arc<Book<Post>> {
        &pushes.posts
    }

    fn keep(_: &Pushes, config: &Config) -> Result<Post, PushError> {
        // SECURITY: nothing else than a reference gets here, least of all a URL of this machine.
        let reference = config.url.strip_prefix(REFERENCE).and_then(Capability::parse);
        let elsewhere = PushError::Config("leads elsewhere than to the runtime of whoever gave it");
        reference.map(Post::new).ok_or(elsewhere)
    }

    fn given(pushes: &Pushes, config: &Config, entry: &Entry<Post>) -> Config {
        config.leading_to(format!("{}{}", pushes.local, entry.capability.text()))
    }

    fn capability(pushes: &Pushes, url: &str) -> Option<Capability> {
        url.strip_prefix(&pushes.local).and_then(Capability::parse)
    }

    fn shown(entry: &Entry<Post>) -> Config {
        Config::of_url(format!("{REFERENCE}{}", entry.what.reference.text()))
    }
}

/// One request on its way past an end that replaces configurations.
#[derive(Debug)]
pub(crate) struct Passage {
    pushes: Arc<Pushes>,
    pub(crate) operation: Operation,
    /// Who is at the other end; `None` for a visitor.
    peer: Option<PeerId>,
}

impl Passage {
    pub(crate) fn of<E: End>(pushes: &Arc<Pushes>, call: &Call<E>) -> Self {
        let peer = match call.end.peer() {
            Party::Attested(peer) => Some(PeerId::from(peer)),
            Party::Visitor => None,
        };
        Self { pushes: Arc::clone(pushes), operation: call.operation.clone(), peer }
    }

    /// The body of a request with its configuration replaced, and what waits for the answer.
    pub(crate) fn request<E: Brokered>(
        &self,
        body: &[u8],
    ) -> Result<(Bytes, Asked<E::Kept>), PushError> {
        let peer = self.peer.as_ref().ok_or(PushError::Visitor)?;
        let mut asked = None;
        let replaced = place::in_request(&self.operation, body, &mut |config| {
            let bond = Bond {
                peer: peer.clone(),
                version: self.operation.version,
                task: self.operation.task.clone(),
                id: config.id.clone().or_else(|| self.operation.config.clone()),
            };
            let book = E::book(&self.pushes);
            let entry = book.add(bond, E::keep(&self.pushes, config)?)?;
            let given = E::given(&self.pushes, config, &entry);
            // Of two, the first is forgotten here, and the request is refused.
            asked = Some(Asked::new(Arc::clone(book), entry));
            Ok(Some(given))
        })?;
        Ok((replaced, asked.ok_or(PushError::Config("does not come exactly once"))?))
    }

    /// The body of an answer with every configuration as its caller gave it, and without those that
    /// it did not give.
    pub(crate) fn answer<E: Brokered>(&self, body: &[u8]) -> Result<Bytes, PushError> {
        let shown =
            place::in_answer(&self.operation, body, &mut |config| Ok(self.shown::<E>(config)));
        shown.map_err(|error| {
            if let PushError::Config(why) = error { PushError::Answer(why) } else { error }
        })
    }

    fn shown<E: Brokered>(&self, config: &Config) -> Option<Config> {
        let capability = E::capability(&self.pushes, &config.url)?;
        let entry = E::book(&self.pushes).find(&capability)?;
        if self.peer.as_ref() != Some(&entry.peer) {
            return None;
        }
        // The answer is about the task that was asked about.
        entry.bind(self.operation.task.as_deref()?).ok()?;
        entry.confirm(config.id.as_ref());
        Some(E::shown(&entry))
    }

    /// Forgets the configuration that is to be deleted: at once, whatever becomes of the request.
    pub(crate) fn forget<E: Brokered>(&self) {
        let Operation { task: Some(task), config: Some(id), .. } = &self.operation else { return };
        if let Some(peer) = &self.peer {
            E::book(&self.pushes).forget(peer, task, id);
        }
    }
}

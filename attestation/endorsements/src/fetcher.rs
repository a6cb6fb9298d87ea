//! From a need to a verified publication.

use std::fmt;
use std::sync::Arc;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::{Need, Publication, Response};
use cloister_attestation::time::UnixTime;
use http::StatusCode;

use crate::absent::Absent;
use crate::client::{Answer, Client};
use crate::counts::{Counts, Tally};
use crate::error::FetchError;
use crate::flight::Flights;
use crate::host::{Hosts, Ticket};
use crate::limits::body_bytes_max;
use crate::memory::{Kept, Memory};
use crate::origin::Origin;
use crate::retry_after;
use crate::settings::Settings;
use crate::store::{ContentStore, Entry, StoreError};

/// Fetches, verifies and keeps publications. Cheap to clone; clones share everything.
///
/// Asking for the same document from many tasks at once sends one request. A failure is never
/// retried here: the host is left alone for a while that doubles, or that the host asked for, and
/// what is kept is used for as long as its vendor vouches for it.
///
/// # Security
/// Every document is verified up to the given anchors before it is returned or kept, wherever it
/// came from. Requests go to the configured hosts and to no other.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    anchors: Anchors,
    /// Begins every key: documents under different roots are different documents.
    scope: String,
    client: Client,
    hosts: Hosts,
    flights: Flights,
    absent: Absent,
    /// What the store did not have. Where nobody may be asked, nothing gets there either.
    unstored: Absent,
    memory: Memory,
    store: Arc<dyn ContentStore>,
    counts: Counts,
}

/// One document that is being looked for.
#[derive(Clone)]
struct Wanted {
    need: Need,
    key: String,
    authority: Option<Arc<Publication>>,
    now: UnixTime,
}

impl Fetcher {
    /// For documents that end at a root in `anchors`, keeping them in `store`.
    ///
    /// # Errors
    /// [`rustls::Error`] if the TLS library refuses its own defaults.
    pub fn new(
        settings: Settings,
        anchors: Anchors,
        store: Arc<dyn ContentStore>,
    ) -> Result<Self, rustls::Error> {
        let scope = match anchors.simulator_fingerprint() {
            None => "vendor".to_owned(),
            Some(fingerprint) => format!("simulator {fingerprint}"),
        };
        let shared = Shared {
            client: Client::new(&settings)?,
            settings,
            anchors,
            scope,
            hosts: Hosts::default(),
            flights: Flights::default(),
            absent: Absent::default(),
            unstored: Absent::default(),
            memory: Memory::default(),
            store,
            counts: Counts::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// How it works.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What happened so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.counts.tally()
    }

    /// The document if it was verified in this process, is valid at `now` and due for no newer
    /// issue. Asks nobody, not even the store.
    #[must_use]
    pub fn at_hand(&self, need: Need, now: UnixTime) -> Option<Arc<Publication>> {
        let shared = &*self.shared;
        let need = need.of_update(shared.settings.update);
        let wanted = Wanted { need, key: shared.key(&need), authority: None, now };
        shared.recent(&wanted)
    }

    /// The document, verified and valid at `now`: kept, or else fetched. Of Intel's documents, the
    /// one of the configured evaluation.
    ///
    /// # Errors
    /// [`FetchError`] if it is not kept and cannot be fetched now.
    pub async fn fetch(&self, need: Need, now: UnixTime) -> Result<Arc<Publication>, FetchError> {
        let shared = &*self.shared;
        let need = need.of_update(shared.settings.update);
        let authority = match need.authority(&shared.anchors) {
            Some(authority) => Some(Box::pin(self.fetch(authority, now)).await?),
            None => None,
        };
        shared.obtain(&Wanted { need, key: shared.key(&need), authority, now }).await
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("settings", self.settings()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Everything that tells documents apart.
    fn key(&self, need: &Need) -> String {
        format!("{} {:?} {}", self.scope, need.service(), need.path())
    }

    async fn obtain(&self, wanted: &Wanted) -> Result<Arc<Publication>, FetchError> {
        if let Some(kept) = self.recent(wanted) {
            return Ok(kept);
        }
        if self.is_out_of_reach(wanted) {
            self.counts.miss();
            return Err(FetchError::Off { need: wanted.need });
        }
        let _turn = self.flights.enter(&wanted.key).await;
        if let Some(kept) = self.recent(wanted) {
            return Ok(kept);
        }
        let kept = match self.memory.find(&wanted.key, wanted.now) {
            Some(kept) => Some(kept),
            None => self.load(wanted).await,
        };
        if let Some(kept) = kept.as_ref().filter(|kept| !self.is_due(kept, wanted)) {
            self.counts.hit();
            return Ok(Arc::clone(&kept.publication));
        }
        self.counts.miss();
        match (self.download(wanted, kept.as_ref()).await, kept) {
            (Ok(publication), _) => Ok(publication),
            (Err(error), kept) => {
                self.failed(wanted, &error, kept.is_some());
                kept.map(|kept| kept.publication).ok_or(error)
            }
        }
    }

    /// What was verified before and needs no newer issue yet.
    fn recent(&self, wanted: &Wanted) -> Option<Arc<Publication>> {
        let kept = self.memory.find(&wanted.key, wanted.now)?;
        if self.is_due(&kept, wanted) {
            return None;
        }
        self.counts.hit();
        Some(kept.publication)
    }

    /// Whether it is neither in memory nor was in the store, and nobody may be asked for it.
    fn is_out_of_reach(&self, wanted: &Wanted) -> bool {
        self.settings.origin(wanted.need.service()).is_none()
            && self.memory.find(&wanted.key, wanted.now).is_none()
            && self.unstored.find(&wanted.key, wanted.now).is_some()
    }

    /// Whether a newer issue may be out. Never, where nobody may be asked.
    fn is_due(&self, kept: &Kept, wanted: &Wanted) -> bool {
        let age = wanted.now.since(kept.fetched_at);
        wanted.need.is_reissued()
            && self.settings.origin(wanted.need.service()).is_some()
            && age >= self.settings.refresh_interval
    }

    /// From the store. What does not verify any more is as good as absent.
    async fn load(&self, wanted: &Wanted) -> Option<Kept> {
        let (store, key) = (Arc::clone(&self.store), wanted.key.clone());
        let loaded = tokio::task::spawn_blocking(move || store.load(&key)).await;
        let entry = match loaded {
            Ok(Ok(Some(entry))) => entry,
            Ok(Ok(None)) => {
                self.unstored.remember(&wanted.key, wanted.now, String::new());
                return None;
            }
            Ok(Err(error)) => {
                self.store_failed(wanted, &error);
                return None;
            }
            Err(_panicked) => return None,
        };
        let publication = self.verify(wanted, &entry.response).ok()?;
        let kept = Kept { publication: Arc::new(publication), fetched_at: entry.fetched_at };
        self.memory.keep(&wanted.key, kept.clone());
        Some(kept)
    }

    async fn download(
        &self,
        wanted: &Wanted,
        kept: Option<&Kept>,
    ) -> Result<Arc<Publication>, FetchError> {
        let Wanted { need, now, .. } = *wanted;
        let Some(origin) = self.settings.origin(need.service()) else {
            return Err(FetchError::Off { need });
        };
        if let Some(vain) = self.absent.find(&wanted.key, now) {
            return Err(FetchError::InVain { need, reason: vain.reason, until: vain.until });
        }
        let ticket = self
            .hosts
            .of(origin)
            .enter(now)
            .await
            .map_err(|until| FetchError::BackingOff { need, host: origin.to_string(), until })?;
        let answer = self.client.get(origin, &need.path(), body_bytes_max(&need)).await;
        let response = settle(ticket, wanted, origin, answer).inspect_err(|error| {
            if matches!(error, FetchError::Absent { .. }) {
                self.absent.remember(&wanted.key, now, error.to_string());
            }
        })?;
        let publication = self.accept(wanted, &response, (origin, kept)).inspect_err(|error| {
            self.absent.remember(&wanted.key, now, chain(error));
        })?;
        self.keep(wanted, Arc::clone(&publication), response).await;
        Ok(publication)
    }

    // SECURITY: nothing is kept that is not the document asked for, and none goes back.
    fn accept(
        &self,
        wanted: &Wanted,
        response: &Response,
        (origin, kept): (&Origin, Option<&Kept>),
    ) -> Result<Arc<Publication>, FetchError> {
        let Wanted { need, .. } = *wanted;
        let publication = self.verify(wanted, response).map_err(|source| FetchError::Refused {
            need,
            host: origin.to_string(),
            source: Box::new(source),
        })?;
        let before = kept.and_then(|kept| kept.publication.issue());
        let is_older =
            publication.issue().zip(before).is_some_and(|(own, kept)| own.is_before(kept));
        if is_older {
            return Err(FetchError::Older { need, host: origin.to_string() });
        }
        self.counts.fetched();
        Ok(Arc::new(publication))
    }

    fn verify(
        &self,
        wanted: &Wanted,
        response: &Response,
    ) -> Result<Publication, cloister_attestation::publication::PublicationError> {
        let authority = wanted.authority.as_deref();
        Publication::verify(wanted.need, response, authority, &self.anchors, wanted.now)
    }

    /// In memory in any case. A store that fails costs a request after the next start.
    async fn keep(&self, wanted: &Wanted, publication: Arc<Publication>, response: Response) {
        let fetched_at = wanted.now;
        self.memory.keep(&wanted.key, Kept { publication, fetched_at });
        let (store, key) = (Arc::clone(&self.store), wanted.key.clone());
        let entry = Entry { fetched_at, response };
        let written = tokio::task::spawn_blocking(move || store.keep(&key, &entry)).await;
        if let Ok(Err(error)) = written {
            self.store_failed(wanted, &error);
        }
    }

    /// A service that is switched off is no failure: its operator knows.
    fn failed(&self, wanted: &Wanted, error: &FetchError, kept: bool) {
        if !matches!(error, FetchError::Off { .. }) {
            self.counts.failed(error.code());
            tracing::warn!(need = %wanted.need, kept, error = %chain(error), "not fetched");
        }
    }

    fn store_failed(&self, wanted: &Wanted, error: &StoreError) {
        self.counts.failed(error.code());
        tracing::warn!(need = %wanted.need, error = %chain(error), "the store of documents failed");
    }
}

/// Gives the ticket back with what the answer says about the host, and returns the document.
fn settle(
    ticket: Ticket,
    wanted: &Wanted,
    origin: &Origin,
    answer: Result<Answer, FetchError>,
) -> Result<Response, FetchError> {
    let Wanted { need, now, .. } = *wanted;
    let host = origin.to_string();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            ticket.failed(now, None);
            return Err(error);
        }
    };
    let status = answer.status.as_u16();
    let asked = answer.retry_after.and_then(|value| retry_after::delay(&value, now));
    match answer.status {
        StatusCode::OK => {
            ticket.succeeded();
            Ok(answer.response)
        }
        StatusCode::TOO_MANY_REQUESTS => {
            Err(FetchError::Throttled { host, until: ticket.failed(now, asked) })
        }
        status_code if status_code.is_redirection() => {
            ticket.failed(now, None);
            Err(FetchError::Redirect { host, status })
        }
        // A timeout, or too early: the host's trouble and not the document's.
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            ticket.failed(now, asked);
            Err(FetchError::Status { host, status })
        }
        status_code if status_code.is_client_error() => {
            ticket.succeeded();
            Err(FetchError::Absent { need, host, status })
        }
        _ => {
            ticket.failed(now, asked);
            Err(FetchError::Status { host, status })
        }
    }
}

/// An error and its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

//! The log: one order for everything, and one sync for many records.

mod showing;

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{Began, Omitted};
use cloister_audit::{
    Audience, Checkpoint, Event, Frame, Growth, Head, Kind, Origin, Range, Record,
    SignedCheckpoint, Witness,
};
use cloister_channel::IdentityKey;
use tokio::sync::{oneshot, watch};
use tracing::error;

use super::disk::{self, Store};
use super::error::AuditLogError;
use super::shelf::Shelf;
use super::strangers::Strangers;
use crate::clock::Clock;
use crate::limits::{AUDIT_MEMORY_BYTES_MAX, AUDIT_PENDING_BYTES_MAX};
pub(crate) use showing::Peer;

/// Whose log it is, and who signs its checkpoints.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) identity: Arc<IdentityKey>,
    pub(crate) trust_domain: String,
    pub(crate) agent: String,
    pub(crate) clock: Arc<Clock>,
}

/// The audit log of this boot. Dropping it ends its writer, once everything is written.
pub(crate) struct AuditLog(Arc<Shared>);

struct Shared {
    owner: Owner,
    origin: Origin,
    epoch: AtomicU64,
    channels: AtomicU64,
    strangers: Mutex<Strangers>,
    /// The agent may meet its fence as often as it likes.
    fenced: Mutex<Strangers>,
    inner: Mutex<Inner>,
    wake: Condvar,
    /// What peers showed of their logs.
    witness: Mutex<Witness>,
    /// How many records the Verifier has been shown.
    shown: watch::Sender<u64>,
}

struct Inner {
    growth: Growth,
    audience: Audience,
    /// Records that are about more than who was shown what.
    weight: u64,
    at: UnixTime,
    shelf: Shelf,
    /// The last checkpoint.
    latest: Option<SignedCheckpoint>,
    /// What the writer has to write; `None` for a log in memory.
    pending: Option<Pending>,
    /// Events that could not be recorded since the last one that could.
    omitted: u64,
    failed: Option<String>,
    closed: bool,
}

#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    waiting: Vec<oneshot::Sender<()>>,
}

/// Told once everything before it is durable.
type Ticket = Option<oneshot::Receiver<()>>;

impl AuditLog {
    /// Begins a log: in `folder`, where there is one, else in memory. Reads what an earlier boot
    /// left in the folder, and may block.
    ///
    /// # Errors
    /// [`AuditLogError`] if the folder cannot be used.
    pub(crate) fn begin(
        owner: Owner,
        began: Began,
        folder: Option<&Path>,
    ) -> Result<Self, AuditLogError> {
        let Some(folder) = folder else { return Self::in_memory(owner, began) };
        let instance = owner.identity.instance().to_string();
        let (file, predecessor) = disk::begin(folder, &instance)?;
        Self::on(owner, Began { predecessor, ..began }, file)
    }

    /// Begins a log in memory.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(crate) fn in_memory(owner: Owner, began: Began) -> Result<Self, AuditLogError> {
        let log = Self::new(owner, None);
        log.append(Event::Began(Began { durable: false, ..began }))?;
        Ok(log)
    }

    /// Begins a log on `store`.
    pub(super) fn on(owner: Owner, began: Began, store: impl Store) -> Result<Self, AuditLogError> {
        let log = Self::new(owner, Some(Pending::default()));
        let head = Head::new(log.0.origin.clone(), &Range::from(0)).frame()?;
        if let Some(pending) = &mut log.lock().pending {
            pending.bytes = head.to_bytes();
        }
        log.append(Event::Began(Began { durable: true, ..began }))?;
        let shared = Arc::clone(&log.0);
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || shared.write(store))
            .map_err(|error| AuditLogError::Failed(error.to_string()))?;
        Ok(log)
    }

    fn new(owner: Owner, pending: Option<Pending>) -> Self {
        let origin = Origin {
            trust_domain: owner.trust_domain.clone(),
            agent: owner.agent.clone(),
            identity_key: owner.identity.spki().to_vec(),
        };
        let inner = Inner {
            growth: Growth::default(),
            audience: Audience::default(),
            weight: 0,
            at: UnixTime::from_secs(0),
            shelf: Shelf::new(AUDIT_MEMORY_BYTES_MAX),
            latest: None,
            pending,
            omitted: 0,
            failed: None,
            closed: false,
        };
        Self(Arc::new(Shared {
            owner,
            origin,
            epoch: AtomicU64::new(0),
            channels: AtomicU64::new(0),
            strangers: Mutex::default(),
            fenced: Mutex::default(),
            inner: Mutex::new(inner),
            wake: Condvar::new(),
            witness: Mutex::default(),
            shown: watch::Sender::new(0),
        }))
    }

    /// Puts `event` on record, and resolves with its number once it is durable.
    ///
    /// # Errors
    /// [`AuditLogError`] if it is not.
    pub(crate) async fn record(&self, event: Event) -> Result<u64, AuditLogError> {
        let (sequence, ticket) = {
            let mut inner = self.lock();
            let sequence = self.0.push(&mut inner, event)?;
            (sequence, inner.ticket())
        };
        self.0.wake.notify_one();
        self.settled(ticket).await?;
        Ok(sequence)
    }

    /// Puts `event` on record and does not wait for it. What is recorded later is durable later,
    /// so that an acknowledged record vouches for it as well.
    pub(crate) fn note(&self, event: Event) {
        if let Err(error) = self.append(event) {
            error!(code = error.code().id, %error, "an event is not on record");
            let mut inner = self.lock();
            inner.omitted = inner.omitted.saturating_add(1);
        }
    }

    /// Signs the size and root of now, and resolves once everything that it is over is durable.
    ///
    /// # Errors
    /// [`AuditLogError`] if the log has failed, or nothing can be signed.
    pub(crate) async fn checkpoint(&self) -> Result<SignedCheckpoint, AuditLogError> {
        let (signed, ticket) = {
            let mut inner = self.lock();
            (self.0.sign(&mut inner)?, inner.ticket())
        };
        self.0.wake.notify_one();
        self.settled(ticket).await?;
        Ok(signed)
    }

    /// What is kept in memory, as a file that can be checked.
    ///
    /// # Errors
    /// [`AuditLogError::Record`].
    pub(crate) fn excerpt(&self) -> Result<Vec<u8>, AuditLogError> {
        Ok(self.lock().shelf.excerpt(&self.0.origin)?)
    }

    /// The policy epoch that records name.
    pub(crate) fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::Relaxed)
    }

    /// Records name this policy epoch from now on.
    pub(crate) fn set_epoch(&self, epoch: u64) {
        self.0.epoch.store(epoch, Ordering::Relaxed);
    }

    /// Names the next channel.
    pub(crate) fn next_channel(&self) -> u64 {
        self.0.channels.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether one more stranger is recorded on its own; if so, how many were not since the last.
    pub(super) fn admit_stranger(&self) -> Option<u64> {
        self.0.strangers.lock().unwrap_or_else(PoisonError::into_inner).admit()
    }

    /// The same for what the agent was denied.
    pub(super) fn admit_fenced(&self) -> Option<u64> {
        self.0.fenced.lock().unwrap_or_else(PoisonError::into_inner).admit()
    }

    fn append(&self, event: Event) -> Result<u64, AuditLogError> {
        let sequence = self.0.push(&mut self.lock(), event)?;
        self.0.wake.notify_one();
        Ok(sequence)
    }

    async fn settled(&self, ticket: Ticket) -> Result<(), AuditLogError> {
        match ticket {
            None => Ok(()),
            Some(ticket) => ticket.await.map_err(|_| self.lock().failure()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.lock().closed = true;
        self.0.wake.notify_one();
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("origin", &self.0.origin).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, inner: &mut Inner, event: Event) -> Result<u64, AuditLogError> {
        inner.check_room()?;
        let omitted = core::mem::take(&mut inner.omitted);
        if omitted > 0 {
            let what = super::error::FULL.id.to_owned();
            self.enter(inner, Event::Omitted(Omitted { what, count: omitted }))?;
        }
        self.enter(inner, event)
    }

    fn enter(&self, inner: &mut Inner, event: Event) -> Result<u64, AuditLogError> {
        let sequence = inner.growth.end();
        let at = self.owner.clock.now().max(inner.at);
        let weighs = !matches!(event, Event::Witnessed(_) | Event::Vouched(_));
        let record = Record::new(sequence, at, event).encode()?;
        let frame = Frame::new(Kind::Record, record)?;
        inner.at = at;
        inner.weight = inner.weight.saturating_add(u64::from(weighs));
        inner.growth.append(frame.hash());
        inner.keep(frame);
        Ok(sequence)
    }

    /// The checkpoint of now: the last one, if nothing was recorded since.
    fn sign(&self, inner: &mut Inner) -> Result<SignedCheckpoint, AuditLogError> {
        inner.check_room()?;
        let size = inner.growth.end();
        let is_now = |signed: &&SignedCheckpoint| signed.checkpoint().size == size;
        if let Some(latest) = inner.latest.as_ref().filter(is_now) {
            return Ok(latest.clone());
        }
        let at = self.owner.clock.now().max(inner.at);
        let root = inner.growth.tree().root();
        let checkpoint = Checkpoint::new(self.origin.clone(), size, root, at);
        let identity = &self.owner.identity;
        let signed = SignedCheckpoint::sign(&checkpoint, |typ, payload| {
            identity.sign_typed(typ, payload).map_err(AuditLogError::from)
        })?;
        let frame = Frame::new(Kind::Checkpoint, signed.bytes().to_vec())?;
        inner.at = at;
        inner.keep(frame);
        inner.latest = Some(signed.clone());
        Ok(signed)
    }

    /// Writes whatever is pending, all of it at once, until the log is closed or the store fails.
    fn write(&self, mut store: impl Store) {
        while let Some(Pending { bytes, waiting }) = self.next_batch() {
            // What came before is durable: batches follow one another.
            let written = if bytes.is_empty() { Ok(()) } else { store.append(&bytes) };
            if let Err(error) = written {
                error!(code = super::error::FAILED.id, %error, "the audit log failed: nothing more is dispatched");
                // What waits learns of it by being dropped, after this says why.
                self.lock().fail(error.to_string());
                return;
            }
            for waiter in waiting {
                // Whoever does not wait any longer has no use for it.
                let _: Result<(), ()> = waiter.send(());
            }
        }
    }

    fn next_batch(&self) -> Option<Pending> {
        let idle = |inner: &mut Inner| !inner.closed && !inner.has_pending();
        let waited = self.wake.wait_while(self.lock(), idle);
        let mut inner = waited.unwrap_or_else(PoisonError::into_inner);
        let is_there = inner.has_pending();
        inner.pending.as_mut().map(core::mem::take).filter(|_| is_there)
    }
}

impl Inner {
    fn check_room(&self) -> Result<(), AuditLogError> {
        if self.failed.is_some() {
            return Err(self.failure());
        }
        let pending = self.pending.as_ref().map_or(0, |pending| pending.bytes.len());
        if pending > AUDIT_PENDING_BYTES_MAX { Err(AuditLogError::Full) } else { Ok(()) }
    }

    fn failure(&self) -> AuditLogError {
        AuditLogError::Failed(self.failed.clone().unwrap_or_else(|| "it was closed".to_owned()))
    }

    fn fail(&mut self, reason: String) {
        self.failed = Some(reason);
        self.pending = Some(Pending::default());
    }

    fn has_pending(&self) -> bool {
        let empty = |pending: &Pending| pending.bytes.is_empty() && pending.waiting.is_empty();
        self.pending.as_ref().is_some_and(|pending| !empty(pending))
    }

    fn keep(&mut self, frame: Frame) {
        if let Some(pending) = &mut self.pending {
            pending.bytes.extend_from_slice(&frame.to_bytes());
        }
        self.shelf.push(frame);
    }

    /// For everything that was entered so far, of which some may be on its way already.
    fn ticket(&mut self) -> Ticket {
        let pending = self.pending.as_mut()?;
        let (sender, receiver) = oneshot::channel();
        pending.waiting.push(sender);
        Some(receiver)
    }
}

#[cfg(test)]
mod tests;

//! What the local agent posts for one configuration of a peer, until it is delivered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cloister_audit::Hash;
use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::book::Entry;
use super::capability::Capability;
use super::error::PushError;
use crate::limits::PUSH_WAITING_OF_ONE_MAX;

/// A notification that waits.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) body: Bytes,
    /// What is said about the body.
    pub(super) said: HeaderMap,
    digest: Hash,
    /// Its task is over with it.
    pub(super) is_last: bool,
    _room: Arc<OwnedSemaphorePermit>,
}

impl Letter {
    /// Takes a notification if there is room for it.
    pub(super) fn new(
        body: Bytes,
        said: HeaderMap,
        is_last: bool,
        room: &Arc<Semaphore>,
    ) -> Result<Self, PushError> {
        let kib = u32::try_from(body.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = Arc::clone(room).try_acquire_many_owned(kib.max(1));
        let room = room.map_err(|_| PushError::Full("another notification"))?;
        Ok(Self { digest: Hash::of(&body), body, said, is_last, _room: Arc::new(room) })
    }
}

/// Where notifications of one configuration go, and those that wait, in their order.
#[derive(Debug)]
pub(crate) struct Post {
    /// What the peer's runtime knows the configuration by.
    pub(super) reference: Capability,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Letter>,
    /// Somebody delivers.
    is_served: bool,
}

/// What became of a notification that was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// It waits, and somebody has to begin to deliver.
    First,
    /// It waits behind others.
    Behind,
    /// The same came a short time ago.
    Repeated,
}

impl Post {
    pub(super) fn new(reference: Capability) -> Self {
        Self { reference, line: Mutex::default() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Every change leaves the line whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<Post> {
    /// Puts a notification behind those that wait.
    pub(super) fn post(&self, letter: Letter) -> Result<Posted, PushError> {
        let mut line = self.what.line();
        let now = Instant::now();
        if self.with_seen(|seen| seen.has(&letter.digest, now)) {
            return Ok(Posted::Repeated);
        }
        if line.waiting.len() >= PUSH_WAITING_OF_ONE_MAX {
            return Err(PushError::Full("another notification"));
        }
        self.with_seen(|seen| seen.note(letter.digest, now));
        line.waiting.push_back(letter);
        let was_served = core::mem::replace(&mut line.is_served, true);
        Ok(if was_served { Posted::Behind } else { Posted::First })
    }

    /// What is to be delivered next; `None` ends the service, until something is posted again.
    pub(super) fn next(&self) -> Option<Letter> {
        let mut line = self.what.line();
        let next = line.waiting.front().cloned();
        line.is_served = next.is_some();
        next
    }

    /// The next one was delivered.
    pub(super) fn delivered(&self) {
        self.what.line().waiting.pop_front();
    }

    /// The next one is given up. The agent may post it again.
    pub(super) fn lost(&self) {
        let lost = self.what.line().waiting.pop_front();
        if let Some(letter) = lost {
            self.with_seen(|seen| seen.forget(&letter.digest));
        }
    }

    /// Everything that waits is given up.
    pub(super) fn close(&self) {
        let mut line = self.what.line();
        line.waiting.clear();
        line.is_served = false;
    }
}

//! How one host is treated: few requests at once, none while it is left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloister_attestation::time::UnixTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{BACK_OFF_MAX, BACK_OFF_MIN, REQUESTS_PER_HOST_MAX, RETRY_AFTER_MAX};
use crate::origin::Origin;

/// The hosts that were asked so far: at most one for each configured service.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Mutex<HashMap<Origin, Arc<Host>>>);

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    places: Arc<Semaphore>,
    circuit: Mutex<Circuit>,
}

#[derive(Debug, Default)]
struct Circuit {
    /// Failures since the last success.
    failures: u32,
    /// Until when the host is left alone.
    closed_until: Option<UnixTime>,
    /// Whether one request is finding out if the host has recovered.
    probing: bool,
}

/// The right to send one request. Given back with its outcome.
#[derive(Debug)]
pub(crate) struct Ticket {
    host: Arc<Host>,
    _place: OwnedSemaphorePermit,
    settled: bool,
}

impl Hosts {
    pub(crate) fn of(&self, origin: &Origin) -> Arc<Host> {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let host = || Arc::new(Host::new());
        Arc::clone(hosts.entry(origin.clone()).or_insert_with(host))
    }
}

impl Host {
    fn new() -> Self {
        let places = Arc::new(Semaphore::new(REQUESTS_PER_HOST_MAX));
        Self { places, circuit: Mutex::default() }
    }

    /// Waits for a place, unless the host is left alone.
    ///
    /// # Errors
    /// The time until which it is left alone.
    pub(crate) async fn enter(self: Arc<Self>, now: UnixTime) -> Result<Ticket, UnixTime> {
        self.circuit().admits(now)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        // INVARIANT: the semaphore is never closed; were it, the host would be left alone.
        let place = place.map_err(|_| now.plus(BACK_OFF_MIN))?;
        self.circuit().begin(now)?;
        Ok(Ticket { host: self, _place: place, settled: false })
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        // A panic elsewhere leaves it whole: every change is a few assignments.
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    fn admits(&self, now: UnixTime) -> Result<(), UnixTime> {
        match self.closed_until {
            // A clock that was set back must not keep a host closed beyond the longest wait.
            Some(until) if now < until && until.since(now) <= RETRY_AFTER_MAX => Err(until),
            _ if self.probing => Err(now.plus(BACK_OFF_MIN)),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, now: UnixTime) -> Result<(), UnixTime> {
        self.admits(now)?;
        self.probing = self.failures > 0;
        Ok(())
    }

    fn failed(&mut self, now: UnixTime, asked: Option<Duration>) -> UnixTime {
        // Requests that were under way together and fail together are one failure.
        if let (Err(until), None, false) = (self.admits(now), asked, self.probing) {
            return until;
        }
        let doubled = 2_u32.saturating_pow(self.failures);
        let own = BACK_OFF_MIN.saturating_mul(doubled).min(BACK_OFF_MAX);
        let delay = asked.map_or(own, |asked| asked.clamp(BACK_OFF_MIN, RETRY_AFTER_MAX));
        let until = now.plus(delay);
        *self = Self {
            failures: self.failures.saturating_add(1),
            closed_until: Some(until),
            probing: false,
        };
        until
    }
}

impl Ticket {
    /// The host answered.
    pub(crate) fn succeeded(mut self) {
        self.settled = true;
        *self.host.circuit() = Circuit::default();
    }

    /// The host failed at `now`, and may have said how long to wait. Returns until when it is
    /// left alone.
    pub(crate) fn failed(mut self, now: UnixTime, asked: Option<Duration>) -> UnixTime {
        self.settled = true;
        self.host.circuit().failed(now, asked)
    }
}

impl Drop for Ticket {
    /// A request that was given up says nothing about the host.
    fn drop(&mut self) {
        if !self.settled {
            self.host.circuit().probing = false;
        }
    }
}

#[cfg(test)]
mod tests;

//! A node's clock: what its host says it is, and never earlier than a Verifier has signed.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cloister_attestation::time::UnixTime;
use rustls::pki_types::UnixTime as TlsTime;
use rustls::time_provider::TimeProvider;

use crate::world::NOW;

/// True milliseconds since a run's beginning, which no node knows.
pub(super) type Ms = u64;

/// One node's clock, with the rule that `cloisterd` has for its own.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// How far the host's clock is off the truth, in milliseconds.
    pub(super) offset: i64,
    floor: Option<(UnixTime, Ms)>,
    tls: Arc<Shown>,
}

impl Clock {
    pub(super) fn new(offset: i64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// What the clock says at the true time `at`.
    pub(super) fn now(&self, at: Ms) -> UnixTime {
        let host = wall(at, self.offset);
        self.floor(at).map_or(host, |floor| host.max(floor))
    }

    /// Learns that it was `time` somewhere trusted.
    pub(super) fn raise(&mut self, time: UnixTime, at: Ms) {
        self.floor = Some((self.floor(at).map_or(time, |floor| floor.max(time)), at));
    }

    fn floor(&self, at: Ms) -> Option<UnixTime> {
        self.floor.map(|(time, seen)| time.plus(Duration::from_millis(at - seen)))
    }

    /// A reboot forgets what was signed; the host's error stays.
    pub(super) fn reboot(&mut self) {
        self.floor = None;
    }

    /// The clock as TLS reads it, which shows what [`Self::show`] was told last.
    pub(super) fn for_tls(&self) -> Arc<dyn TimeProvider> {
        Arc::<Shown>::clone(&self.tls)
    }

    pub(super) fn show(&self, at: Ms) {
        self.tls.0.store(self.now(at).as_secs(), Ordering::Relaxed);
    }
}

/// What a clock that is `offset` milliseconds off says at the true time `at`.
pub(super) fn wall(at: Ms, offset: i64) -> UnixTime {
    let millis = (NOW.as_secs() * 1000 + at).checked_add_signed(offset).unwrap();
    UnixTime::from_secs(millis / 1000)
}

#[derive(Debug, Default)]
struct Shown(AtomicU64);

impl TimeProvider for Shown {
    fn current_time(&self) -> Option<TlsTime> {
        Some(TlsTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
    }
}

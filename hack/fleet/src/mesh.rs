//! Runtimes on a ring, each with channels to its nearest neighbours, through simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use cloister_api::v1;
use cloister_domain::random::Random;
use cloister_node::backoff::Draw;
use cloister_node::renewal;
use serde::Serialize;

use crate::Arguments;
use crate::channel::Channel;
use crate::clock::Clock;
use crate::meter::{self, each_ms, measured, number};
use crate::runtime::{Runtime, Seat};
use crate::verifier::Verifier;

/// Runtimes come up one after the other within this time.
const BOOT_MS: u64 = 60_000;
const MINUTE_MS: u64 = 60_000;
const SEED: u64 = 1;

/// What the fleet's channels cost. Times are of the processor.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mesh {
    /// Channels that were opened.
    pub(crate) channels: usize,
    /// One lease, at both the Verifier and the runtime, without Evidence, milliseconds.
    pub(crate) lease_ms: f64,
    /// One new channel, both ends, milliseconds.
    pub(crate) channel_ms: f64,
    /// Resident memory of one end, without TLS and HTTP/2, KiB.
    pub(crate) memory_per_end_kib: f64,
    /// Leases issued a minute.
    pub(crate) leases_per_minute: f64,
    /// Renewals told and taken in band a minute, over all ends.
    pub(crate) renewals_per_minute: f64,
    /// One renewal in band, both ends, milliseconds.
    pub(crate) renewal_ms: f64,
    /// One runtime's minute in which it only renews, its peers' renewals included, milliseconds.
    pub(crate) minute_ms: f64,
    /// One revocation, as everybody hears of it.
    pub(crate) revocation: Announced,
    /// A policy epoch that ends every lease.
    pub(crate) epoch: Announced,
}

/// What one event of the Verifier comes to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Announced {
    /// Messages from the Verifier: one to each runtime.
    pub(crate) messages: usize,
    /// Bytes of all of them.
    pub(crate) bytes: usize,
    /// At one runtime, milliseconds of the processor.
    pub(crate) each_ms: f64,
    /// Ends of channels that ended by it.
    pub(crate) ended: usize,
}

struct Fleet {
    clock: Clock,
    verifier: Verifier,
    runtimes: Vec<Runtime>,
    channels: Vec<Channel>,
    random: Random,
    /// When each runtime asks for its next lease, soonest first.
    renewals: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Mesh {
    /// Brings the fleet up, lets it renew, revokes one runtime, and raises the policy epoch.
    pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Self> {
        let peers = usize::try_from(arguments.peers)?;
        let mut fleet = Fleet::new(arguments.lease());
        let (admitted, leases) = measured(|| fleet.admit(usize::try_from(arguments.nodes)?));
        admitted?;
        let before = meter::resident()?;
        let (opened, opening) = measured(|| fleet.connect(peers));
        opened?;
        let (nodes, channels) = (fleet.runtimes.len(), fleet.channels.len());
        let held = meter::resident()? - before;

        let minutes = arguments.minutes.max(1);
        let watched = fleet.watch(BOOT_MS + u64::from(minutes) * MINUTE_MS)?;
        let per_minute = |count: usize| number(count) / f64::from(minutes);
        let idle = watched.leases_took + watched.renewals_took;
        let revocation = fleet.revoke_one()?;
        ensure!(revocation.ended == 2 * peers, "a revocation ended {} ends", revocation.ended);
        let epoch = fleet.raise_epoch()?;
        ensure!(epoch.ended == 2 * channels - revocation.ended, "a channel outlives its epoch");
        Ok(Self {
            channels,
            lease_ms: each_ms(leases, nodes),
            channel_ms: each_ms(opening, channels),
            memory_per_end_kib: held / number(2 * channels),
            leases_per_minute: per_minute(watched.leases),
            renewals_per_minute: per_minute(watched.renewals),
            renewal_ms: each_ms(watched.renewals_took, watched.renewals),
            minute_ms: each_ms(idle, nodes) / f64::from(minutes),
            revocation,
            epoch,
        })
    }
}

/// What happened while the fleet was left alone.
#[derive(Debug, Default)]
struct Watched {
    leases: usize,
    leases_took: Duration,
    renewals: usize,
    renewals_took: Duration,
}

impl Fleet {
    fn new(lease: Duration) -> Self {
        Self {
            clock: Clock::default(),
            verifier: Verifier::new(lease),
            runtimes: Vec::new(),
            channels: Vec::new(),
            random: Random::new(SEED),
            renewals: BinaryHeap::new(),
        }
    }

    fn admit(&mut self, nodes: usize) -> anyhow::Result<()> {
        for (number, at) in (0..nodes).zip(evenly(nodes)) {
            self.clock.set(at);
            self.runtimes.push(Runtime::admitted(number, &self.verifier, &self.clock)?);
            self.schedule(number, at)?;
        }
        Ok(())
    }

    /// Opens channels from each runtime to the next ones on the ring, to half of its peers; the
    /// other half opens channels to it.
    fn connect(&mut self, peers: usize) -> anyhow::Result<()> {
        self.clock.set(BOOT_MS);
        let (nodes, now) = (self.runtimes.len(), self.clock.now());
        for (from, step) in (0..nodes).flat_map(|from| (1..=peers / 2).map(move |by| (from, by))) {
            let ends = [from, (from + step) % nodes];
            let pair = [self.runtime(ends[0])?, self.runtime(ends[1])?];
            let channel = Channel::open(&self.verifier.world, pair, now)?;
            for (end, number) in ends.into_iter().enumerate() {
                let seat = Seat { channel: self.channels.len(), end };
                self.runtimes.get_mut(number).context("a runtime on the ring")?.seats.push(seat);
            }
            self.channels.push(channel);
        }
        Ok(())
    }

    /// Lets time pass until `until`: everybody renews when `cloisterd` would. No channel may end.
    fn watch(&mut self, until: u64) -> anyhow::Result<Watched> {
        let (mut watched, mut next_look) = (Watched::default(), BOOT_MS);
        while let Some(Reverse((at, number))) = self.renewals.pop().filter(|it| it.0.0 < until) {
            while next_look <= at {
                self.look(next_look)?;
                next_look += MINUTE_MS;
            }
            self.clock.set(at);
            self.renew(number, &mut watched)?;
            self.schedule(number, at)?;
        }
        self.look(until)?;
        Ok(watched)
    }

    fn renew(&mut self, number: usize, watched: &mut Watched) -> anyhow::Result<()> {
        let now = self.clock.now();
        let runtime = self.runtimes.get_mut(number).context("a runtime on the ring")?;
        let (leased, took) = measured(|| runtime.renew(&self.verifier, &self.clock));
        leased?;
        watched.leases += 1;
        watched.leases_took += took;
        let channels = &mut self.channels;
        let (told, took) = measured(|| {
            runtime.seats.iter().try_for_each(|seat| {
                let channel = channels.get_mut(seat.channel).context("a seat at a channel")?;
                channel.renew(seat.end, &runtime.standing, now)
            })
        });
        told?;
        watched.renewals += runtime.seats.len();
        watched.renewals_took += took;
        Ok(())
    }

    /// Gives every channel the time.
    fn look(&mut self, at: u64) -> anyhow::Result<()> {
        self.clock.set(at);
        let now = self.clock.now();
        let lapsed: usize = self.channels.iter_mut().map(|channel| channel.pass(now)).sum();
        ensure!(lapsed == 0, "{lapsed} ends of channels lapsed although everybody renews");
        Ok(())
    }

    /// Revokes the first runtime.
    fn revoke_one(&mut self) -> anyhow::Result<Announced> {
        let first = self.runtimes.first().context("a fleet has runtimes")?;
        let event = self.verifier.revoke(&first.identity, &first.agent, self.clock.now())?;
        self.announce(&event)
    }

    fn raise_epoch(&mut self) -> anyhow::Result<Announced> {
        let event = self.verifier.raise_epoch();
        self.announce(&event)
    }

    /// Everybody hears an event, and tells its channels.
    fn announce(&mut self, event: &v1::WatchEvent) -> anyhow::Result<Announced> {
        let (now, messages) = (self.clock.now(), self.runtimes.len());
        let bytes = messages * prost::Message::encoded_len(event);
        let (ended, took) = measured(|| {
            let mut ended = 0;
            for runtime in &mut self.runtimes {
                runtime.hear(event.clone(), &self.clock)?;
                for seat in &runtime.seats {
                    let channel = self.channels.get_mut(seat.channel).context("a seat")?;
                    ended += usize::from(channel.trust(seat.end, &runtime.standing, now));
                }
            }
            anyhow::Ok(ended)
        });
        Ok(Announced { messages, bytes, each_ms: each_ms(took, messages), ended: ended? })
    }

    /// A runtime will ask for its next lease when `cloisterd` would.
    fn schedule(&mut self, number: usize, at: u64) -> anyhow::Result<()> {
        let draw = Draw(u32::try_from(self.random.below(1 << 32))?);
        let claims = self.runtime(number)?.standing.credentials.lease().claims();
        let wait = renewal::delay(claims.issued_at, claims.expires_at, self.clock.now(), draw);
        let next = at + u64::try_from(wait.as_millis())?;
        self.renewals.push(Reverse((next, number)));
        Ok(())
    }

    fn runtime(&self, number: usize) -> anyhow::Result<&Runtime> {
        self.runtimes.get(number).context("a runtime on the ring")
    }
}

/// Moments for so many things within [`BOOT_MS`].
fn evenly(things: usize) -> impl Iterator<Item = u64> {
    let things = u64::try_from(things).unwrap_or(u64::MAX).max(1);
    (0..things).map(move |number| number * BOOT_MS / things)
}

//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use crate::Arguments;
use crate::demand::{Demand, Load};
use crate::mesh::{Announced, Mesh};
use crate::watchers::{Bundle, Told, Watchers};

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) arguments: Shape,
    pub(crate) mesh: Mesh,
    pub(crate) demand: Demand,
    pub(crate) watchers: Watchers,
}

/// What was simulated.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Shape {
    pub(crate) nodes: u32,
    /// Peers of each.
    pub(crate) peers: u32,
    /// Pairs that there would be, were each connected with every other.
    pub(crate) pairs: u64,
    pub(crate) lease_s: u32,
    pub(crate) minutes: u32,
    pub(crate) capacity: u32,
    /// Always true: there was no confidential hardware, and time was not the world's.
    pub(crate) simulated: bool,
}

impl From<Arguments> for Shape {
    fn from(arguments: Arguments) -> Self {
        let nodes = u64::from(arguments.nodes);
        Self {
            nodes: arguments.nodes,
            peers: arguments.peers,
            pairs: nodes * nodes.saturating_sub(1) / 2,
            lease_s: arguments.lease,
            minutes: arguments.minutes,
            capacity: arguments.capacity,
            simulated: true,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { nodes, peers, pairs, lease_s, minutes, capacity, .. } = self.arguments;
        let Mesh { channels, .. } = self.mesh;
        writeln!(
            f,
            "{nodes} runtimes by a simulated clock, each with channels to {peers} peers: {channels} \
             channels of {pairs} pairs.\nReal: keys, leases, certificates, TLS handshakes, \
             sessions, renewals, revocations, schedules, the Verifier's record.\nNot there: \
             sockets, HTTP/2, agents, Evidence, the network's time.\nLeases live {lease_s} s; the \
             fleet was left alone for {minutes} minutes.\n"
        )?;
        self.mesh.fmt(f)?;
        writeln!(f, "\nRequests for leases, of a Verifier that issues {capacity} a second:")?;
        self.demand.fmt(f)?;
        writeln!(f, "\nThe Verifier's record and stream, with {nodes} watchers:")?;
        self.watchers.fmt(f)
    }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, value: fmt::Arguments<'_>) -> fmt::Result {
    writeln!(f, "{what:44} {value}")
}

impl fmt::Display for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "a lease, Verifier and runtime", format_args!("{:.2} ms", self.lease_ms))?;
        line(f, "a new channel, both ends", format_args!("{:.2} ms", self.channel_ms))?;
        let memory = self.memory_per_end_kib;
        line(f, "memory of one end, without TLS and HTTP/2", format_args!("{memory:.1} KiB"))?;
        line(f, "leases a minute", format_args!("{:.0}", self.leases_per_minute))?;
        line(f, "renewals in band a minute", format_args!("{:.0}", self.renewals_per_minute))?;
        line(f, "a renewal in band, both ends", format_args!("{:.3} ms", self.renewal_ms))?;
        line(f, "a runtime's idle minute", format_args!("{:.1} ms", self.minute_ms))?;
        line(f, "one runtime revoked", format_args!("{}", self.revocation))?;
        line(f, "the policy epoch raised", format_args!("{}", self.epoch))
    }
}

impl fmt::Display for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, bytes, each_ms, ended } = self;
        let kib = bytes / 1024;
        write!(f, "{messages} messages ({kib} KiB), {each_ms:.2} ms at each, {ended} ends closed")
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "all boot within a second", format_args!("{}", self.boot))?;
        line(f, "their first renewals", format_args!("{}", self.first))?;
        line(f, "an hour, a day later", format_args!("{}", self.settled))?;
        line(f, "an hour with the Verifier away a fifth lease", format_args!("{}", self.outage))?;
        line(f, "every lease ended by a raised epoch", format_args!("{}", self.epoch))
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { leases_per_minute, peak_per_second, failed, lapsed, longest_s } = self;
        write!(f, "{leases_per_minute:.0} a minute, {peak_per_second} in the busiest second, ")?;
        write!(f, "{failed} failed, {lapsed} without a lease for up to {longest_s:.0} s")
    }
}

impl fmt::Display for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "a lease on record", format_args!("{:.2} ms", self.record_ms))?;
        line(
            f,
            "memory of one, without its connection",
            format_args!("{:.1} KiB", self.memory_kib),
        )?;
        line(f, "one runtime revoked", format_args!("{}", self.revocation))?;
        line(f, "one in a hundred revoked at once", format_args!("{}", self.storm))?;
        for bundle in self.bundles {
            line(f, "a trust bundle", format_args!("{bundle}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, messages, cpu_ms, until_ms } = self;
        write!(
            f,
            "{events} events, {messages} messages, {cpu_ms:.0} ms, all told in {until_ms:.0} ms"
        )
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revoked, bytes, make_ms, read_ms } = self;
        write!(
            f,
            "{revoked} revoked: {bytes} bytes, {make_ms:.2} ms to make, {read_ms:.2} ms to read"
        )
    }
}

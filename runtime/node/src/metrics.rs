//! What is counted, and how it is shown to Prometheus.
//!
//! A label's values are written in the program, or are names of peers of which no more than a fixed
//! number is shown: nobody who talks to a runtime can make its metrics grow.

mod counter;
mod text;

use core::fmt::Write as _;

pub use counter::{Counter, Counters};

use crate::channels::BreakerState;
use crate::limits::BREAKERS_SHOWN_MAX;
use crate::phase::Phase;
use text::{Kind, Text};

/// Events since the start.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Events {
    /// Leases received.
    pub leases: Counter,
    /// Enrolments and renewals that ended without a lease.
    pub lease_failures: Counter,
    /// Handshakes that ended without a verdict in the peer's favour.
    pub handshakes_refused: Counter,
    /// Channels closed because a lease ended or was taken away.
    pub channels_closed: Counter,
    /// Dials begun.
    pub dials: Counter,
    /// Dials that led to no channel, by code.
    pub dial_failures: Counters,
    /// Requests that found an open channel.
    pub reuses: Counter,
    /// Times that a peer's breaker opened.
    pub breaker_openings: Counter,
    /// Requests refused because a peer's breaker was open.
    pub breaker_refusals: Counter,
    /// Requests that were sent again after they certainly had not been delivered.
    pub retries: Counter,
    /// Requests that could have been sent again and were not, because the budget was used up.
    pub retries_refused: Counter,
    /// Requests refused because too many waited.
    pub queue_refusals: Counter,
    /// Channels opened, by key exchange.
    pub key_exchanges: Counters,
    /// Renewals in band: sent and failed to be sent by this side; accepted, refused by policy and
    /// not believed of peers.
    pub renewals: Counters,
    /// Channels that ended, by reason.
    pub ends: Counters,
    /// Visits that ended, by how.
    pub visits: Counters,
    /// Publications of policies: put in force, or not, by code.
    pub publications: Counters,
    /// Answers to questions for the attestation document, by what they were: `lease`, `evidence`,
    /// or a code.
    pub documents: Counters,
}

/// What a scrape shows beside the events.
#[derive(Clone, Debug)]
pub(crate) struct Gauges {
    pub(crate) phase: Phase,
    pub(crate) agent_running: bool,
    pub(crate) agent_starts: u64,
    pub(crate) channels_inbound: u64,
    pub(crate) channels_outbound: u64,
    pub(crate) channels_opened: u64,
    pub(crate) visits: u64,
    /// Requests that wait for a channel.
    pub(crate) waiting: u64,
    /// Every peer that is known, with the state of its breaker.
    pub(crate) breakers: Vec<(String, BreakerState)>,
    /// How often a tool's definition was not what is expected, by tool server.
    pub(crate) tool_drifts: Vec<(String, u64)>,
    /// Seconds since 1970; zero without a lease.
    pub(crate) lease_expires: u64,
    pub(crate) simulated: bool,
}

/// The text that Prometheus reads.
pub(crate) fn render(events: &Events, gauges: &Gauges) -> String {
    let mut text = Text::new();
    counts(&mut text, events, gauges);
    labelled(&mut text, events);
    current(&mut text, gauges);
    breakers(&mut text, &gauges.breakers);
    text.finish()
}

fn counts(text: &mut Text, events: &Events, gauges: &Gauges) {
    let counts = [
        ("leases_total", "Leases received.", &events.leases),
        (
            "lease_failures_total",
            "Enrolments and renewals without a lease.",
            &events.lease_failures,
        ),
        (
            "handshakes_refused_total",
            "Handshakes without a verdict in the peer's favour.",
            &events.handshakes_refused,
        ),
        (
            "channels_closed_total",
            "Channels closed because a lease ended or was taken away.",
            &events.channels_closed,
        ),
        ("dials_total", "Dials begun.", &events.dials),
        ("channel_reuses_total", "Requests that found an open channel.", &events.reuses),
        ("breaker_openings_total", "Times that a breaker opened.", &events.breaker_openings),
        (
            "breaker_refusals_total",
            "Requests refused because a breaker was open.",
            &events.breaker_refusals,
        ),
        ("retries_total", "Undelivered requests that were sent again.", &events.retries),
        (
            "retries_refused_total",
            "Undelivered requests that the retry budget did not let be sent again.",
            &events.retries_refused,
        ),
        (
            "queue_refusals_total",
            "Requests refused because too many waited or ran.",
            &events.queue_refusals,
        ),
    ];
    for (name, help, counter) in counts {
        text.one(Kind::Counter, name, help, counter.total());
    }
    text.one(Kind::Counter, "channels_opened_total", "Channels opened.", gauges.channels_opened);
    text.one(
        Kind::Counter,
        "agent_starts_total",
        "Starts of the agent's program.",
        gauges.agent_starts,
    );
}

fn labelled(text: &mut Text, events: &Events) {
    let families = [
        (("dial_failures_total", "code"), "Dials without a channel.", &events.dial_failures),
        (("channel_ends_total", "reason"), "Channels that ended.", &events.ends),
        (("visit_ends_total", "reason"), "Visits that ended.", &events.visits),
        (("channel_renewals_total", "result"), "Renewals in band.", &events.renewals),
        (
            ("published_policies_total", "result"),
            "Policies that the Verifier published, by what became of them.",
            &events.publications,
        ),
        (("key_exchanges_total", "group"), "Channels by key exchange.", &events.key_exchanges),
        (
            ("documents_total", "answer"),
            "Answers to whoever asks for the attestation document.",
            &events.documents,
        ),
    ];
    for (name, help, counters) in families {
        text.by(Kind::Counter, name, help, counters.totals());
    }
}

fn current(text: &mut Text, gauges: &Gauges) {
    let drifts = gauges.tool_drifts.iter().map(|(server, count)| (server.as_str(), *count));
    let help = "Definitions of tools that were not what is expected.";
    text.by(Kind::Counter, ("tool_drifts_total", "server"), help, drifts);
    let open = [("inbound", gauges.channels_inbound), ("outbound", gauges.channels_outbound)];
    text.by(Kind::Gauge, ("channels_open", "direction"), "Open channels.", open);
    let numbers = [
        ("visits_open", "Visitors, of whom nothing is attested.", gauges.visits),
        ("queue_depth", "Requests that wait for a channel.", gauges.waiting),
        (
            "lease_expires_seconds",
            "When the lease ends, in seconds since 1970.",
            gauges.lease_expires,
        ),
        ("agent_running", "Whether the agent runs.", gauges.agent_running.into()),
        ("simulated", "Whether a software TEE signed the Evidence.", gauges.simulated.into()),
    ];
    for (name, help, value) in numbers {
        text.one(Kind::Gauge, name, help, value);
    }
    let phases = Phase::ALL.map(|phase| (phase.as_str(), u64::from(phase == gauges.phase)));
    text.by(Kind::Gauge, ("phase", "phase"), "Which phase the runtime is in.", phases);
}

/// How many breakers are in each state; and by name those that are not closed, up to a bound.
fn breakers(text: &mut Text, breakers: &[(String, BreakerState)]) {
    let sums = BreakerState::ALL.map(|state| {
        let count = breakers.iter().filter(|(_, of)| *of == state).count();
        (state.as_str(), u64::try_from(count).unwrap_or(u64::MAX))
    });
    text.by(Kind::Gauge, ("breakers", "state"), "Peers by the state of their breaker.", sums);
    let troubled = breakers.iter().filter(|(_, state)| *state != BreakerState::Closed);
    let help = "Peers whose breaker is not closed.";
    text.family(Kind::Gauge, "breaker_state", help, |out| {
        troubled.take(BREAKERS_SHOWN_MAX).try_for_each(|(peer, state)| {
            let state = state.as_str();
            writeln!(out, "cloisterd_breaker_state{{peer=\"{peer}\",state=\"{state}\"}} 1")
        })
    });
}

#[cfg(test)]
mod tests;

use super::{Events, Gauges, render};
use crate::channels::BreakerState;
use crate::limits::BREAKERS_SHOWN_MAX;
use crate::phase::Phase;

fn gauges() -> Gauges {
    Gauges {
        phase: Phase::Admitted,
        agent_running: true,
        agent_starts: 1,
        channels_inbound: 2,
        channels_outbound: 3,
        channels_opened: 5,
        visits: 6,
        waiting: 4,
        breakers: vec![
            ("translator".into(), BreakerState::Open),
            ("planner".into(), BreakerState::Closed),
        ],
        tool_drifts: vec![("dictionary".into(), 2)],
        lease_expires: 1_700_000_000,
        simulated: true,
    }
}

#[test]
fn every_sample_has_help_and_type_and_one_phase_is_current() {
    let events = Events::default();
    events.leases.add(3);
    events.dial_failures.add_one("node.channel.connect");
    events.ends.add_one("idle");
    events.publications.add_one("publication.forbidden");
    events.visits.add_one("lease_ended");
    events.key_exchanges.add_one("X25519MLKEM768");
    let text = render(&events, &gauges());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
    }
    for sample in [
        "leases_total 3",
        "lease_expires_seconds 1700000000",
        "channels_open{direction=\"inbound\"} 2",
        "channels_open{direction=\"outbound\"} 3",
        "visits_open 6",
        "visit_ends_total{reason=\"lease_ended\"} 1",
        "queue_depth 4",
        "tool_drifts_total{server=\"dictionary\"} 2",
        "dial_failures_total{code=\"node.channel.connect\"} 1",
        "channel_ends_total{reason=\"idle\"} 1",
        "published_policies_total{result=\"publication.forbidden\"} 1",
        "key_exchanges_total{group=\"X25519MLKEM768\"} 1",
        "breakers{state=\"open\"} 1",
        "breakers{state=\"closed\"} 1",
        "breaker_state{peer=\"translator\",state=\"open\"} 1",
    ] {
        assert!(text.contains(&format!("\ncloisterd_{sample}\n")), "{sample}\n{text}");
    }
    let current: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("cloisterd_phase") && line.ends_with(" 1"))
        .collect();
    assert_eq!(current, ["cloisterd_phase{phase=\"admitted\"} 1"]);
}

#[test]
fn no_number_of_peers_makes_the_metrics_grow_without_end() {
    let named = |count: usize| {
        let breakers = (0..count).map(|peer| (format!("peer-{peer}"), BreakerState::Open));
        let text = render(&Events::default(), &Gauges { breakers: breakers.collect(), ..gauges() });
        assert!(text.contains(&format!("\ncloisterd_breakers{{state=\"open\"}} {count}\n")));
        text.lines().filter(|line| line.starts_with("cloisterd_breaker_state{")).count()
    };
    assert_eq!(named(3), 3);
    assert_eq!(named(BREAKERS_SHOWN_MAX + 100), BREAKERS_SHOWN_MAX);
}

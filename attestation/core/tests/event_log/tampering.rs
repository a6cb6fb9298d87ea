//! What somebody may do to a log on its way: on simulated and on recorded logs.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::event_log::{EventLog, EventType, LogKind};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceTuple};
use cloister_simulator::{Ccel, ccel::CcelEvent};

use super::replay::{failures, log, replayed};
use crate::vectors;

/// Every way of tampering with one log, and what it is refused for.
fn tampered(log: &Ccel) -> Vec<(String, Ccel, &'static str)> {
    let mut all = Vec::new();
    let mut add = |what: String, code, change: &dyn Fn(&mut Ccel)| {
        let mut changed = log.clone();
        change(&mut changed);
        if changed != *log {
            all.push((what, changed, code));
        }
    };
    for at in 0..log.events.len() {
        add(format!("drop {at}"), "eventlog.replay", &|log| drop(log.events.remove(at)));
        add(format!("repeat {at}"), "eventlog.replay", &|log| {
            log.events.insert(at, log.events[at].clone());
        });
        add(format!("digest {at}"), "eventlog.replay", &|log| {
            log.events[at].digest = Digest48::sha384(b"other");
        });
        add(format!("register {at}"), "eventlog.replay", &|log| {
            log.events[at].index = log.events[at].index % 3 + 1;
        });
        for index in [0, 5, u32::MAX] {
            add(format!("register index {index} at {at}"), "eventlog.register", &|log| {
                log.events[at].index = index;
            });
        }
        add(format!("extra register index at {at}"), "eventlog.register", &|log| {
            log.events.insert(at, CcelEvent { index: 5, ..log.events[at].clone() });
        });
        for later in at + 1..log.events.len() {
            let (a, b) = (&log.events[at], &log.events[later]);
            // Registers do not know in which order others were extended.
            if a.index == b.index && a.digest != b.digest {
                add(format!("swap {at} and {later}"), "eventlog.replay", &|log| {
                    log.events.swap(at, later);
                });
            }
        }
    }
    all
}

/// Other payloads under the same digests, for events whose payload was measured.
fn forged(log: &Ccel) -> Vec<Ccel> {
    let measured = |event: &CcelEvent| {
        let tagged = event.event_type == EventType::EVENT_TAG.value();
        let boot_loader = event.event_type == EventType::IPL.value();
        !tagged && !boot_loader && event.digest == Digest48::sha384(&event.payload)
    };
    let numbers = (0..log.events.len()).filter(|at| measured(&log.events[*at]));
    numbers
        .flat_map(|at| {
            let change = |change: &dyn Fn(&mut Vec<u8>)| {
                let mut forged = log.clone();
                change(&mut forged.events[at].payload);
                forged
            };
            let last = log.events[at].payload.len() - 1;
            [
                change(&|payload| payload[0] ^= 1),
                change(&|payload| payload[last] ^= 1),
                change(&|payload| payload.truncate(last)),
                change(&|payload| payload.extend(b"; rm -rf /")),
                change(&|payload| *payload = b"Everything is fine".to_vec()),
            ]
        })
        .collect()
}

fn assert_noticed(honest: &Ccel) {
    assert_eq!(failures(&replayed(honest, &honest.encode())), Vec::<&str>::new());
    for (what, log, code) in tampered(honest) {
        assert_eq!(failures(&replayed(honest, &log.encode()))[0], code, "{what}");
    }
    for log in forged(honest) {
        assert_eq!(failures(&replayed(honest, &log.encode()))[0], "eventlog.payload");
    }
    for tail in [&b"x"[..], &[0], &[0xff, 0]] {
        let sent = [honest.encode(), tail.to_vec()].concat();
        assert_eq!(failures(&replayed(honest, &sent)).len(), 1, "trailing {tail:?}");
    }
}

#[test]
fn no_change_to_a_simulated_log_goes_unnoticed() {
    assert_eq!(forged(&log()).len(), 15);
    assert_noticed(&log());
}

#[test]
fn no_change_to_a_recorded_log_goes_unnoticed() {
    let Some(case) = vectors::named("tdx", "v4-gcp-cos113-ccel") else { return };
    let log = EventLog::parse(LogKind::Ccel, &case.file("ccel_data.bin").unwrap()).unwrap();
    let events = log.events().iter().map(|event| CcelEvent {
        index: match event.register().unwrap().to_string().as_str() {
            "RTMR0" => 1,
            "RTMR1" => 2,
            _ => 3,
        },
        event_type: event.event_type().value(),
        digest: Digest48::from_slice(event.digests()[0].as_bytes()).unwrap(),
        payload: event.payload().to_vec(),
    });
    let recorded = Ccel { events: events.collect(), padding: 64 };
    let header = Ccel { events: Vec::new(), padding: 0 }.encode().len();
    let original = case.file("ccel_data.bin").unwrap();
    let end = original.len() - log.padding();
    assert_eq!(
        recorded.encode()[header..][..end - header],
        original[header..end],
        "the simulator writes what the firmware wrote"
    );
    assert_noticed(&recorded);
}

#[test]
fn a_recorded_log_of_another_boot_is_refused() {
    let Some(case) = vectors::named("eventlog", "ccel-trustee-ovmf") else { return };
    let refused = failures(&replayed(&log(), &case.file("eventlog.bin").unwrap()));
    assert_eq!(refused, ["eventlog.replay"; 3]);
}

#[test]
fn a_matching_rtmr3_alone_never_explains_or_matches_a_guest() {
    let honest = log().measuring(3, 6, b"the workload");
    let other = Ccel::default().naming(1, "another kernel", Digest48::sha384(b"evil"));
    let forged = other.measuring(3, 6, b"the workload");
    assert_eq!(honest.rtmr()[3], forged.rtmr()[3]);
    let mut only = forged.clone();
    only.events.retain(|event| event.index == 4);
    assert_eq!(failures(&replayed(&forged, &only.encode())), ["eventlog.replay"]);
    let shape = |log: &Ccel, mr_td: u8| LaunchShape::Tdx {
        mr_td: Digest48::new([mr_td; 48]),
        rtmr: log.rtmr(),
        mr_config_id: Digest48::new([0; 48]),
        mr_owner: Digest48::new([0; 48]),
        mr_owner_config: Digest48::new([0; 48]),
    };
    let manifest = Digest48::sha384(b"manifest");
    let admitted: ReferenceSet = [ReferenceTuple {
        image: "agent".to_owned(),
        version: "1".to_owned(),
        manifest,
        shape: shape(&honest, 1),
    }]
    .into_iter()
    .collect();
    assert!(admitted.find(&shape(&honest, 1), manifest).is_some());
    assert!(admitted.find(&shape(&forged, 1), manifest).is_none());
    assert!(admitted.find(&shape(&honest, 2), manifest).is_none());
}

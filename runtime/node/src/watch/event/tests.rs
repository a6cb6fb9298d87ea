use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::time::UnixTime;
use cloister_channel::trust::TrustError;
use cloister_channel::{InstanceId, TrustBundle};

use super::{Step, step};
use crate::testing::World;

const NOW: UnixTime = UnixTime::from_secs(1_000);
const INSTANCE: &str = "00112233445566778899aabbccddeeff";

fn instance() -> InstanceId {
    INSTANCE.parse().unwrap()
}

fn revoked(sequence: u64, instance: &str, forget_after: u64) -> v1::WatchEvent {
    let revoked = v1::RevokedInstance {
        agent: "translator".into(),
        instance: instance.into(),
        reason: "agent.quarantined".into(),
        forget_after,
    };
    v1::WatchEvent { sequence, event: Some(Event::Revoked(revoked)) }
}

fn updated(trust: &TrustBundle, event: v1::WatchEvent) -> TrustBundle {
    match step(trust, event, NOW).unwrap() {
        Step::Updated(next, _) => *next,
        other @ (Step::Nothing | Step::Gap { .. } | Step::Refetch) => panic!("{other:?}"),
    }
}

#[test]
fn a_revocation_counts_and_can_be_lifted() {
    let trust = updated(&World::new().trust(4, &[]), revoked(5, INSTANCE, 2_000));
    assert!(trust.revocation(&instance()).is_some());
    assert_eq!(trust.sequence(), 5);
    let restored = v1::RestoredInstance { agent: "translator".into(), instance: INSTANCE.into() };
    let event = v1::WatchEvent { sequence: 6, event: Some(Event::Restored(restored)) };
    assert!(updated(&trust, event).revocation(&instance()).is_none());
}

#[test]
fn a_policy_epoch_raises_the_floor() {
    let event = v1::WatchEvent {
        sequence: 5,
        event: Some(Event::PolicyEpoch(v1::PolicyEpoch { floor: 9 })),
    };
    assert_eq!(updated(&World::new().trust(4, &[]), event).policy_epoch_floor(), 9);
}

#[test]
fn an_event_seen_before_does_nothing() {
    let trust = World::new().trust(4, &[]);
    for sequence in [1, 4] {
        assert!(matches!(step(&trust, revoked(sequence, INSTANCE, 2_000), NOW), Ok(Step::Nothing)));
    }
}

#[test]
fn missed_events_show_as_a_gap_in_events_and_in_heartbeats() {
    let trust = World::new().trust(4, &[]);
    let gap = step(&trust, revoked(6, INSTANCE, 2_000), NOW).unwrap();
    assert!(matches!(gap, Step::Gap { expected: 5, observed: 6 }), "{gap:?}");
    let beat =
        |sequence| v1::WatchEvent { sequence, event: Some(Event::Heartbeat(v1::Heartbeat {})) };
    assert!(matches!(step(&trust, beat(4), NOW), Ok(Step::Nothing)));
    assert!(matches!(step(&trust, beat(5), NOW), Ok(Step::Gap { .. })));
    // An event of a kind that this version does not know reads as none.
    let unknown = v1::WatchEvent { sequence: 5, event: None };
    assert!(matches!(step(&trust, unknown, NOW), Ok(Step::Gap { .. })));
}

#[test]
fn a_change_of_keys_asks_for_the_whole_bundle_and_only_once() {
    let trust = World::new().trust(4, &[]);
    let changed = |sequence| v1::WatchEvent {
        sequence,
        event: Some(Event::TrustChanged(v1::TrustChanged {})),
    };
    assert!(matches!(step(&trust, changed(5), NOW), Ok(Step::Refetch)));
    assert!(matches!(step(&trust, changed(4), NOW), Ok(Step::Nothing)));
    assert!(matches!(step(&trust, changed(6), NOW), Ok(Step::Gap { .. })));
}

#[test]
fn a_log_that_went_back_is_an_error() {
    let trust = World::new().trust(4, &[]);
    let beat = v1::WatchEvent { sequence: 3, event: Some(Event::Heartbeat(v1::Heartbeat {})) };
    let refused = step(&trust, beat, NOW).unwrap_err();
    assert_eq!(refused, TrustError::Sequence { seen: 4, observed: 3 });
}

#[test]
fn revocations_are_forgotten_when_the_last_lease_has_ended() {
    let trust = updated(&World::new().trust(4, &[]), revoked(5, INSTANCE, 900));
    let next = updated(&trust, revoked(6, &INSTANCE.replace("ff", "00"), 2_000));
    assert!(next.revocation(&instance()).is_none());
}

#[test]
fn an_instance_that_is_no_instance_is_an_error() {
    let trust = World::new().trust(4, &[]);
    assert!(step(&trust, revoked(5, "nonsense", 2_000), NOW).is_err());
}

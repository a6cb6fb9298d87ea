//! What an event of the Verifier's stream does to a trust bundle, and what it does not.

use core::time::Duration;

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_channel::limits::REVOKED_MAX;
use cloister_channel::trust::{Followed, Revocation, TrustError};
use cloister_channel::{InstanceId, TrustBundle};

use crate::world::{NOW, World, agent, at};

const INSTANCE: &str = "00112233445566778899aabbccddeeff";

fn instance() -> InstanceId {
    INSTANCE.parse().unwrap()
}

/// The bundle after four events.
fn trust() -> TrustBundle {
    let mut trust = World::new().trust();
    trust.advance_to(4);
    trust
}

fn event(sequence: u64, event: Event) -> v1::WatchEvent {
    v1::WatchEvent { sequence, event: Some(event) }
}

fn revoked(sequence: u64, instance: &str) -> v1::WatchEvent {
    let revoked = v1::RevokedInstance {
        agent: "translator".into(),
        instance: instance.into(),
        reason: "agent.quarantined".into(),
        forget_after: NOW.as_secs() + 60,
    };
    event(sequence, Event::Revoked(revoked))
}

fn beat(sequence: u64) -> v1::WatchEvent {
    event(sequence, Event::Heartbeat(v1::Heartbeat {}))
}

#[test]
fn a_revocation_counts_and_can_be_lifted() {
    let mut trust = trust();
    let told = trust.follow(revoked(5, INSTANCE)).unwrap();
    let words = format!("revoked translator/{INSTANCE}: agent.quarantined");
    assert_eq!(told, Followed::Applied(words));
    assert!(trust.revocation(&instance()).is_some());
    assert_eq!(trust.sequence(), 5);
    let restored = v1::RestoredInstance { agent: "translator".into(), instance: INSTANCE.into() };
    trust.follow(event(6, Event::Restored(restored))).unwrap();
    assert!(trust.revocation(&instance()).is_none());
    assert_eq!(trust.sequence(), 6);
}

#[test]
fn a_policy_epoch_raises_the_floor() {
    let mut trust = trust();
    trust.follow(event(5, Event::PolicyEpoch(v1::PolicyEpoch { floor: 9 }))).unwrap();
    assert_eq!((trust.policy_epoch_floor(), trust.sequence()), (9, 5));
}

#[test]
fn a_published_policy_is_told_of_and_changes_nothing_else() {
    let mut trust = trust();
    let published = |sequence, agent: &str| {
        let published = v1::PolicyPublished { agent: agent.into(), number: 7 };
        event(sequence, Event::PolicyPublished(published))
    };
    let for_all = Followed::Published { agent: None, number: 7 };
    assert_eq!(trust.follow(published(5, "")), Ok(for_all));
    let agent = Some("translator".parse().unwrap());
    let for_one = Followed::Published { agent, number: 7 };
    assert_eq!(trust.follow(published(6, "translator")), Ok(for_one));
    assert_eq!(trust.sequence(), 6);
    assert!(trust.follow(published(7, "No/Body")).is_err());
    assert_eq!(trust.sequence(), 6);
}

#[test]
fn an_event_seen_before_does_nothing() {
    let mut trust = trust();
    for sequence in [1, 4] {
        assert_eq!(trust.follow(revoked(sequence, INSTANCE)), Ok(Followed::Known));
    }
    assert!(trust.revocation(&instance()).is_none());
}

#[test]
fn missed_events_show_as_a_gap_in_events_and_in_heartbeats_and_change_nothing() {
    let mut trust = trust();
    let gap = trust.follow(revoked(6, INSTANCE)).unwrap();
    assert_eq!(gap, Followed::Gap { expected: 5, observed: 6 });
    assert_eq!(trust.follow(beat(4)), Ok(Followed::Known));
    assert_eq!(trust.follow(beat(5)), Ok(Followed::Gap { expected: 5, observed: 5 }));
    // An event of a kind that this version does not know reads as none.
    let unknown = v1::WatchEvent { sequence: 5, event: None };
    assert!(matches!(trust.follow(unknown), Ok(Followed::Gap { .. })));
    assert_eq!(trust.sequence(), 4);
    assert!(trust.revocation(&instance()).is_none());
}

#[test]
fn a_change_of_keys_asks_for_the_whole_bundle_and_counts_only_with_it() {
    let mut trust = trust();
    let changed = |sequence| event(sequence, Event::TrustChanged(v1::TrustChanged {}));
    assert_eq!(trust.follow(changed(5)), Ok(Followed::Replaced));
    assert_eq!(trust.sequence(), 4, "what changed is not known yet");
    assert_eq!(trust.follow(changed(4)), Ok(Followed::Known));
    assert!(matches!(trust.follow(changed(6)), Ok(Followed::Gap { .. })));
}

#[test]
fn a_log_that_went_back_is_an_error() {
    let refused = trust().follow(beat(3)).unwrap_err();
    assert_eq!(refused, TrustError::Sequence { seen: 4, observed: 3 });
}

#[test]
fn an_event_that_does_not_read_or_has_no_room_changes_nothing() {
    let mut trust = trust();
    assert!(trust.follow(revoked(5, "nonsense")).is_err());
    let mut nobody = revoked(5, INSTANCE);
    if let Some(Event::Revoked(revoked)) = &mut nobody.event {
        revoked.agent = "No/Body".into();
    }
    assert!(trust.follow(nobody).is_err());
    let why = || Revocation { agent: agent("a"), reason: "r".into(), forget_after: at(60) };
    for number in 0..u128::try_from(REVOKED_MAX).unwrap() {
        trust.revoke(InstanceId::from_bytes(number.to_be_bytes()), why()).unwrap();
    }
    assert_eq!(trust.follow(revoked(5, INSTANCE)), Err(TrustError::Full));
    assert_eq!(trust.sequence(), 4);
    // What is forgotten makes room.
    trust.forget_ended(NOW.plus(Duration::from_secs(61)));
    trust.follow(revoked(5, INSTANCE)).unwrap();
    assert!(trust.revocation(&instance()).is_some());
}

#[test]
fn what_a_bundle_hears_is_not_heard_by_the_one_that_it_was_made_from() {
    let before = trust();
    let mut after = before.clone();
    after.follow(revoked(5, INSTANCE)).unwrap();
    assert!(before.revocation(&instance()).is_none() && after.revocation(&instance()).is_some());
    let mut later = after.clone();
    later.forget_ended(at(61));
    assert!(after.revocation(&instance()).is_some() && later.revocation(&instance()).is_none());
}

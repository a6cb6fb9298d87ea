use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use tokio::time::advance;

use super::super::definition::Definition;
use super::super::pins::{ToolPins, Unpinned};
use super::super::revision::Revision;
use super::{
    Catalogue, DEFINITION_AGE_MAX, DEFINITIONS_REFETCH_AFTER, Recalled, VIEWS_MAX, viewer,
};
use crate::limits::{DRIFTS_REPORTED_MAX, TOOLS_MAX};

const LEGACY: Revision = Revision::November2025;
const MODERN: Revision = Revision::July2026;

fn definition(description: &str) -> Definition {
    let json = format!(r#"{{"name":"add","description":"{description}"}}"#);
    let raw: &RawValue = serde_json::from_str(&json).unwrap();
    Definition::read(raw).unwrap()
}

fn pinned(unpinned: Unpinned) -> Catalogue {
    let pin = vec![definition("good").digest, definition("good of old").digest];
    Catalogue::new(ToolPins::new(BTreeMap::from([("add".to_owned(), pin)]), unpinned).unwrap())
}

fn holds(catalogue: &Catalogue, revision: Revision, name: &str, description: &str) -> bool {
    let definition = definition(description);
    catalogue.judge(revision, 0, (name, &definition)).unwrap().drift.is_none()
}

#[test]
fn a_pinned_tool_is_any_one_of_its_pins_whatever_else_is_accepted() {
    for unpinned in [Unpinned::Refuse, Unpinned::FirstSeen, Unpinned::Accept] {
        let catalogue = pinned(unpinned);
        for revision in [LEGACY, MODERN] {
            assert!(holds(&catalogue, revision, "add", "good"));
            assert!(holds(&catalogue, revision, "add", "good of old"));
            assert!(!holds(&catalogue, revision, "add", "bad"));
        }
        assert!(!catalogue.lets_unknown("add"));
        assert_eq!(catalogue.drifts(), 2);
    }
}

#[test]
fn a_tool_without_a_pin_is_refused_accepted_or_held_to_what_was_seen_first() {
    let other = |unpinned, description| holds(&pinned(unpinned), MODERN, "other", description);
    assert!(!other(Unpinned::Refuse, "any"));
    assert!(other(Unpinned::Accept, "any"));
    let catalogue = pinned(Unpinned::FirstSeen);
    assert!(holds(&catalogue, MODERN, "other", "first"));
    assert!(!holds(&catalogue, MODERN, "other", "second"));
    assert!(holds(&catalogue, MODERN, "other", "first"));
    // Another revision may describe it differently, once.
    assert!(holds(&catalogue, LEGACY, "other", "of old"));
    assert!(!holds(&catalogue, LEGACY, "other", "first"));
    assert!(pinned(Unpinned::Accept).lets_unknown("other"));
    assert!(!catalogue.lets_unknown("other"));
}

#[test]
fn what_cannot_be_remembered_is_refused() {
    let catalogue = Catalogue::new(ToolPins::first_seen());
    for number in 0..TOOLS_MAX {
        assert!(holds(&catalogue, MODERN, &number.to_string(), "x"));
    }
    assert!(!holds(&catalogue, MODERN, "one more", "x"));
    assert!(holds(&catalogue, MODERN, "7", "x"));
}

#[test]
fn a_drift_is_told_of_once_for_each_definition_and_not_without_end() {
    let catalogue = pinned(Unpinned::Refuse);
    let drift = |description: String| {
        let definition = definition(&description);
        catalogue.judge(MODERN, 0, ("add", &definition)).unwrap().drift.unwrap()
    };
    assert!(catalogue.is_news(&drift("bad".into())));
    assert!(!catalogue.is_news(&drift("bad".into())));
    for number in 1..DRIFTS_REPORTED_MAX {
        assert!(catalogue.is_news(&drift(number.to_string())));
    }
    assert!(!catalogue.is_news(&drift("worse".into())));
    assert_eq!(catalogue.drifts(), u64::try_from(DRIFTS_REPORTED_MAX).unwrap() + 2);
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_known_for_a_while_and_until_the_list_changes() {
    let (catalogue, who) = (pinned(Unpinned::Accept), viewer("a", MODERN, None, &[]));
    let shown = |generation| {
        let tool = catalogue.judge(MODERN, generation, ("add", &definition("good"))).unwrap();
        catalogue.shown(who, "add", tool);
    };
    let is_known = || matches!(catalogue.recall(&who, "add"), Recalled::Tool(_));
    assert!(!is_known());
    shown(catalogue.generation());
    assert!(is_known());
    assert!(matches!(
        catalogue.recall(&viewer("b", MODERN, None, &[]), "add"),
        Recalled::Forgotten
    ));
    advance(DEFINITION_AGE_MAX).await;
    assert!(!is_known());
    // Asked for before the change, and answered after it.
    let before = catalogue.generation();
    catalogue.changed();
    shown(before);
    assert!(!is_known());
    shown(catalogue.generation());
    assert!(is_known());
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_in_no_list_is_not_looked_for_again_at_once() {
    let (catalogue, who) = (pinned(Unpinned::Accept), viewer("a", MODERN, None, &[]));
    assert!(matches!(catalogue.recall(&who, "x"), Recalled::Forgotten));
    catalogue.shown_whole(who, catalogue.generation(), HashMap::new());
    assert!(matches!(catalogue.recall(&who, "x"), Recalled::Absent));
    catalogue.changed();
    assert!(matches!(catalogue.recall(&who, "x"), Recalled::Forgotten));
    catalogue.shown_whole(who, catalogue.generation(), HashMap::new());
    advance(DEFINITIONS_REFETCH_AFTER).await;
    assert!(matches!(catalogue.recall(&who, "x"), Recalled::Forgotten));
}

#[tokio::test(start_paused = true)]
async fn of_too_many_viewers_the_longest_absent_is_forgotten() {
    let catalogue = pinned(Unpinned::Accept);
    let who = |number: usize| viewer(&number.to_string(), MODERN, None, &[]);
    for number in 0..=VIEWS_MAX {
        catalogue.shown_whole(who(number), 0, HashMap::new());
        advance(core::time::Duration::from_micros(1)).await;
    }
    assert!(matches!(catalogue.recall(&who(0), "x"), Recalled::Forgotten));
    assert!(matches!(catalogue.recall(&who(1), "x"), Recalled::Absent));
}

#[test]
fn viewers_differ_by_caller_session_and_credentials() {
    let all = [
        viewer("a", MODERN, None, &[]),
        viewer("a", LEGACY, None, &[]),
        viewer("a", MODERN, Some("s"), &[]),
        viewer("as", MODERN, None, &[]),
        viewer("a", MODERN, None, &[b"Bearer x"]),
        viewer("a", MODERN, None, &[b"Bearer", b" x"]),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one), "{at}");
    }
}

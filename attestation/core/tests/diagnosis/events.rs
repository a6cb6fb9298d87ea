//! Two logs, event by event.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::diagnosis::{Change, Explanation, Measured, compare};
use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind};
use cloister_simulator::Ccel;
use proptest::prelude::*;

/// Change, label, number in the first log, number in the second.
type Row = (Change, String, Option<usize>, Option<usize>);

fn log(names: &[(&str, u8)]) -> EventLog {
    let ccel = names.iter().fold(Ccel::default(), |ccel, (name, content)| {
        ccel.naming(1, name, Digest48::new([*content; 48]))
    });
    EventLog::parse(LogKind::Ccel, &ccel.encode()).unwrap()
}

fn rows(first: &[(&str, u8)], second: &[(&str, u8)]) -> Vec<Row> {
    let (first, second) = (log(first), log(second));
    let of = |log| Measured::of_log(log, HashAlgorithm::Sha384).unwrap();
    let found = compare(&of(&first), &of(&second));
    let Some(difference) = found.first() else { return Vec::new() };
    assert_eq!((found.len(), difference.component.as_str()), (1, "RTMR1"));
    let Explanation::Events(events) = &difference.explanation else { panic!("{difference:?}") };
    events.iter().map(|e| (e.change, e.label.clone(), e.first, e.second)).collect()
}

fn row(
    change: Change,
    label: &str,
    first: impl Into<Option<usize>>,
    second: impl Into<Option<usize>>,
) -> Row {
    (change, label.to_owned(), first.into(), second.into())
}

#[test]
fn equal_logs_do_not_differ() {
    assert_eq!(rows(&[("kernel", 1), ("initrd", 2)], &[("kernel", 1), ("initrd", 2)]), []);
}

#[test]
fn one_other_component_is_one_change_wherever_it_stands() {
    let names = ["loader", "kernel", "initrd", "done"];
    for at in 0..names.len() {
        let before: Vec<_> = names.iter().zip(1..).map(|(name, n)| (*name, n)).collect();
        let mut after = before.clone();
        after[at].1 = 99;
        let expected = row(Change::Changed, names[at], at + 1, at + 1);
        assert_eq!(rows(&before, &after), [expected], "{at}");
    }
}

#[test]
fn what_is_added_or_removed_does_not_make_its_neighbours_differ() {
    let short = [("kernel", 1), ("done", 3)];
    let long = [("kernel", 1), ("initrd", 2), ("done", 3)];
    assert_eq!(rows(&short, &long), [row(Change::Added, "initrd", None, 2)]);
    assert_eq!(rows(&long, &short), [row(Change::Removed, "initrd", 2, None)]);
}

#[test]
fn several_changes_are_told_apart_and_in_order() {
    let first = [("a", 1), ("b", 2), ("same", 3), ("c", 4), ("old", 5), ("end", 6)];
    let second = [("a", 9), ("same", 3), ("new", 8), ("c", 7), ("end", 6)];
    let expected = [
        row(Change::Changed, "a", 1, 1),
        row(Change::Removed, "b", 2, None),
        row(Change::Changed, "c", 4, 4),
        row(Change::Removed, "old", 5, None),
        row(Change::Added, "new", None, 3),
    ];
    assert_eq!(rows(&first, &second), expected);
}

#[test]
fn another_order_is_a_difference() {
    let moved = rows(&[("a", 1), ("b", 2)], &[("b", 2), ("a", 1)]);
    assert_eq!(moved.len(), 2, "{moved:?}");
}

proptest! {
    /// Taking the removed and changed events out of the first log, and the added and changed out
    /// of the second, leaves the same digests: nothing that differs is left unnamed.
    #[test]
    fn what_is_not_named_is_the_same_on_both_sides(
        first in proptest::collection::vec(0_u8..4, 0..12),
        second in proptest::collection::vec(0_u8..4, 0..12),
    ) {
        let names = ["w", "x", "y", "z"];
        let named = |contents: &[u8]| -> Vec<(&str, u8)> {
            contents.iter().map(|c| (names[usize::from(*c) / 2], *c + 1)).collect()
        };
        let (first, second) = (named(&first), named(&second));
        let changes = if first.is_empty() || second.is_empty() {
            return Ok(());
        } else {
            rows(&first, &second)
        };
        let kept = |log: &[(&str, u8)], gone: Vec<usize>| -> Vec<u8> {
            let numbered = log.iter().zip(1..);
            numbered.filter(|(_, n)| !gone.contains(n)).map(|((_, content), _)| *content).collect()
        };
        let in_first = kept(&first, changes.iter().filter_map(|row| row.2).collect());
        let in_second = kept(&second, changes.iter().filter_map(|row| row.3).collect());
        prop_assert_eq!(in_first, in_second);
        prop_assert_eq!(changes.is_empty(), first == second);
    }
}

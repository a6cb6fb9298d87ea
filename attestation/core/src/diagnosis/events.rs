//! Two logs, event by event.

use serde::Serialize;

use crate::event_log::{Event, EventLog, HashAlgorithm, Register};

/// What happened to an event between the first log and the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Both have it, with different content.
    Changed,
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
}

/// One event that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventChange {
    /// How.
    pub change: Change,
    /// What it measures, in words, as the log labels it: see [`Event::label`].
    pub label: String,
    /// Its number in the first log.
    pub first: Option<usize>,
    /// Its number in the second log.
    pub second: Option<usize>,
}

/// Longest stretches that are aligned event by event; longer ones are compared in place.
const ALIGNED_MAX: usize = 1 << 20;

/// The events of `register` that differ, in order. Equal digests are equal events.
pub(super) fn changes(
    first: &EventLog,
    second: &EventLog,
    register: Register,
    bank: HashAlgorithm,
) -> Vec<EventChange> {
    let of = |log: &'_ EventLog| -> Vec<Event> {
        log.events().iter().filter(|event| event.register() == Some(register)).cloned().collect()
    };
    let (first, second) = (of(first), of(second));
    let same = |a: &Event, b: &Event| a.digest(bank) == b.digest(bank);
    let (mut a, mut b) = (first.as_slice(), second.as_slice());
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first())
        && same(x, y)
    {
        (a, b) = (rest_a, rest_b);
    }
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_last(), b.split_last())
        && same(x, y)
    {
        (a, b) = (rest_a, rest_b);
    }
    let mut found = Vec::new();
    for (gone, come) in gaps(a, b, &same) {
        found.extend(paired(gone, come));
    }
    found
}

/// What stands between the events that both have in common, in order.
fn gaps<'a>(
    a: &'a [Event],
    b: &'a [Event],
    same: &impl Fn(&Event, &Event) -> bool,
) -> Vec<(Vec<&'a Event>, Vec<&'a Event>)> {
    if a.len().saturating_mul(b.len()) > ALIGNED_MAX {
        return vec![(a.iter().collect(), b.iter().collect())];
    }
    let lengths = common_lengths(a, b, same);
    let length =
        |i: usize, j: usize| lengths.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    let (mut i, mut j) = (0_usize, 0_usize);
    let mut found = vec![(Vec::new(), Vec::new())];
    loop {
        let (x, y) = (a.get(i), b.get(j));
        let (down, right) = (i.saturating_add(1), j.saturating_add(1));
        match (x, y, found.last_mut()) {
            (Some(x), Some(y), _) if same(x, y) => {
                found.push((Vec::new(), Vec::new()));
                (i, j) = (down, right);
            }
            (Some(x), y, Some((gone, _))) if y.is_none() || length(down, j) >= length(i, right) => {
                gone.push(x);
                i = down;
            }
            (_, Some(y), Some((_, come))) => {
                come.push(y);
                j = right;
            }
            _ => break,
        }
    }
    found
}

/// Length of the longest common subsequence of `a[i..]` and `b[j..]`, at `[i][j]`.
fn common_lengths(
    a: &[Event],
    b: &[Event],
    same: &impl Fn(&Event, &Event) -> bool,
) -> Vec<Vec<u32>> {
    let mut below = vec![0_u32; b.len().saturating_add(1)];
    let mut rows = vec![below.clone()];
    for x in a.iter().rev() {
        let mut row = vec![0_u32];
        for (y, (diagonal, down)) in
            b.iter().rev().zip(below.iter().rev().zip(below.iter().rev().skip(1)))
        {
            let right = row.last().copied().unwrap_or(0);
            row.push(if same(x, y) { diagonal.saturating_add(1) } else { right.max(*down) });
        }
        row.reverse();
        below.clone_from(&row);
        rows.push(row);
    }
    rows.reverse();
    rows
}

/// Events under the same label are the same component with other content.
fn paired(gone: Vec<&Event>, mut come: Vec<&Event>) -> Vec<EventChange> {
    let mut found = Vec::new();
    for old in gone {
        let label = old.label();
        let new = come.iter().position(|new| new.label() == label).map(|at| come.remove(at));
        found.push(EventChange {
            change: if new.is_some() { Change::Changed } else { Change::Removed },
            label,
            first: Some(old.number()),
            second: new.map(Event::number),
        });
    }
    found.extend(come.into_iter().map(|new| EventChange {
        change: Change::Added,
        label: new.label(),
        first: None,
        second: Some(new.number()),
    }));
    found
}

//! A tree that grows, and proves to several others that it only grew.

use crate::hash::Hash;
use crate::proof::{ConsistencyProof, Roots};
use crate::range::Range;

/// The frontier of a tree, and what is needed to prove that it extends trees that it was before.
///
/// A tree that may have to be proved later is marked while it is there. What is kept does not depend
/// on the number of leaves but on that of the marks, and a leaf costs the same however many there
/// are.
#[derive(Clone, Debug)]
pub struct Growth {
    /// In the order of their sizes.
    older: Vec<Mark>,
    newest: Mark,
}

/// A tree at one moment, and the leaves from then to the next mark.
#[derive(Clone, Debug)]
struct Mark {
    then: Range,
    since: Range,
}

impl Default for Growth {
    fn default() -> Self {
        Self { older: Vec::new(), newest: Mark::at(Range::from(0)) }
    }
}

impl Growth {
    /// Takes the next leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.newest.since.append(leaf);
    }

    /// How many leaves there are: the number of the next one.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.newest.since.end()
    }

    /// The frontier.
    #[must_use]
    pub fn tree(&self) -> Range {
        let mut tree = self.newest.then.clone();
        tree.join(&self.newest.since);
        tree
    }

    /// Keeps what is needed to prove that later trees extend the one of now.
    pub fn mark(&mut self) {
        if self.end() > self.newest.then.end() {
            let mark = Mark::at(self.tree());
            self.older.push(core::mem::replace(&mut self.newest, mark));
        }
    }

    /// That the tree of `to` leaves extends the one of `from` leaves. `None` unless `from` is marked
    /// and `to` is, or is the size of now.
    #[must_use]
    pub fn proof(&self, from: u64, to: u64) -> Option<ConsistencyProof> {
        let marks = || self.older.iter().chain([&self.newest]);
        let from_there = marks().skip_while(|mark| mark.then.end() != from);
        let mut known = Mark::at(marks().find(|mark| mark.then.end() == from)?.then.clone());
        for mark in from_there.take_while(|mark| mark.then.end() < to) {
            known.since.join(&mark.since);
        }
        if known.since.end() == to { ConsistencyProof::of(&known, from, to) } else { None }
    }

    /// Forgets every mark of a size that is not needed, but for the newest.
    pub fn keep(&mut self, is_needed: impl Fn(u64) -> bool) {
        let mut kept: Vec<Mark> = Vec::with_capacity(self.older.len());
        for mark in self.older.drain(..) {
            if is_needed(mark.then.end()) {
                kept.push(mark);
            } else if let Some(before) = kept.last_mut() {
                before.since.join(&mark.since);
            }
        }
        self.older = kept;
    }
}

impl Mark {
    const fn at(then: Range) -> Self {
        let since = Range::from(then.end());
        Self { then, since }
    }
}

impl Roots for Mark {
    fn root(&self, start: u64, end: u64) -> Option<Hash> {
        let known = if end <= self.then.end() { &self.then } else { &self.since };
        known.cover(start, end)
    }
}

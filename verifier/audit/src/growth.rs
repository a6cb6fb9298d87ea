//! A tree that grows, and can prove at any time that it only grew.

use crate::hash::Hash;
use crate::proof::{ConsistencyProof, Roots};
use crate::range::Range;

/// The frontier of a tree, and what is needed to prove that it extends the tree that it was at the
/// last [`Growth::mark`]. Its size does not depend on the number of leaves.
#[derive(Clone, Debug)]
pub struct Growth {
    tree: Range,
    marked: Range,
    since: Range,
}

impl Default for Growth {
    fn default() -> Self {
        Self::of(Range::from(0))
    }
}

impl Growth {
    /// A tree that stands at `tree`, marked there.
    #[must_use]
    pub fn of(tree: Range) -> Self {
        Self { marked: tree.clone(), since: Range::from(tree.end()), tree }
    }

    /// Takes the next leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.tree.append(leaf);
        self.since.append(leaf);
    }

    /// The frontier.
    #[must_use]
    pub const fn tree(&self) -> &Range {
        &self.tree
    }

    /// Proofs are from here on.
    pub fn mark(&mut self) {
        *self = Self::of(self.tree.clone());
    }

    /// The number of leaves at the mark.
    #[must_use]
    pub const fn marked(&self) -> u64 {
        self.marked.end()
    }

    /// That the tree of now extends the tree of the mark.
    #[must_use]
    pub fn proof(&self) -> Option<ConsistencyProof> {
        ConsistencyProof::of(self, self.marked.end(), self.tree.end())
    }
}

impl Roots for Growth {
    fn root(&self, start: u64, end: u64) -> Option<Hash> {
        let known = if end <= self.marked.end() { &self.marked } else { &self.since };
        known.cover(start, end)
    }
}

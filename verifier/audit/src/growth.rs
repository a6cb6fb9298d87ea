//! A tree that grows, and proves to somebody else that it only grew.

use crate::hash::Hash;
use crate::proof::{ConsistencyProof, Roots};
use crate::range::Range;

/// The frontier of a tree, and what is needed to prove that it extends the tree that somebody has
/// accepted. Its size does not depend on the number of leaves.
///
/// An offer stands until it is accepted, so that one whose answer was lost is made again as it was.
#[derive(Clone, Debug)]
pub struct Growth {
    tree: Range,
    accepted: Mark,
    offered: Option<Mark>,
}

/// A tree at one moment, and the leaves since.
#[derive(Clone, Debug)]
struct Mark {
    then: Range,
    since: Range,
}

impl Default for Growth {
    fn default() -> Self {
        let tree = Range::from(0);
        Self { accepted: Mark::at(&tree), offered: None, tree }
    }
}

impl Growth {
    /// Takes the next leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.tree.append(leaf);
        self.accepted.since.append(leaf);
        if let Some(offered) = &mut self.offered {
            offered.since.append(leaf);
        }
    }

    /// The frontier.
    #[must_use]
    pub const fn tree(&self) -> &Range {
        &self.tree
    }

    /// That the tree of now extends the accepted one. It is offered from here on.
    pub fn offer(&mut self) -> Option<ConsistencyProof> {
        self.offered = Some(Mark::at(&self.tree));
        ConsistencyProof::of(&self.accepted, self.accepted.then.end(), self.tree.end())
    }

    /// What was offered last is accepted.
    pub fn accept(&mut self) {
        if let Some(offered) = self.offered.take() {
            self.accepted = offered;
        }
    }
}

impl Mark {
    fn at(tree: &Range) -> Self {
        Self { then: tree.clone(), since: Range::from(tree.end()) }
    }
}

impl Roots for Mark {
    fn root(&self, start: u64, end: u64) -> Option<Hash> {
        let known = if end <= self.then.end() { &self.then } else { &self.since };
        known.cover(start, end)
    }
}

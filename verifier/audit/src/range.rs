//! The hashes that stand for a run of leaves: of a whole tree, its frontier.

use crate::hash::Hash;

/// A perfect subtree: so many leaves, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    leaves: u64,
    root: Hash,
}

/// The leaves from `start` to `end` by the fewest perfect subtrees that cover them: at most two
/// for each bit of the tree's size, however many leaves there are.
///
/// A range that starts at 0 is the frontier of a tree: it knows the root, and takes the next leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    start: u64,
    end: u64,
    nodes: Vec<Node>,
}

impl Range {
    /// No leaves, from the one numbered `start` on.
    #[must_use]
    pub const fn from(start: u64) -> Self {
        Self { start, end: start, nodes: Vec::new() }
    }

    /// The frontier of a tree of `size` leaves, from the roots of its perfect subtrees, largest
    /// first; `None` if there is another number of them.
    #[must_use]
    pub fn of_peaks(size: u64, peaks: &[Hash]) -> Option<Self> {
        let sizes: Vec<u64> =
            (0..u64::BITS).rev().map(|bit| 1 << bit).filter(|leaves| size & leaves != 0).collect();
        let nodes =
            sizes.iter().zip(peaks).map(|(leaves, root)| Node { leaves: *leaves, root: *root });
        let fits = sizes.len() == peaks.len();
        fits.then(|| Self { start: 0, end: size, nodes: nodes.collect() })
    }

    /// The roots of the perfect subtrees, in order.
    pub fn peaks(&self) -> impl Iterator<Item = Hash> {
        self.nodes.iter().map(|node| node.root)
    }

    /// The number of the first leaf.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The number of the leaf that comes next. Of a frontier: the size of the tree.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Takes the next leaf. A tree of 2^64 leaves takes no more of them.
    pub fn append(&mut self, leaf: Hash) {
        self.push(Node { leaves: 1, root: leaf });
    }

    /// Takes the leaves of `next`, which begins where this ends.
    pub(crate) fn join(&mut self, next: &Self) {
        debug_assert_eq!(self.end, next.start, "ranges that do not follow one another");
        next.nodes.iter().for_each(|node| self.push(*node));
    }

    fn push(&mut self, node: Node) {
        let Some(end) = self.end.checked_add(node.leaves) else { return };
        self.end = end;
        self.nodes.push(node);
        while let Some([left, right]) = self.nodes.last_chunk().copied() {
            if left.leaves != right.leaves || !self.ends_subtree(left.leaves) {
                return;
            }
            let node = Node { leaves: left.leaves << 1, root: Hash::node(left.root, right.root) };
            self.nodes.truncate(self.nodes.len().saturating_sub(2));
            self.nodes.push(node);
        }
    }

    /// Whether the two last nodes, of `leaves` leaves each, are the halves of one subtree.
    const fn ends_subtree(&self, leaves: u64) -> bool {
        match self.end.checked_rem(leaves << 1) {
            Some(rest) => rest == 0,
            None => false,
        }
    }

    /// The root over all of it. Of a frontier: the root of the tree.
    ///
    /// SPEC: RFC 9162 section 2.1.1.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.cover(self.start, self.end).unwrap_or_else(Hash::of_nothing)
    }

    /// The root over the leaves from `start` to `end`, where it follows from what is known.
    #[must_use]
    pub fn cover(&self, start: u64, end: u64) -> Option<Hash> {
        let (mut at, mut first, mut covered, mut roots) = (self.start, None, start, Vec::new());
        for node in &self.nodes {
            let next = at.saturating_add(node.leaves);
            if at >= start && next <= end {
                first.get_or_insert(at);
                roots.push(node.root);
                covered = next;
            }
            at = next;
        }
        let whole = first == Some(start) && covered == end;
        roots.into_iter().rev().reduce(|right, left| Hash::node(left, right)).filter(|_| whole)
    }
}

//! Proofs over the tree: that a record is in it, and that a tree is the beginning of another.

use cloister_attestation::cbor::Writer;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::error::AuditError;
use crate::hash::Hash;
use crate::limits::PATH_MAX;

/// Whoever knows the roots of runs of leaves that a proof is made of.
pub(crate) trait Roots {
    /// The root over the leaves from `start` to `end`, if it is known.
    fn root(&self, start: u64, end: u64) -> Option<Hash>;
}

/// Leaves, all of them, from the first one on.
pub(crate) struct Leaves<'a>(pub(crate) &'a [Hash]);

impl Roots for Leaves<'_> {
    fn root(&self, start: u64, end: u64) -> Option<Hash> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        root(self.0.get(start..end)?)
    }
}

fn root(leaves: &[Hash]) -> Option<Hash> {
    match leaves {
        [] => None,
        [leaf] => Some(*leaf),
        more => {
            let half = more.len().next_power_of_two() / 2;
            let (left, right) = more.split_at_checked(half)?;
            Some(Hash::node(root(left)?, root(right)?))
        }
    }
}

/// That one leaf is in the tree of a size and root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InclusionProof {
    /// The leaf's number.
    pub index: u64,
    /// The tree's leaves.
    pub size: u64,
    /// The other hashes on the way from the leaf to the root.
    pub path: Vec<Hash>,
}

impl InclusionProof {
    /// Proves the leaf `index` of a tree of these leaves; `None` if there is no such leaf.
    ///
    /// SPEC: RFC 9162 section 2.1.3.1.
    #[must_use]
    pub fn new(leaves: &[Hash], index: u64) -> Option<Self> {
        let size = u64::try_from(leaves.len()).ok()?;
        let mut path = Vec::new();
        let (mut start, mut end) = (0, size);
        if index >= size {
            return None;
        }
        while let Some(middle) = split(start, end) {
            if index < middle {
                path.push(Leaves(leaves).root(middle, end)?);
                end = middle;
            } else {
                path.push(Leaves(leaves).root(start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Some(Self { index, size, path })
    }

    /// The root of the tree that this proves `leaf` to be in.
    ///
    /// SPEC: RFC 9162 section 2.1.3.2.
    ///
    /// # Errors
    /// [`AuditError::Proof`] if it proves nothing, whatever the root.
    pub fn root(&self, leaf: Hash) -> Result<Hash, AuditError> {
        if self.index >= self.size || self.path.len() > PATH_MAX {
            return Err(AuditError::Proof);
        }
        let (mut at, mut last, mut root) = (self.index, self.size.saturating_sub(1), leaf);
        for hash in &self.path {
            if last == 0 {
                return Err(AuditError::Proof);
            }
            if at & 1 == 1 || at == last {
                root = Hash::node(*hash, root);
                while at & 1 == 0 && at != 0 {
                    (at, last) = (at >> 1, last >> 1);
                }
            } else {
                root = Hash::node(root, *hash);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        if last == 0 { Ok(root) } else { Err(AuditError::Proof) }
    }
}

/// That the tree of one size and root is the beginning of a larger one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ConsistencyProof {
    /// Leaves of the earlier tree.
    #[n(0)]
    pub from: u64,
    /// Leaves of the later tree.
    #[n(1)]
    pub to: u64,
    /// The hashes that both roots follow from.
    #[n(2)]
    pub path: Vec<Hash>,
}

impl ConsistencyProof {
    /// Proves that the tree of the first `from` of these leaves is the beginning of the tree of
    /// all of them; `None` if there are fewer.
    #[must_use]
    pub fn new(leaves: &[Hash], from: u64) -> Option<Self> {
        Self::of(&Leaves(leaves), from, u64::try_from(leaves.len()).ok()?)
    }

    /// SPEC: RFC 9162 section 2.1.4.1.
    pub(crate) fn of(roots: &impl Roots, from: u64, to: u64) -> Option<Self> {
        let mut path = Vec::new();
        let (mut start, mut end, mut complete) = (0, to, true);
        if from > to {
            return None;
        }
        if from == 0 || from == to {
            return Some(Self { from, to, path });
        }
        while from != end {
            let middle = split(start, end)?;
            if from <= middle {
                path.push(roots.root(middle, end)?);
                end = middle;
            } else {
                path.push(roots.root(start, middle)?);
                (start, complete) = (middle, false);
            }
        }
        if !complete {
            path.push(roots.root(start, end)?);
        }
        path.reverse();
        Some(Self { from, to, path })
    }

    /// Checks that a tree of [`Self::from`] leaves and root `earlier` is the beginning of a tree
    /// of [`Self::to`] leaves and root `later`.
    ///
    /// SPEC: RFC 9162 section 2.1.4.2.
    ///
    /// # Errors
    /// [`AuditError::Proof`] if it does not show that.
    pub fn verify(&self, earlier: Hash, later: Hash) -> Result<(), AuditError> {
        let shown = match self.from {
            _ if self.from > self.to || self.path.len() > PATH_MAX => false,
            0 => self.path.is_empty() && earlier == Hash::of_nothing(),
            from if from == self.to => self.path.is_empty() && earlier == later,
            _ => self.roots(earlier) == Some((earlier, later)),
        };
        if shown { Ok(()) } else { Err(AuditError::Proof) }
    }

    /// The two roots that the path leads to; `None` if its length does not fit the sizes.
    fn roots(&self, earlier: Hash) -> Option<(Hash, Hash)> {
        let (mut at, mut last) = (self.from.checked_sub(1)?, self.to.checked_sub(1)?);
        while at & 1 == 1 {
            (at, last) = (at >> 1, last >> 1);
        }
        let mut path = self.path.iter().copied();
        // A whole perfect tree is its own first node, and is not sent.
        let first = if self.from.is_power_of_two() { earlier } else { path.next()? };
        let (mut from, mut to) = (first, first);
        for hash in path {
            if last == 0 {
                return None;
            }
            if at & 1 == 1 || at == last {
                (from, to) = (Hash::node(hash, from), Hash::node(hash, to));
                while at & 1 == 0 && at != 0 {
                    (at, last) = (at >> 1, last >> 1);
                }
            } else {
                to = Hash::node(to, hash);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        (last == 0).then_some((from, to))
    }

    /// The deterministic CBOR form, for the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut e = Writer::default();
        e.map(3).unsigned(0).unsigned(self.from).unsigned(1).unsigned(self.to);
        e.unsigned(2).array(self.path.len());
        self.path.iter().for_each(|hash| {
            e.bytes(hash.as_bytes());
        });
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that [`Self::to_bytes`] would not have written.
    ///
    /// # Errors
    /// [`AuditError::Proof`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(AuditError::Proof);
        }
        let proof: Self = minicbor::decode(bytes).map_err(|_| AuditError::Proof)?;
        if proof.to_bytes() == bytes { Ok(proof) } else { Err(AuditError::Proof) }
    }
}

/// A map of two sizes and as many hashes as a path may have, with room for their heads.
const PROOF_BYTES_MAX: usize = PATH_MAX * (Hash::LEN + 2) + 32;

/// Where the tree over the leaves from `start` to `end` divides; `None` for a single leaf.
///
/// SPEC: RFC 9162 section 2.1.1: the largest power of two below the number of leaves.
fn split(start: u64, end: u64) -> Option<u64> {
    let leaves = end.checked_sub(start)?;
    let below = leaves.checked_sub(1).filter(|below| *below > 0)?;
    start.checked_add(1 << below.ilog2())
}

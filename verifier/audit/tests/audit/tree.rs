//! The tree against the vectors of the Certificate Transparency implementations (RFC 6962), and
//! its proofs against every size and index that is small.

use cloister_audit::{AuditError, ConsistencyProof, Growth, Hash, InclusionProof, Range};
use proptest::prelude::*;

/// The eight leaves of the reference implementation's tests.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// The roots of the trees of the first one, two, … eight of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaves() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| Hash::leaf(&hex::decode(leaf).unwrap())).collect()
}

fn many(count: u64) -> Vec<Hash> {
    (0..count).map(|n| Hash::leaf(&n.to_be_bytes())).collect()
}

fn frontier(leaves: &[Hash]) -> Range {
    let mut range = Range::from(0);
    leaves.iter().for_each(|leaf| range.append(*leaf));
    range
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| Hash::from_hex(text).unwrap()).collect()
}

#[test]
fn roots_are_those_of_the_reference_implementation() {
    assert_eq!(
        Hash::of_nothing().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(Range::from(0).root(), Hash::of_nothing());
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(frontier(&leaves()[..size]).root().to_string(), root, "{size} leaves");
    }
}

#[test]
fn inclusion_paths_are_those_of_the_reference_implementation() {
    let vectors: [(u64, usize, &[&str]); 4] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ];
    for (index, size, path) in vectors {
        let proof = InclusionProof::new(&leaves()[..size], index).unwrap();
        assert_eq!(proof.path, hashes(path), "{index} of {size}");
    }
}

#[test]
fn consistency_paths_are_those_of_the_reference_implementation() {
    let vectors: [(u64, usize, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (from, to, path) in vectors {
        let proof = ConsistencyProof::new(&leaves()[..to], from).unwrap();
        assert_eq!(proof.path, hashes(path), "{from} to {to}");
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proved_and_no_other_root_is() {
    for size in 1..=33 {
        let leaves = many(size);
        let root = frontier(&leaves).root();
        for index in 0..size {
            let proof = InclusionProof::new(&leaves, index).unwrap();
            let leaf = leaves[usize::try_from(index).unwrap()];
            assert_eq!(proof.root(leaf), Ok(root), "{index} of {size}");
            assert_ne!(proof.root(Hash::leaf(b"another")), Ok(root));
            for at in 0..proof.path.len() {
                let mut shorter = proof.clone();
                shorter.path.remove(at);
                assert_ne!(shorter.root(leaf), Ok(root), "{index} of {size} without {at}");
            }
            let mut longer = proof.clone();
            longer.path.push(root);
            assert_eq!(longer.root(leaf), Err(AuditError::Proof));
        }
        assert_eq!(InclusionProof::new(&leaves, size), None);
    }
}

#[test]
fn every_beginning_of_every_small_tree_is_proved_and_no_other_is() {
    for to in 1..=33 {
        let leaves = many(to);
        let later = frontier(&leaves).root();
        for from in 0..=to {
            let earlier = frontier(&leaves[..usize::try_from(from).unwrap()]).root();
            let proof = ConsistencyProof::new(&leaves, from).unwrap();
            assert_eq!(proof.verify(earlier, later), Ok(()), "{from} to {to}");
            assert_eq!(ConsistencyProof::from_bytes(&proof.to_bytes()), Ok(proof.clone()));
            let other = Hash::leaf(b"another");
            assert_eq!(proof.verify(other, later), Err(AuditError::Proof), "{from} to {to}");
            // Every tree begins with the empty one, so that says nothing about the later root.
            if from > 0 {
                assert_eq!(proof.verify(earlier, other), Err(AuditError::Proof), "{from} to {to}");
            }
            for at in 0..proof.path.len() {
                let mut changed = proof.clone();
                changed.path[at] = other;
                assert_eq!(changed.verify(earlier, later), Err(AuditError::Proof));
                changed.path.remove(at);
                assert_eq!(changed.verify(earlier, later), Err(AuditError::Proof));
            }
        }
        assert_eq!(ConsistencyProof::new(&leaves, to + 1), None);
    }
}

#[test]
fn a_growing_tree_proves_the_same_as_all_of_its_leaves_do() {
    let leaves = many(40);
    let size = |at: usize| u64::try_from(at).unwrap();
    for step in [1, 3, 7] {
        let mut growth = Growth::default();
        for (end, leaf) in leaves.iter().enumerate() {
            if end % step == 0 {
                growth.mark();
            }
            for from in (0..=end).step_by(step) {
                let expected = ConsistencyProof::new(&leaves[..end], size(from));
                assert_eq!(growth.proof(size(from), size(end)), expected, "{from} to {end}");
                let between = from + (end - from) / step / 2 * step;
                let expected = ConsistencyProof::new(&leaves[..between], size(from));
                assert_eq!(growth.proof(size(from), size(between)), expected);
            }
            assert_eq!(growth.tree(), frontier(&leaves[..end]));
            growth.append(*leaf);
        }
    }
}

#[test]
fn what_is_not_marked_or_not_kept_is_not_proved() {
    let leaves = many(50);
    let mut growth = Growth::default();
    for (end, leaf) in leaves.iter().enumerate() {
        if end % 5 == 0 {
            growth.mark();
            growth.mark();
        }
        growth.append(*leaf);
    }
    assert_eq!(growth.proof(3, 50), None, "nothing was marked there");
    assert_eq!(growth.proof(5, 17), None, "nor there");
    assert_eq!(growth.proof(20, 10), None);
    growth.keep(|size| [10, 30].contains(&size));
    for from in [0, 5, 15, 40] {
        assert_eq!(growth.proof(from, 50), None, "{from} was not kept");
    }
    // The newest mark is 45.
    for (from, to) in [(10, 30), (10, 45), (10, 50), (30, 45), (30, 50), (45, 50)] {
        let end = usize::try_from(to).unwrap();
        assert_eq!(growth.proof(from, to), ConsistencyProof::new(&leaves[..end], from), "{from}");
    }
    assert_eq!(growth.tree(), frontier(&leaves));
}

#[test]
fn a_frontier_is_told_by_its_peaks() {
    for size in 0..40 {
        let range = frontier(&many(size));
        let peaks: Vec<Hash> = range.peaks().collect();
        assert_eq!(Range::of_peaks(size, &peaks), Some(range));
        assert_eq!(Range::of_peaks(size, &[peaks, vec![Hash::of_nothing()]].concat()), None);
    }
}

proptest! {
    #[test]
    fn large_trees_prove_their_beginnings(from in 0_u64..3000, more in 0_u64..3000) {
        let leaves = many(from + more);
        let mut growth = Growth::default();
        let (old, new) = leaves.split_at(usize::try_from(from).unwrap());
        old.iter().for_each(|leaf| growth.append(*leaf));
        growth.mark();
        let earlier = growth.tree().root();
        new.iter().for_each(|leaf| growth.append(*leaf));
        let proof = growth.proof(from, from + more).unwrap();
        prop_assert_eq!(proof.verify(earlier, growth.tree().root()), Ok(()));
    }

    #[test]
    fn whichever_marks_are_kept_prove_each_other(
        marks in proptest::collection::btree_set(0_u64..400, 1..12),
        kept: prop::sample::Index,
        more in 0_u64..100,
    ) {
        let leaves = many(marks.last().unwrap() + more);
        let mut growth = Growth::default();
        for (at, leaf) in (0_u64..).zip(&leaves) {
            if marks.contains(&at) {
                growth.mark();
            }
            growth.append(*leaf);
        }
        if marks.contains(&growth.end()) {
            growth.mark();
        }
        let from = *kept.get(&marks.iter().copied().collect::<Vec<_>>());
        growth.keep(|size| size >= from && size % 2 == from % 2);
        let to = growth.end();
        prop_assert_eq!(growth.proof(from, to), ConsistencyProof::new(&leaves, from));
    }

    #[test]
    fn proofs_of_any_bytes_are_refused_or_written_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(proof) = ConsistencyProof::from_bytes(&bytes) {
            prop_assert_eq!(proof.to_bytes(), bytes);
        }
    }
}

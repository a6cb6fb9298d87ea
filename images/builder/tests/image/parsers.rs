//! Parsers of what comes from elsewhere, under inputs that nobody thought of.

use cloister_image::archive::{tar, zip};
use cloister_image::elf::Elf;
use cloister_image::packages::{Lock, Wanted};
use cloister_image::pe::Pe;
use cloister_image::tree::Tree;
use proptest::prelude::*;

fn parse_all(bytes: &[u8]) {
    let _refused = Pe::parse(bytes).map(|pe| pe.sections.len());
    let _refused = Elf::parse(bytes).map(|elf| (elf.is_static(), elf.section(".modinfo")));
    let _refused = tar::members(bytes).collect::<Result<Vec<_>, _>>();
    let _refused = zip::members(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _refused = (Lock::parse(&text), Wanted::parse(&text));
}

proptest! {
    #[test]
    fn no_parser_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        parse_all(&bytes);
    }

    #[test]
    fn no_parser_panics_behind_a_genuine_beginning(
        magic in prop_oneof![
            Just(b"MZ".to_vec()),
            Just(b"\x7fELF\x02\x01\x01".to_vec()),
            Just(b"PK\x03\x04".to_vec()),
            Just(b"PK\x05\x06".to_vec()),
        ],
        bytes in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        parse_all(&[magic.clone(), bytes.clone()].concat());
        parse_all(&[bytes, magic].concat());
    }

    #[test]
    fn whatever_is_put_into_a_tree_stays_below_its_root(
        paths in proptest::collection::vec("[a-c./]{1,8}", 1..24),
        targets in proptest::collection::vec("[a-c./]{1,8}", 24),
    ) {
        let mut tree = Tree::new();
        for (at, (path, target)) in paths.iter().zip(&targets).enumerate() {
            let _refused = match at % 3 {
                0 => tree.file(path, vec![1], false),
                1 => tree.link(path, target),
                _ => tree.remove(path),
            };
        }
        let mut bytes = 0;
        for (path, entry) in tree.iter() {
            bytes += u64::try_from(entry.data().len()).unwrap();
            for part in path.split('/') {
                prop_assert!(!matches!(part, "" | "." | ".."), "{}", path);
            }
        }
        prop_assert_eq!(bytes, tree.bytes());
    }
}

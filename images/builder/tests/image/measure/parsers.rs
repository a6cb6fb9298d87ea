//! Properties of the parsers: they refuse, and never panic or hang.

use cloister_image::measure::firmware::Firmware as Parsed;
use cloister_image::measure::tdx::{Passes, mr_td, td_hob};
use cloister_image::measure::{Pe, partition_event};
use proptest::prelude::*;

use super::synthetic::{Firmware, kernel, uki};

fn flipped(mut bytes: Vec<u8>, flips: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, value) in flips {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    bytes
}

fn flips() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

/// Where headers and metadata are: most flips elsewhere change a digest and nothing else.
fn firmware_tail(bytes: &[u8]) -> usize {
    bytes.len() - 2048
}

proptest! {
    #[test]
    fn a_mutated_firmware_reads_or_is_refused(flips in flips()) {
        let bytes = Firmware::default().build();
        let tail = firmware_tail(&bytes);
        let bytes = [&bytes[..tail], &flipped(bytes[tail..].to_vec(), &flips)].concat();
        if let Ok(firmware) = Parsed::parse(&bytes) {
            let sections = firmware.tdvf_sections();
            let measured = mr_td(&firmware, Passes::One);
            prop_assert_eq!(sections.is_ok(), measured.is_ok());
            let _ = (firmware.sev_sections(), td_hob(&firmware, 2048), firmware.ap_reset_address());
        }
    }

    #[test]
    fn arbitrary_bytes_read_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..9000)) {
        let _ = (Parsed::parse(&bytes).is_ok(), Pe::parse(&bytes).is_ok());
        let _ = partition_event(&bytes).is_ok();
    }

    #[test]
    fn what_authenticode_leaves_out_is_the_checksum_and_the_directory_entry_alone(
        at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let good = uki(&kernel(), b"initrd", "quiet");
        let digest = Pe::parse(&good).unwrap().authenticode_sha384();
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed[at] ^= 1 << bit;
        let left_out = (0x98..0x9c).contains(&at) || (0xe8..0xf0).contains(&at);
        if let Ok(pe) = Pe::parse(&changed) {
            prop_assert_eq!(pe.authenticode_sha384() == digest, left_out, "{:#x}", at);
        }
    }

    #[test]
    fn the_hashed_parts_are_in_the_file_and_not_more_than_it(flips in flips()) {
        let good = uki(&kernel(), b"initrd", "quiet");
        let headers = flipped(good[..0x400].to_vec(), &flips);
        let bytes = [&headers, &good[0x400..]].concat();
        if let Ok(pe) = Pe::parse(&bytes) {
            let hashed: usize = pe.authenticode().iter().map(|part| part.len()).sum();
            prop_assert!(hashed <= bytes.len());
            // All but the checksum, the entry of the certificates, and these.
            prop_assert!(hashed + 12 >= bytes.len() || has_certificates(&bytes));
        }
    }
}

fn has_certificates(bytes: &[u8]) -> bool {
    let at = usize::from(bytes[0x3c]) + 24 + 144;
    bytes[at + 4..at + 8] != [0; 4]
}

#[test]
fn refuses_images_whose_layout_firmware_would_not_hash_like_that() {
    let good = uki(&kernel(), b"initrd", "quiet");
    let section = 0x58 + 240;
    let refuse = |what: &str, at: usize, field: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + field.len()].copy_from_slice(field);
        assert!(Pe::parse(&bytes).is_err(), "{what}");
    };
    refuse("another machine", 0x44, &0x014c_u16.to_le_bytes());
    refuse("PE32", 0x58, &0x010b_u16.to_le_bytes());
    refuse("too many sections", 0x46, &97_u16.to_le_bytes());
    refuse("headers before their table", 0x58 + 60, &0x100_u32.to_le_bytes());
    refuse("a section over the headers", section + 20, &0x200_u32.to_le_bytes());
    refuse("a section outside", section + 20, &0x00ff_ff00_u32.to_le_bytes());
    refuse("a section over another", section + 40 + 20, &0x400_u32.to_le_bytes());
    refuse("certificates not at the end", 0x58 + 144, &[0, 4, 0, 0, 8, 0, 0, 0]);
    refuse("directories beyond the header", 0x58 + 108, &99_u32.to_le_bytes());
    assert!(Pe::parse(&good[..good.len() - 1]).is_err(), "cut");
}

#[test]
fn what_follows_the_sections_is_hashed_and_certificates_are_not() {
    let good = uki(&kernel(), b"initrd", "quiet");
    let digest = Pe::parse(&good).unwrap().authenticode_sha384();
    let mut longer = good.clone();
    longer.extend_from_slice(b"behind");
    assert_ne!(Pe::parse(&longer).unwrap().authenticode_sha384(), digest);
    let mut signed = good.clone();
    let entry = [(good.len() as u32).to_le_bytes(), 8_u32.to_le_bytes()].concat();
    signed[0x58 + 144..0x58 + 152].copy_from_slice(&entry);
    signed.extend_from_slice(&[7; 8]);
    assert_eq!(Pe::parse(&signed).unwrap().authenticode_sha384(), digest);
}

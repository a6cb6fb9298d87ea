//! What of a firmware is read, and what is refused.

use cloister_image::measure::MeasureError;
use cloister_image::measure::firmware::{Firmware as Parsed, SevSectionKind, TdvfSectionKind};

use super::synthetic::{Firmware, HASH_TABLE, PAGE, Tdx};

fn refusal(firmware: &Firmware) -> String {
    let bytes = firmware.build();
    let parsed = Parsed::parse(&bytes).unwrap();
    let read = parsed.sev_sections().and_then(|_| parsed.tdvf_sections());
    read.unwrap_err().to_string()
}

#[test]
fn reads_both_metadata_and_the_table_at_the_end() {
    let bytes = Firmware::default().build();
    let firmware = Parsed::parse(&bytes).unwrap();
    assert_eq!(firmware.address(), 0x1_0000_0000 - 8 * 4096);
    assert_eq!(firmware.ap_reset_address().unwrap(), 0x0080_b004);
    assert_eq!(firmware.hash_table_address().unwrap(), Some(HASH_TABLE));
    let sev: Vec<_> = firmware.sev_sections().unwrap().iter().map(|it| it.kind).collect();
    use SevSectionKind::{Cpuid, KernelHashes, SecMemory, Secrets};
    assert_eq!(sev, [SecMemory, Secrets, Cpuid, KernelHashes]);
    let tdx = firmware.tdvf_sections().unwrap();
    assert_eq!(tdx[0].data, &bytes[2 * PAGE..]);
    assert_eq!((tdx[1].kind, tdx[1].is_extended), (TdvfSectionKind::Cfv, false));
}

#[test]
fn refuses_what_it_does_not_know_since_it_would_be_measured() {
    let default = Firmware::default;
    let page = PAGE as u32;
    let with_sev = |section| Firmware { sev: vec![section], ..default() };
    let with_tdx = |section| Firmware { tdx: vec![section], ..default() };
    for (firmware, words) in [
        (with_sev([0x1000, page, 7]), "unknown kind 7"),
        (with_sev([0x1001, page, 1]), "whole pages"),
        (with_sev([0x1000, page + 1, 1]), "whole pages"),
        (with_sev([0x1000, 0x0500_0000, 1]), "too large"),
        (Firmware { sev_version: 2, ..default() }, "does not read"),
        (with_tdx(Tdx(0, 0, 0, 4096, 9, 0)), "unknown kind 9"),
        (with_tdx(Tdx(0, 0, 0, 4096, 3, 4)), "unknown attributes"),
        (with_tdx(Tdx(0, 0, 1, 4096, 3, 0)), "whole pages"),
        (with_tdx(Tdx(0, 0, 0, 1 << 40, 3, 0)), "too large"),
        (with_tdx(Tdx(0, 2 * page, 0, 4096, 0, 1)), "unknown attributes"),
        (with_tdx(Tdx(8 * page, page, 0, 4096, 0, 1)), "outside of it"),
        (with_tdx(Tdx(u32::MAX, page, 0, 4096, 0, 1)), "outside of it"),
    ] {
        let refusal = refusal(&firmware);
        assert!(refusal.contains(words), "{refusal}, not {words}");
    }
}

#[test]
fn refuses_a_table_that_is_cut_foreign_or_names_an_entry_twice() {
    let good = Firmware::default().build();
    let footer = good.len() - 50;
    let refuse = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        assert!(matches!(Parsed::parse(&bytes).unwrap_err(), MeasureError::Firmware { .. }));
    };
    refuse(&|bytes| bytes[footer + 2] ^= 1);
    refuse(&|bytes| bytes[footer] = 17);
    refuse(&|bytes| bytes[footer] = bytes[footer].wrapping_add(1));
    refuse(&|bytes| bytes[footer + 1] = 0xff);
    refuse(&|bytes| bytes[footer - 18] = 3);
    refuse(&|bytes| bytes.truncate(PAGE - 1));
    refuse(&|bytes| bytes.clear());
    refuse(&|bytes| bytes.resize(32 * 1024 * 1024, 0));
    // The entry before the last one, under the last one's name.
    refuse(&|bytes| {
        let last: Vec<u8> = bytes[footer - 16..footer].to_vec();
        let before = footer - 26 - 16;
        bytes[before..before + 16].copy_from_slice(&last);
    });
}

#[test]
fn a_firmware_without_metadata_of_a_platform_says_so() {
    let bytes = Firmware { hash_table: Some(0), ..Firmware::default() }.build();
    assert_eq!(Parsed::parse(&bytes).unwrap().hash_table_address().unwrap(), None);
    let bytes = Firmware { hash_table: None, ..Firmware::default() }.build();
    assert_eq!(Parsed::parse(&bytes).unwrap().hash_table_address().unwrap(), None);
}

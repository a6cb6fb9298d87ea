use super::{Parts, unify};
use crate::pe::Pe;

/// A program with one section, and headers with room for `room` more.
fn program(room: usize) -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend_from_slice(&0x40_u32.to_le_bytes());
    file.extend_from_slice(b"PE\0\0");
    file.extend_from_slice(&0x8664_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&[0; 12]);
    file.extend_from_slice(&240_u16.to_le_bytes());
    file.extend_from_slice(&0x22_u16.to_le_bytes());
    let headers = u32::try_from(0x58 + 240 + 40 * (1 + room)).unwrap();
    let mut optional = vec![0; 240];
    optional[..2].copy_from_slice(&0x20b_u16.to_le_bytes());
    for (offset, value) in [(32, 0x1000_u32), (36, 0x200), (60, headers), (64, 77), (108, 16)] {
        optional[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&optional);
    file.extend_from_slice(b".text\0\0\0");
    for value in [5, 0x1000, 5, headers, 0, 0, 0, 0x6000_0020_u32] {
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.resize(usize::try_from(headers).unwrap(), 0);
    file.extend_from_slice(b"\x90\x90\x90\x90\xc3");
    file
}

fn unified(stub: &[u8], kernel: &[u8]) -> Result<Vec<u8>, crate::pe::PeError> {
    let parts = Parts { stub, cmdline: "quiet", uname: "6.12", initrd: &[7; 0x1001], kernel };
    unify(&parts)
}

#[test]
fn every_section_is_whole_aligned_and_apart_from_the_others() {
    let kernel = program(0);
    let image = unified(&program(4), &kernel).unwrap();
    let pe = Pe::parse(&image).unwrap();
    let data = |name: &str| pe.section(name).unwrap().data(&image).unwrap();
    assert_eq!(data(".cmdline"), b"quiet");
    assert_eq!(data(".uname"), b"6.12");
    assert_eq!(data(".initrd"), [7; 0x1001]);
    assert_eq!(data(".linux"), kernel);
    assert!(pe.section(".osrel").is_none());
    assert_eq!(pe.sections.last().unwrap().label(), b".linux");
    for pair in pe.sections.windows(2) {
        assert_eq!(pair[1].virtual_address % 0x1000, 0);
        assert_eq!(pair[1].raw_offset % 0x200, 0);
        assert!(pair[0].virtual_address + pair[0].virtual_size <= pair[1].virtual_address);
        assert!(pair[0].raw_offset + pair[0].raw_size <= pair[1].raw_offset);
    }
    let optional = &image[pe.optional_offset..];
    let word = |at: usize| u32::from_le_bytes(optional[at..at + 4].try_into().unwrap());
    let last = pe.sections.last().unwrap();
    assert_eq!(word(56), (last.virtual_address + last.virtual_size).next_multiple_of(0x1000));
    assert_eq!(word(64), 0);
}

#[test]
fn a_stub_without_room_and_a_signed_one_are_refused() {
    let kernel = program(0);
    assert!(unified(&program(3), &kernel).unwrap_err().to_string().contains("room"));
    let mut signed = program(4);
    let entry = Pe::parse(&signed).unwrap().certificate_entry_offset.unwrap();
    signed[entry] = 1;
    assert!(unified(&signed, &kernel).unwrap_err().to_string().contains("signed"));
}

#[test]
fn what_is_no_program_is_refused() {
    let good = program(4);
    assert!(unified(&good, b"vmlinux").is_err());
    assert!(unified(b"MZ", &good).is_err());
    for (offset, reason) in [(0, "MZ"), (0x40, "signature"), (0x44, "x86-64"), (0x58, "PE32+")] {
        let mut bad = good.clone();
        bad[offset] ^= 0xff;
        let error = Pe::parse(&bad).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    for len in 0..good.len() {
        assert!(Pe::parse(&good[..len]).is_err(), "{len}");
    }
}

//! What several topics need.

use std::path::PathBuf;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::code::Code;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifyError;
use cloister_simulator::Pki;

/// One seed for all tests, so that they share the RSA keys on disk.
pub(crate) const SEED: &str = "cloister tests";

pub(crate) const REPORT_DATA: ReportData = ReportData::new([0x5a; 64]);

pub(crate) fn issued() -> UnixTime {
    UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap()
}

/// A day after everything was issued.
pub(crate) fn now() -> UnixTime {
    issued().plus(std::time::Duration::from_secs(24 * 60 * 60))
}

pub(crate) fn pki() -> Pki {
    Pki::from_seed(SEED, issued())
}

pub(crate) fn anchors() -> Anchors {
    pki().anchors()
}

/// The code that a verification was refused with.
pub(crate) fn refusal<T: core::fmt::Debug>(outcome: Result<T, VerifyError>) -> &'static Code {
    match outcome {
        Err(VerifyError::Refused { code, .. }) => code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The recorded vectors, or a line that says that they are not here.
pub(crate) fn vectors() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let folder = std::env::var_os("CLOISTER_VECTORS").map_or_else(|| default.into(), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recorded vectors at {} (set CLOISTER_VECTORS)", folder.display());
    None
}

/// Firmware for confidential machines that does nothing: two pages with the tables that real
/// firmware has.
pub(crate) fn firmware() -> Vec<u8> {
    let mut firmware = vec![0x90; 2 * 4096];
    let (sev, tdx) = (firmware.len() - 1024, firmware.len() - 768);
    let numbers = |numbers: &[u32]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    // Memory, secrets, CPUID and kernel hashes.
    let sections = numbers(&[
        1, 4, 0x80_0000, 0x9000, 1, 0x80_d000, 0x1000, 2, 0x80_e000, 0x1000, 3, 0x80_c000, 0x1000,
        0x10,
    ]);
    put(&mut firmware, sev, &[b"ASEV".as_slice(), &numbers(&[64]), &sections].concat());
    // The firmware itself, measured; and memory that only has an address.
    let sections = numbers(&[
        48,
        1,
        2,
        0,
        0x2000,
        0xffff_e000,
        0,
        0x2000,
        0,
        0,
        1,
        0,
        0,
        0x81_0000,
        0,
        0x1000,
        0,
        3,
        0,
    ]);
    put(&mut firmware, tdx, &[b"TDVF".as_slice(), &sections].concat());
    let end = firmware.len();
    let table = [
        entry(&numbers(&[0x80_b004]), "de71f700 7e1acb4f 890e68c77e2fb44e"),
        entry(&numbers(&[0x80_cc00, 0x400]), "1f375572 3b3a044b 927b1da6efa8d454"),
        entry(&numbers(&[1024]), "666588dc 4a989847 a75e5585a7bf67cc"),
        entry(&numbers(&[768]), "35657ae4 4a989847 865e4685a7bf8ec2"),
    ]
    .concat();
    let footer = entry(&[], "de82b596 b21ff745 baeaa366c55a082d");
    let mut table = [table, footer].concat();
    let (length, at) = (u16::try_from(table.len()).unwrap(), table.len() - 18);
    put(&mut table, at, &length.to_le_bytes());
    put(&mut firmware, end - 32 - table.len(), &table);
    firmware
}

fn put(bytes: &mut [u8], at: usize, part: &[u8]) {
    bytes[at..at + part.len()].copy_from_slice(part);
}

/// Data, length and GUID of an entry in a firmware's table.
fn entry(data: &[u8], guid: &str) -> Vec<u8> {
    let length = u16::try_from(data.len() + 18).unwrap();
    [data, &length.to_le_bytes(), &hex::decode(guid.replace(' ', "")).unwrap()].concat()
}

/// An EFI program with one section and something behind it, before its signatures.
pub(crate) fn program() -> Vec<u8> {
    let mut image = vec![0x55; 0x200 + 0x100 + 8 + 16];
    image[..0x200].fill(0);
    put(&mut image, 0, b"MZ");
    put(&mut image, 0x3c, &0x80_u32.to_le_bytes());
    put(&mut image, 0x80, b"PE\0\0");
    // One section behind an optional header of 240 bytes.
    put(&mut image, 0x80 + 6, &1_u16.to_le_bytes());
    put(&mut image, 0x80 + 20, &240_u16.to_le_bytes());
    put(&mut image, 0x80 + 24, &0x20b_u16.to_le_bytes());
    put(&mut image, 0x80 + 24 + 60, &0x200_u32.to_le_bytes());
    put(&mut image, 0x80 + 24 + 240 + 16, &0x100_u32.to_le_bytes());
    put(&mut image, 0x80 + 24 + 240 + 20, &0x200_u32.to_le_bytes());
    image
}

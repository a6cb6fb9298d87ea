//! Launch measurements, against another implementation and against changed bytes.

use std::path::{Path, PathBuf};

use cloister_simulator::launch::{Launch, Processors, authenticode};
use sev::measurement::snp::{SnpMeasurementArgs, snp_calc_launch_digest};
use sev::measurement::vcpu_types::CpuType;
use sev::measurement::vmsa::{GuestFeatures, VMMType};

use crate::support::{firmware, program};

const MILAN: u32 = 0x00a0_0f11;

fn processors(count: u32) -> Processors {
    Processors { count, signature: MILAN, features: 1 }
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What the `sev` crate says.
fn reference(launch: &Launch<'_>, count: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let arguments = SnpMeasurementArgs {
        vcpus: count,
        vcpu_type: CpuType::EpycMilan,
        ovmf_file: file(folder.path(), "firmware", launch.firmware),
        guest_features: GuestFeatures::default(),
        kernel_file: Some(file(folder.path(), "kernel", launch.kernel)),
        initrd_file: Some(file(folder.path(), "initrd", launch.initrd)),
        append: Some(launch.cmdline),
        ovmf_hash_str: None,
        vmm_type: Some(VMMType::QEMU),
    };
    snp_calc_launch_digest(arguments).unwrap().try_into().unwrap()
}

#[test]
fn the_snp_launch_digest_is_the_one_of_another_implementation() {
    let firmware = firmware();
    let launch = Launch {
        firmware: &firmware,
        kernel: b"a kernel",
        initrd: b"an initrd",
        cmdline: "console=ttyS0 quiet",
    };
    for count in [1, 2, 5] {
        let own = launch.snp(&processors(count)).unwrap();
        assert_eq!(own.as_bytes().as_slice(), reference(&launch, count), "{count}");
    }
}

#[test]
fn every_byte_that_is_launched_and_every_processor_changes_the_snp_launch_digest() {
    let (firmware, mut other) = (firmware(), firmware());
    other[0] ^= 1;
    let launch = Launch { firmware: &firmware, kernel: b"k", initrd: b"i", cmdline: "c" };
    let of = |launch: Launch<'_>| launch.snp(&processors(1)).unwrap();
    let digests = [
        of(launch),
        of(Launch { firmware: &other, ..launch }),
        of(Launch { kernel: b"K", ..launch }),
        of(Launch { initrd: b"I", ..launch }),
        of(Launch { cmdline: "C", ..launch }),
        launch.snp(&processors(2)).unwrap(),
        launch.snp(&Processors { features: 0x21, ..processors(1) }).unwrap(),
        launch.snp(&Processors { signature: 0x0080_0f12, ..processors(1) }).unwrap(),
    ];
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[at + 1..].contains(digest), "{at}");
    }
}

#[test]
fn firmware_that_would_leave_the_kernel_unmeasured_is_not_launched() {
    let whole = firmware();
    let launch = Launch { firmware: &whole, kernel: b"k", initrd: b"i", cmdline: "c" };
    assert!(launch.snp(&processors(1)).is_ok());
    for broken in [&[][..], &whole[..whole.len() - 4096], &whole[4096..whole.len() - 1]] {
        assert!(Launch { firmware: broken, ..launch }.snp(&processors(1)).is_err());
    }
    // The section for kernel hashes becomes one of plain memory.
    let section = whole.windows(4).position(|word| word == [0x10, 0, 0, 0]).unwrap();
    let mut unmeasuring = whole.clone();
    unmeasuring[section] = 1;
    assert!(Launch { firmware: &unmeasuring, ..launch }.snp(&processors(1)).is_err());
}

#[test]
fn mrtd_is_of_the_firmware_alone() {
    let (firmware, mut other) = (firmware(), firmware());
    other[5] ^= 1;
    let launch = Launch { firmware: &firmware, kernel: b"k", initrd: b"i", cmdline: "c" };
    let digest = launch.mr_td().unwrap();
    assert_ne!(Launch { firmware: &other, ..launch }.mr_td().unwrap(), digest);
    assert_eq!(Launch { kernel: b"K", ..launch }.mr_td().unwrap(), digest);
}

#[test]
fn authenticode_covers_everything_but_checksum_and_signatures() {
    let image = program();
    let digest = authenticode(&image).unwrap();
    let changed = |at: usize| {
        let mut image = image.clone();
        image[at] ^= 1;
        authenticode(&image)
    };
    // The checksum, and where the signatures are.
    for unmeasured in [0x80 + 24 + 64, 0x80 + 24 + 144] {
        assert_eq!(changed(unmeasured), Ok(digest));
    }
    for measured in [2, 0x80 + 24 + 63, 0x1ff, 0x200, image.len() - 1] {
        assert_ne!(changed(measured), Ok(digest), "{measured:#x}");
    }
    assert!(authenticode(&image[..0x100]).is_err());
    assert!(authenticode(b"MZ").is_err());
}

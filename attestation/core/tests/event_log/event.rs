//! `TCG_PCR_EVENT2.event`: which bytes of a payload a digest covers.

use cloister_attestation::event_log::{Assertion, HashAlgorithm, TaggedEvent, UefiVariable};

use super::bytes::{IPL, SHA256, parse, raw, sha256, tpm};

/// What is vouched for when `hashed` is what was measured and `payload` what is logged.
fn covered(event_type: u32, payload: &[u8], hashed: &[u8]) -> Option<Assertion> {
    let log = parse(&tpm(&[raw(1, event_type, &[(SHA256, &sha256(hashed))], payload)])).unwrap();
    log.events()[0].assertion(HashAlgorithm::Sha256)
}

fn variable(name: &str, data: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lengths = [u64::try_from(name.len() / 2).unwrap(), u64::try_from(data.len()).unwrap()];
    [&[9; 16], lengths.map(u64::to_le_bytes).as_flattened(), &name, data].concat()
}

#[test]
fn a_terminator_that_was_not_hashed_is_not_vouched_for() {
    assert_eq!(covered(5, b"action\0", b"action\0"), Some(Assertion::Payload(0..7)));
    assert_eq!(covered(5, b"action\0", b"action"), Some(Assertion::Payload(0..6)));
    assert_eq!(covered(5, b"action\0\0", b"action"), None);
}

#[test]
fn a_boot_variable_may_be_hashed_whole_or_by_its_data() {
    let boot = variable("Boot0001", b"option");
    let data = boot.len() - 6..boot.len();
    assert_eq!(covered(0x8000_0002, &boot, &boot), Some(Assertion::Payload(0..boot.len())));
    assert_eq!(covered(0x8000_0002, &boot, b"option"), Some(Assertion::Payload(data)));
    assert_eq!(covered(0x8000_0002, &boot, b"opinion"), None);
    // Only for this type: a secure boot database is hashed with its name.
    assert_eq!(covered(0x8000_0001, &boot, b"option"), None);
}

#[test]
fn a_grub_string_is_hashed_without_its_prefix() {
    for prefix in ["grub_cmd: ", "kernel_cmdline: ", "module_cmdline: ", "grub_kernel_cmdline "] {
        let payload = format!("{prefix}linux /vmlinuz\0");
        let (start, end) = (prefix.len(), payload.len());
        for (hashed, covers) in [("linux /vmlinuz", end - 1), ("linux /vmlinuz\0", end)] {
            let expected = Some(Assertion::Payload(start..covers));
            assert_eq!(covered(IPL, payload.as_bytes(), hashed.as_bytes()), expected);
        }
        assert_eq!(covered(IPL, payload.as_bytes(), b"linux /evil"), None, "{prefix}");
    }
}

#[test]
fn a_file_name_is_no_measurement() {
    assert_eq!(covered(IPL, b"/boot/vmlinuz\0", b"the kernel"), Some(Assertion::DigestOnly));
}

#[test]
fn a_tagged_event_is_vouched_for_only_where_its_data_was_hashed() {
    let tagged = [&[1, 2, 3, 4, 4, 0, 0, 0], b"data".as_slice()].concat();
    assert_eq!(covered(6, &tagged, b"data"), Some(Assertion::Payload(8..12)));
    assert_eq!(covered(6, &tagged, b"the initrd"), Some(Assertion::DigestOnly));
    assert_eq!(TaggedEvent::read(&tagged).unwrap().id, 0x0403_0201);
    for len in 0..tagged.len() {
        assert_eq!(TaggedEvent::read(&tagged[..len]), None, "{len}");
    }
}

#[test]
fn a_variable_with_lengths_that_do_not_fit_is_none() {
    let bytes = variable("db", b"data");
    let read = UefiVariable::read(&bytes).unwrap();
    assert_eq!((read.name.as_str(), &bytes[read.data]), ("db", b"data".as_slice()));
    for len in 0..bytes.len() {
        assert_eq!(UefiVariable::read(&bytes[..len]), None, "{len}");
    }
    let mut huge = bytes;
    huge[16..32].copy_from_slice(&[0xff; 16]);
    assert_eq!(UefiVariable::read(&huge), None);
}

//! Names for events that people recognise.

use cloister_attestation::event_log::{EventLog, LogKind};

use super::bytes::{IPL, measured, parse, tpm};
use crate::vectors;

fn label(event_type: u32, payload: &[u8]) -> String {
    parse(&tpm(&[measured(1, event_type, payload)])).unwrap().events()[0].label()
}

#[test]
fn boot_components_have_the_names_that_people_use() {
    for (payload, name) in [
        (&b"/boot/vmlinuz-6.8\0"[..], "kernel image /boot/vmlinuz-6.8"),
        (b"(hd0,gpt2)/initrd.img\0", "initrd (hd0,gpt2)/initrd.img"),
        (b"/efi/boot/grub.cfg\0", "boot loader file /efi/boot/grub.cfg"),
        (b"kernel_cmdline: quiet\0", "kernel command line"),
        (b"grub_cmd: set a=b\0", "GRUB command `set a=b`"),
        (b"MokListX\0", "shim variable MokListX"),
        (b".\0i\0n\0i\0t\0r\0d\0\0\0", "initrd"),
        (b".\0l\0i\0n\0u\0x\0\0\0", "kernel image"),
    ] {
        assert_eq!(label(IPL, payload), name);
    }
    assert_eq!(label(6, b"\xed\x22\x3b\x8f\x01\0\0\0x"), "kernel command line");
    assert_eq!(label(6, b"\xec\x22\x3b\x8f\x01\0\0\0x"), "initrd");
    assert_eq!(label(0x8000_0006, b"EFI PART"), "GPT");
}

#[test]
fn text_of_a_log_does_not_reach_a_terminal_as_it_is() {
    let name = label(5, format!("\u{1b}[31m{}\n", "a".repeat(500)).as_bytes());
    assert!(name.chars().all(|c| !c.is_control()) && name.chars().count() < 140, "{name}");
}

#[test]
fn a_recorded_log_reads_as_a_boot() {
    let Some(case) = vectors::named("eventlog", "ccel-trustee-ovmf") else { return };
    let log = EventLog::parse(LogKind::Ccel, &case.file("eventlog.bin").unwrap()).unwrap();
    let labels: Vec<String> = log.events().iter().map(|event| event.label()).collect();
    for name in [
        "firmware volume",
        "secure boot state",
        "secure boot variable dbx",
        "ACPI tables",
        "kernel image",
        "boot order",
        "kernel command line",
        "initrd",
    ] {
        assert!(labels.iter().any(|label| label == name), "{name}: {labels:?}");
    }
}

use cloister_attestation::tpm::{Digest, HashAlgorithm};
use cloister_attester::tpm::Command;
use cloister_image::measure::event::{Event, Pcr};
use cloister_image::measure::vtpm::Events;

use super::{BootComparison, Part};
use crate::vtpm::{Quoted, Trace};

const DONE: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0];

/// An image, in as many bytes as its parts have names.
#[derive(Clone, Copy)]
struct Image {
    stub: &'static str,
    kernel: &'static str,
    initrd: &'static str,
    cmdline: &'static str,
    uname: &'static str,
}

const PUBLISHED: Image =
    Image { stub: "stub", kernel: "kernel", initrd: "initrd", cmdline: "quiet", uname: "6.12" };

impl Image {
    /// By the names that the calculators give them.
    fn events(self) -> Events<'static> {
        let Self { stub, kernel, initrd, cmdline, uname } = self;
        let event = |name: &str, bytes: &str| Event::of(name, bytes.as_bytes().to_vec());
        let section = |name: &str, bytes: &str| {
            [
                event(&format!("section {name}, name"), &format!("{name}\0")),
                event(&format!("section {name}"), bytes),
            ]
        };
        let sections = [
            section(".linux", kernel),
            section(".cmdline", cmdline),
            section(".initrd", initrd),
            section(".uname", uname),
        ];
        Events {
            pcr4: vec![
                event("boot option", "calling"),
                event("separator", "\0\0\0\0"),
                event("UKI", &[stub, kernel, initrd, cmdline, uname].concat()),
                event("kernel", kernel),
            ],
            pcr9: vec![event("command line", cmdline), event("initrd", initrd)],
            pcr11: sections.concat(),
        }
    }

    fn trace(self) -> Trace {
        let Events { pcr4, pcr9, pcr11 } = self.events();
        let mut trace = Trace::default();
        for (pcr, events) in [(4, pcr4), (9, pcr9), (11, pcr11)] {
            events.iter().for_each(|event| extend(&mut trace, pcr, event));
        }
        trace
    }
}

fn extend(trace: &mut Trace, pcr: u32, event: &Event<'_>) {
    let digest = event.digest(HashAlgorithm::Sha256);
    let command = Command::new("TPM2_PCR_Extend", 0x182).authorized(pcr);
    let command = command.u32(1).u16(11).bytes(digest.as_bytes());
    trace.record(&command.encode().unwrap(), &DONE);
}

/// What a TPM quotes that was told this.
fn quoted(booted: Image) -> Quoted {
    let Events { pcr4, pcr9, pcr11 } = booted.events();
    let value = |events: &[Event<'_>]| *Pcr::after(HashAlgorithm::Sha256, events).value();
    Quoted([(4, value(&pcr4)), (9, value(&pcr9)), (11, value(&pcr11))].into())
}

fn compared(booted: Image) -> BootComparison {
    BootComparison::of(&PUBLISHED.events(), &quoted(booted), &booted.trace()).unwrap()
}

fn differing(comparison: &BootComparison, register: &str) -> Vec<String> {
    let row = comparison.registers.iter().find(|row| row.register == register).unwrap();
    assert_eq!(row.events.is_empty(), row.predicted == row.measured);
    row.events.clone()
}

#[test]
fn an_image_that_boots_as_it_was_published_is_the_same_on_both_sides() {
    let comparison = compared(PUBLISHED);
    assert!(comparison.agrees());
    assert_eq!(comparison.components, Some(Vec::new()));
    assert_eq!(comparison.to_string().matches(" same\n").count(), 3, "{comparison}");
}

#[test]
fn each_changed_part_is_named_with_the_events_that_it_changes() {
    let cases = [
        (Image { kernel: "other", ..PUBLISHED }, Part::Kernel, 2, 0, "section .linux"),
        (Image { initrd: "other", ..PUBLISHED }, Part::Initrd, 1, 1, "section .initrd"),
        (Image { cmdline: "debug", ..PUBLISHED }, Part::Cmdline, 1, 1, "section .cmdline"),
        (Image { uname: "6.13", ..PUBLISHED }, Part::Stub, 1, 0, "section .uname"),
    ];
    for (booted, part, of_pcr4, of_pcr9, section) in cases {
        let comparison = compared(booted);
        assert!(!comparison.agrees());
        assert_eq!(comparison.components, Some(vec![part]));
        assert_eq!(differing(&comparison, "PCR4").len(), of_pcr4, "{part}");
        assert_eq!(differing(&comparison, "PCR9").len(), of_pcr9, "{part}");
        assert_eq!(differing(&comparison, "PCR11"), [section]);
        let text = comparison.to_string();
        assert!(text.contains(&format!("PCR11 differs by: {section}\n")), "{text}");
        assert!(text.contains(&format!("changed: {part}\n")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn what_is_around_the_parts_is_named_where_none_of_them_differs() {
    let comparison = compared(Image { stub: "another", ..PUBLISHED });
    assert_eq!(differing(&comparison, "PCR4"), ["UKI"]);
    assert!(differing(&comparison, "PCR11").is_empty());
    assert_eq!(comparison.components, Some(vec![Part::Stub]));
}

#[test]
fn a_value_that_the_trace_does_not_explain_is_said_to_be_unexplained() {
    let other = Image { initrd: "other", ..PUBLISHED };
    let silent = BootComparison::of(&PUBLISHED.events(), &quoted(other), &PUBLISHED.trace());
    let mut more = PUBLISHED.trace();
    extend(&mut more, 4, &Event::of("another boot option", b"failed".to_vec()));
    let mut value = Digest::zero(HashAlgorithm::Sha256);
    for digest in more.of(4) {
        value = Digest::of_parts(HashAlgorithm::Sha256, [value.as_bytes(), digest.as_bytes()]);
    }
    let mut with_more = quoted(PUBLISHED);
    with_more.0.insert(4, value);
    let longer = BootComparison::of(&PUBLISHED.events(), &with_more, &more);
    for comparison in [silent.unwrap(), longer.unwrap()] {
        assert!(!comparison.agrees());
        assert_eq!(comparison.components, None);
        assert!(comparison.to_string().contains("no component explains"), "{comparison}");
    }
}

#[test]
fn a_pcr_that_was_not_quoted_is_an_error() {
    let mut quoted = quoted(PUBLISHED);
    quoted.0.remove(&9);
    let error = BootComparison::of(&PUBLISHED.events(), &quoted, &PUBLISHED.trace()).unwrap_err();
    assert!(error.to_string().contains("PCR9"), "{error}");
}

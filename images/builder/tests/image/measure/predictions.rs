//! Shapes documents, and what is predicted for them.

use std::collections::{BTreeMap, HashSet};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::reference::LaunchShape;
use cloister_image::measure::{
    Files, Image, MeasureError, Prediction, Shapes, predict, reference_values,
};

use super::synthetic::{Firmware, kernel, uki};

fn files() -> Files {
    BTreeMap::from([("OVMF.fd".to_owned(), Firmware::default().build())])
}

fn predicted(shapes: &str) -> Result<Vec<Prediction>, MeasureError> {
    let (kernel, initrd, line) = (kernel(), b"initrd", "quiet");
    let uki = uki(&kernel, initrd, line);
    let image = Image { kernel: &kernel, initrd, command_line: line, uki: &uki, disk: None };
    predict(&image, &Shapes::parse(shapes)?, &files())
}

const SNP: &str = r#"
format = "cloister/shapes/1"
[[snp]]
name = "qemu"
firmware = "OVMF.fd"
boot = "direct"
vmm = "qemu"
vcpus = [1, 2, 3, 4, 5, 6, 7, 8]
cpus = ["EPYC-v4", "EPYC-Rome", "EPYC-Milan", "EPYC-Turin"]
guest_features = [0x1, 0x21]
"#;

#[test]
fn sixty_four_shapes_have_sixty_four_digests() {
    let predictions = predicted(SNP).unwrap();
    assert_eq!(predictions.len(), 64);
    let digests: HashSet<_> = predictions.iter().map(|it| it.values[0].hex.clone()).collect();
    assert_eq!(digests.len(), 64);
    let values = reference_values("translator", "1.0.0", Digest48::sha384(b"m"), &predictions);
    assert_eq!(values.unwrap().shapes.len(), 64);
}

#[test]
fn processors_of_one_signature_are_one_tuple() {
    let predictions = predicted(&SNP.replace("EPYC-Rome", "EPYC-v3")).unwrap();
    let values = reference_values("translator", "1.0.0", Digest48::sha384(b"m"), &predictions);
    assert_eq!((predictions.len(), values.unwrap().shapes.len()), (64, 48));
}

#[test]
fn a_digest_that_says_nothing_of_the_image_is_no_reference_value() {
    let disk = predicted(&SNP.replace("boot = \"direct\"", "boot = \"disk\"")).unwrap();
    assert!(disk.iter().all(|it| it.tuple.is_none() && !it.notes.is_empty()));
    let none = reference_values("translator", "1.0.0", Digest48::sha384(b"m"), &disk);
    assert_eq!(none.unwrap_err(), MeasureError::Tuples);
}

const VTPM: &str = r#"
format = "cloister/shapes/1"
[[vtpm]]
name = "azure"
bank = "sha256"
"#;

#[test]
fn a_vtpm_is_a_reference_value_behind_a_pinned_paravisor_alone() {
    assert!(predicted(VTPM).unwrap()[0].tuple.is_none());
    let measurement = "17".repeat(48);
    let host_data = "00".repeat(32);
    let paravisor = format!(
        "{VTPM}paravisor = {{ tee = \"snp\", measurement = \"{measurement}\", host_data = \"{host_data}\" }}\n"
    );
    let predictions = predicted(&paravisor).unwrap();
    assert!(matches!(predictions[0].tuple, Some(LaunchShape::Azure { .. })));
}

const TDX: &str = r#"
format = "cloister/shapes/1"
[[tdx]]
name = "qemu 9.2"
boot = "direct"
patches_kernel = true
memory_mib = 4096
ready_separator = "rtmr1"
[tdx.platform]
firmware = "OVMF.fd"
passes = "one"
secure_boot = "absent"
[tdx.platform.acpi]
loader = "LOADER"
rsdp = "LOADER"
tables = "LOADER"
"#;

fn tdx() -> String {
    TDX.replace("LOADER", &"ab".repeat(48))
}

#[test]
fn a_td_is_a_whole_tuple() {
    let predictions = predicted(&tdx()).unwrap();
    let Some(LaunchShape::Tdx { rtmr, mr_config_id, .. }) = &predictions[0].tuple else { panic!() };
    assert!(rtmr[3].is_zero() && mr_config_id.is_zero());
    assert!(rtmr[..3].iter().all(|it| !it.is_zero()));
    let named: Vec<_> = predictions[0].values.iter().map(|it| it.register).collect();
    assert_eq!(named, ["MRTD", "RTMR0", "RTMR1", "RTMR2"]);
}

#[test]
fn shapes_that_leave_something_open_are_refused() {
    let tdx = tdx();
    for (text, from, to) in [
        (SNP, "format = \"cloister/shapes/1\"", "format = \"cloister/shapes/2\""),
        (SNP, "vmm = \"qemu\"\n", ""),
        (SNP, "vmm = \"qemu\"", "vmm = \"kvm\""),
        (SNP, "EPYC-v4", "EPYC-Naples"),
        (SNP, "[0x1, 0x21]", "[0x20]"),
        (SNP, "[1, 2, 3, 4, 5, 6, 7, 8]", "[]"),
        (SNP, "[1, 2, 3, 4, 5, 6, 7, 8]", "[0]"),
        (SNP, "name = \"qemu\"", "name = \"qemu\"\ncolour = 1"),
        (tdx.as_str(), "passes = \"one\"\n", ""),
        (tdx.as_str(), "secure_boot = \"absent\"\n", ""),
        (tdx.as_str(), "patches_kernel = true\n", ""),
        (tdx.as_str(), "boot = \"direct\"", "boot = \"disk\""),
        (tdx.as_str(), "memory_mib = 4096", "memory_mib = 0"),
        (VTPM, "sha256", "sha1"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(predicted(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    assert!(predicted("format = \"cloister/shapes/1\"").is_err(), "no shape");
}

/// Every part of an image changes something, and each register only by its own.
#[test]
fn one_changed_byte_changes_the_registers_that_say_so() {
    let (kernel, line) = (kernel(), "quiet");
    let shapes =
        Shapes::parse(&[SNP, &tdx().replace("format = \"cloister/shapes/1\"", "")].concat());
    let shapes = shapes.unwrap();
    let of = |kernel: &[u8], initrd: &[u8], line: &str| -> Vec<String> {
        let uki = uki(kernel, initrd, line);
        let image = Image { kernel, initrd, command_line: line, uki: &uki, disk: None };
        let predictions = predict(&image, &shapes, &files()).unwrap();
        let values = predictions.iter().flat_map(|it| &it.values);
        values.map(|value| value.hex.clone()).collect()
    };
    let before = of(&kernel, b"initrd", line);
    let mut other = kernel.clone();
    other[0x500] ^= 1;
    // 64 launch digests, then MRTD, RTMR0, RTMR1 and RTMR2.
    for (after, rtmrs) in [
        (of(&other, b"initrd", line), [false, false, true, false]),
        (of(&kernel, b"initrD", line), [false, false, false, true]),
        (of(&kernel, b"initrd", "quieT"), [false, false, false, true]),
    ] {
        let changed: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
        assert!(changed[..64].iter().all(|it| *it));
        assert_eq!(changed[64..], rtmrs);
    }
}

#[test]
fn the_examples_read_and_that_of_snp_has_sixty_four_shapes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shapes");
    let mut counts = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let shapes = Shapes::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        counts.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), shapes.count());
    }
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let expected =
        [("snp-ec2.toml", 5), ("snp-qemu.toml", 64), ("tdx-qemu.toml", 1), ("vtpm-azure.toml", 1)];
    assert_eq!(counts, expected);
}

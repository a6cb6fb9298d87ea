//! PCR 4, 9 and 11 of a UKI, written out by hand.

use cloister_attestation::tpm::{Digest, HashAlgorithm};
use cloister_image::measure::vtpm::Values;
use cloister_image::measure::{MeasureError, Pe};

use super::synthetic::{kernel, magic, pe, uki, uki_of_stub};

const LINE: &str = "console=ttyS0 quiet";

fn extended(bank: HashAlgorithm, events: &[&[u8]]) -> Digest {
    events.iter().fold(Digest::zero(bank), |it, event| {
        Digest::of(bank, &[it.as_bytes(), Digest::of(bank, event).as_bytes()].concat())
    })
}

fn authenticode(image: &[u8]) -> Vec<u8> {
    Pe::parse(image).unwrap().authenticode().concat()
}

#[test]
fn the_three_pcrs_are_what_firmware_stub_and_kernel_measure() {
    let kernel = kernel();
    let uki = uki(&kernel, b"initrd", LINE);
    for bank in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        let values = Values::of(&uki, bank).unwrap();
        let wide: Vec<u8> = format!("{LINE}\0").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let pcr4 = extended(
            bank,
            &[
                b"Calling EFI Application from Boot Option",
                &[0; 4],
                &authenticode(&uki),
                &authenticode(&kernel),
            ],
        );
        assert_eq!(*values.pcr4.value(), pcr4);
        assert_eq!(*values.pcr9.value(), extended(bank, &[&wide, b"initrd"]));
        let sections: [&[u8]; 10] = [
            b".linux\0",
            &kernel,
            b".cmdline\0",
            LINE.as_bytes(),
            b".initrd\0",
            b"initrd",
            b".uname\0",
            b"6.12.0",
            b".sbat\0",
            b"sbat,1,SBAT Version,sbat,1,\n",
        ];
        assert_eq!(*values.pcr11.value(), extended(bank, &sections));
        let named: Vec<u8> =
            values.measured().unwrap().iter().map(|(pcr, _)| pcr.index()).collect();
        assert_eq!(named, [4, 9, 11]);
    }
}

#[test]
fn a_uki_whose_stub_would_add_to_what_is_measured_is_refused() {
    let kernel = kernel();
    let with = |name: &'static str, data: &[u8], line: &str| {
        let uki = pe(&[
            (".sdmagic", &magic("257")),
            (".linux", &kernel),
            (".initrd", b"initrd"),
            (".cmdline", line.as_bytes()),
            (name, data),
        ]);
        Values::of(&uki, HashAlgorithm::Sha256)
    };
    assert!(with(".uname", b"6.12", LINE).is_ok());
    for name in [".osrel", ".ucode", ".pcrsig", ".pcrpkey", ".profile", ".dtbauto", ".hwids"] {
        let refused = with(name, b"x", LINE).unwrap_err();
        assert!(matches!(refused, MeasureError::Pe { .. }), "{name}");
    }
    for line in ["quiet\n", "quiet ", "qui\0et", "qui\tet"] {
        assert!(with(".uname", b"6.12", line).is_err(), "{line:?}");
    }
    assert!(with(".initrd", b"another", LINE).is_err(), "two of a name");
    let no_kernel =
        pe(&[(".sdmagic", &magic("257")), (".initrd", b"initrd"), (".cmdline", b"quiet")]);
    assert!(Values::of(&no_kernel, HashAlgorithm::Sha256).is_err());
}

#[test]
fn stubs_before_254_measure_neither_what_they_say_of_the_kernel_nor_of_themselves() {
    let (kernel, bank) = (kernel(), HashAlgorithm::Sha256);
    let of = |version| Values::of(&uki_of_stub(version, &kernel, b"initrd", LINE), bank).unwrap();
    let sections: [&[u8]; 6] =
        [b".linux\0", &kernel, b".cmdline\0", LINE.as_bytes(), b".initrd\0", b"initrd"];
    for version in ["252.39-1~deb12u2", "253"] {
        assert_eq!(*of(version).pcr11.value(), extended(bank, &sections), "{version}");
    }
    assert_ne!(of("254"), of("253"));
    assert_eq!(of("254").pcr11, of("257.8-1").pcr11);
}

#[test]
fn a_uki_whose_stub_is_not_known_is_refused() {
    let kernel = kernel();
    let of = |version| {
        Values::of(&uki_of_stub(version, &kernel, b"initrd", LINE), HashAlgorithm::Sha256)
    };
    for version in ["251.9", "", "v257"] {
        let refused = of(version).unwrap_err().to_string();
        assert!(refused.contains("systemd-stub"), "{version}: {refused}");
    }
    let silent = pe(&[(".cmdline", LINE.as_bytes()), (".initrd", b"initrd"), (".linux", &kernel)]);
    let refused = Values::of(&silent, HashAlgorithm::Sha256).unwrap_err().to_string();
    assert!(refused.contains(".sdmagic"), "{refused}");
}

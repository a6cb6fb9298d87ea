//! PCR 4, 9 and 11 of a UKI, written out by hand.

use cloister_attestation::tpm::{Digest, HashAlgorithm};
use cloister_image::measure::vtpm::Values;
use cloister_image::measure::{MeasureError, Pe};

use super::synthetic::{kernel, pe, uki};

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
    let no_kernel = pe(&[(".initrd", b"initrd"), (".cmdline", b"quiet")]);
    assert!(Values::of(&no_kernel, HashAlgorithm::Sha256).is_err());
}

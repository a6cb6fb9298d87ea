//! AMD's extensions of a VCEK or VLEK certificate, a module for each.
//!
//! SPEC: AMD 57230 table 11.

use cloister_attestation::check::State;
use cloister_simulator::SnpGuest;
use cloister_simulator::snp::extension as oid;
use const_oid::ObjectIdentifier;

use super::guest::{PROVIDER, milan, refused, step, turin, verify, vlek};

const REFUSED: &str = "snp.leaf.extensions";
const MISMATCH: &str = "snp.tcb.leaf";

fn with(guest: SnpGuest, oid: ObjectIdentifier, value: &[u8]) -> SnpGuest {
    let value = value.to_vec();
    guest.with_vek_certificate(move |vek| vek.replace_extension(&oid, &value))
}

/// The number that the certificate has there.
fn number(guest: &SnpGuest, oid: ObjectIdentifier) -> u8 {
    let leaf = cloister_attestation::x509::Certificate::parse(&guest.vek()).unwrap();
    *leaf.extension(oid).unwrap().unwrap().last().unwrap()
}

fn integer(value: u8) -> Vec<u8> {
    if value < 0x80 { vec![2, 1, value] } else { vec![2, 2, 0, value] }
}

/// A level is accepted as reported, refused one above and one below, and in other encodings.
macro_rules! level {
    ($oid:ident on $guest:ident) => {
        use super::*;

        #[test]
        fn is_the_reported_level_and_neither_of_its_neighbours() {
            let reported = number(&$guest(), oid::$oid);
            let of = |value| with($guest(), oid::$oid, &integer(value));
            verify(&of(reported)).unwrap();
            assert_eq!(refused(&of(reported + 1)), MISMATCH);
            // A level of zero has one neighbour.
            if let Some(below) = reported.checked_sub(1) {
                assert_eq!(refused(&of(below)), MISMATCH);
            }
        }

        #[test]
        fn is_a_number_of_one_byte_in_its_one_encoding() {
            for value in [&[2, 2, 0, 1][..], &[2, 2, 1, 0], &[2, 1, 0x80], &[4, 1, 1], &[]] {
                let guest = with($guest(), oid::$oid, value);
                assert_eq!(refused(&guest), REFUSED, "{value:02x?}");
            }
        }
    };
}

mod bl_spl {
    level!(BL_SPL on milan);
}

mod tee_spl {
    level!(TEE_SPL on milan);
}

mod snp_spl {
    level!(SNP_SPL on milan);
}

mod ucode_spl {
    level!(UCODE_SPL on milan);
}

mod fmc_spl {
    level!(FMC_SPL on turin);
}

mod struct_version {
    use super::*;

    #[test]
    fn is_zero_before_turin_and_one_on_it() {
        for (guest, right, wrong) in [(milan as fn() -> SnpGuest, 0, 1), (turin, 1, 0)] {
            verify(&with(guest(), oid::STRUCT_VERSION, &integer(right))).unwrap();
            for value in [wrong, 2] {
                let guest = with(guest(), oid::STRUCT_VERSION, &integer(value));
                assert_eq!(refused(&guest), REFUSED);
            }
        }
    }
}

mod product_name {
    use super::*;

    /// Genuine certificates are known with a wrong one, so the issuer decides.
    #[test]
    fn is_text_that_is_shown_and_decides_nothing() {
        let of = |value: &[u8]| with(milan(), oid::PRODUCT_NAME, value);
        assert_eq!(step(&of(b"\x16\x08Milan-B1"), "snp.leaf.product_name"), State::Pass);
        assert_eq!(step(&of(b"\x16\x05Genoa"), "snp.leaf.product_name"), State::NotAsserted);
        for wrong in
            [&b"\x0c\x05Milan"[..], b"\x16\x05Mila\x07", b"\x16\x04Milan", b"\x16\x06Milan"]
        {
            assert_eq!(refused(&of(wrong)), REFUSED, "{wrong:02x?}");
        }
    }
}

mod spl_4_to_7 {
    use super::*;

    #[test]
    fn are_zero_where_they_are() {
        for oid in [oid::SPL_4, oid::SPL_5, oid::SPL_6, oid::SPL_7] {
            verify(&with(milan(), oid, &integer(0))).unwrap();
            assert_eq!(refused(&with(milan(), oid, &integer(1))), REFUSED, "{oid}");
        }
    }
}

mod hw_id {
    use super::*;

    #[test]
    fn has_the_products_length_and_no_neighbouring_one() {
        for (guest, length) in [(milan as fn() -> SnpGuest, 64), (turin, 8)] {
            for other in [length - 1, length + 1] {
                let guest = with(guest(), oid::HW_ID, &vec![7; other]);
                assert_eq!(refused(&guest), REFUSED, "{other}");
            }
            assert_eq!(refused(&with(guest(), oid::HW_ID, &vec![7; length])), "snp.chip_id");
        }
        assert_eq!(refused(&with(milan(), oid::HW_ID, &[7; 8])), REFUSED);
    }
}

mod csp_id {
    use super::*;

    #[test]
    fn names_the_provider_in_printable_ascii() {
        assert_eq!(verify(&vlek()).unwrap().provider().unwrap(), PROVIDER);
        let other = with(vlek(), oid::CSP_ID, b"\x16\x01x");
        assert_eq!(verify(&other).unwrap().provider().unwrap(), "x");
        for wrong in
            [&b"\x16\x01\x1b"[..], b"\x16\x01\xc3", b"\x0c\x01x", b"\x16\x02x", b"\x16\x00x"]
        {
            assert_eq!(refused(&with(vlek(), oid::CSP_ID, wrong)), REFUSED, "{wrong:02x?}");
        }
    }
}

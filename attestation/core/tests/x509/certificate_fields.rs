//! The fields of a certificate, a module for each under its name in RFC 5280 section 4.1 and 4.2.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Certificate;
use cloister_simulator::{Name, asn1};

use super::parts::{CertificateParts, ECDSA_SHA256, extension, name};
use crate::snp::guest::{milan, refused};

const MALFORMED: &str = "x509.malformed";

fn parsed(change: impl FnOnce(&mut CertificateParts)) -> Result<Certificate, &'static str> {
    let mut parts = CertificateParts::good();
    change(&mut parts);
    Certificate::parse(&parts.der()).map_err(|error| error.code().id)
}

fn with_extension(extension: Vec<u8>) -> Result<Certificate, &'static str> {
    parsed(|c| c.rest = asn1::explicit(3, &asn1::sequence([extension])))
}

mod version {
    use super::*;

    #[test]
    fn is_three_which_is_written_two() {
        let of = |number| parsed(|c| c.version = asn1::explicit(0, &asn1::number(number))).err();
        assert_eq!(of(2), None);
        assert_eq!(of(1), Some(MALFORMED));
        assert_eq!(of(3), Some(MALFORMED));
    }
}

mod serial_number {
    use super::*;

    #[test]
    fn has_at_most_twenty_octets() {
        let of = |octets: &[u8]| parsed(|c| c.serial = asn1::element(2, octets)).err();
        assert_eq!(of(&[0]), None);
        assert_eq!(of(&[0x7f; 20]), None);
        assert_eq!(of(&[0x7f; 21]), Some(MALFORMED));
        assert_eq!(of(&[0x80]), Some(MALFORMED));
    }
}

mod signature {
    use super::*;

    #[test]
    fn is_the_algorithm_outside_too() {
        assert_eq!(parsed(|c| c.inner_algorithm = ECDSA_SHA256.to_vec()).err(), Some(MALFORMED));
        let both = parsed(|c| {
            (c.inner_algorithm, c.outer_algorithm) = (ECDSA_SHA256.to_vec(), ECDSA_SHA256.to_vec());
        });
        assert_eq!(both.err(), None);
    }
}

mod issuer {
    use super::*;

    #[test]
    fn is_the_subject_of_the_signer_byte_for_byte() {
        let named =
            |issuer: Name| milan().with_vek_certificate(move |vek| vek.issuer = issuer.clone());
        crate::snp::guest::verify(&named(Name::amd("SEV-Milan"))).unwrap();
        // The same common name below another organisation.
        assert_eq!(refused(&named(Name::intel("SEV-Milan"))), "snp.chain.leaf");
        assert_eq!(refused(&named(Name::amd("SEV-Milan "))), "snp.chain.vek");
    }
}

mod validity {
    use super::*;

    #[test]
    fn both_seconds_are_inside_and_their_neighbours_are_not() {
        let certificate = parsed(|_| ()).unwrap();
        for (secs, inside) in [
            (1_699_999_999, false),
            (1_700_000_000, true),
            (1_800_000_000, true),
            (1_800_000_001, false),
        ] {
            let at = certificate.valid_at(UnixTime::from_secs(secs));
            assert_eq!(at.is_ok(), inside, "{secs}");
        }
    }

    #[test]
    fn a_period_that_ends_before_it_begins_has_no_inside() {
        let time = |secs| asn1::time(UnixTime::from_secs(secs));
        let turned = asn1::sequence([time(1_800_000_000), time(1_700_000_000)]);
        let certificate = parsed(|c| c.validity = turned).unwrap();
        for secs in [1_700_000_000, 1_750_000_000, 1_800_000_000] {
            assert!(certificate.valid_at(UnixTime::from_secs(secs)).is_err(), "{secs}");
        }
    }
}

mod subject {
    use super::*;

    #[test]
    fn has_one_common_name_at_most() {
        assert_eq!(parsed(|c| c.subject = name(&[])).unwrap().subject().common_name(), None);
        assert_eq!(
            parsed(|c| c.subject = name(&["a"])).unwrap().subject().common_name(),
            Some("a")
        );
        assert_eq!(parsed(|c| c.subject = name(&["a", "a"])).err(), Some(MALFORMED));
    }
}

mod subject_public_key_info {
    use super::*;

    #[test]
    fn is_whole_bytes_of_a_known_kind() {
        let mut parts = CertificateParts::good();
        let unused_bits = parts.spki.len() - 98;
        assert_eq!(parts.spki[unused_bits], 0);
        parts.spki[unused_bits] = 1;
        let error = Certificate::parse(&parts.der()).unwrap_err();
        assert_eq!(error.code().id, MALFORMED);
        let empty = asn1::sequence([asn1::sequence::<Vec<u8>>([]), asn1::bit_string(&[4])]);
        assert_eq!(parsed(|c| c.spki = empty).err(), Some("x509.algorithm"));
    }
}

mod extensions {
    use super::*;

    #[test]
    fn thirty_two_are_read_and_one_more_is_not() {
        let of = |count: u32| {
            let list = (0..count).map(|last| extension(&format!("1.2.3.{last}"), false, &[]));
            parsed(|c| c.rest = asn1::explicit(3, &asn1::sequence(list))).err()
        };
        assert_eq!(of(32), None);
        assert_eq!(of(33), Some(MALFORMED));
    }
}

mod basic_constraints {
    use super::*;

    fn of(value: &[u8]) -> Result<Certificate, &'static str> {
        with_extension(extension("2.5.29.19", true, value))
    }

    #[test]
    fn true_has_one_encoding_and_a_path_length_one_byte() {
        for good in [&[0x30, 0][..], &[0x30, 3, 1, 1, 0xff], &[0x30, 6, 1, 1, 0xff, 2, 1, 0]] {
            of(good).unwrap();
        }
        for wrong in [
            &[0x30, 3, 1, 1, 1][..],
            &[0x30, 3, 1, 1, 0],
            &[0x30, 6, 1, 1, 0xff, 2, 1, 0xff],
            &[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0],
            &[0x30, 4, 1, 1, 0xff, 0],
        ] {
            assert_eq!(of(wrong).err(), Some(MALFORMED), "{wrong:02x?}");
        }
    }

    /// The simulated root allows any length, its intermediates none below themselves.
    #[test]
    fn a_path_length_of_zero_allows_a_leaf_and_no_authority() {
        crate::snp::guest::verify(&milan()).unwrap();
        let root = |length: u8| {
            milan().with_root(move |root| {
                let oid = const_oid::ObjectIdentifier::new_unwrap("2.5.29.19");
                root.replace_extension(&oid, &[0x30, 6, 1, 1, 0xff, 2, 1, length]);
            })
        };
        assert_eq!(refused(&root(0)), "snp.chain.intermediate");
        crate::snp::guest::verify(&root(1)).unwrap();
    }
}

mod key_usage {
    use super::*;

    /// Bit 5 signs certificates; without it the flag of an authority is worth nothing.
    #[test]
    fn key_cert_sign_and_not_its_neighbours_makes_a_signer() {
        let usage = |bits: u8| {
            milan().with_intermediate(move |authority| {
                let oid = const_oid::ObjectIdentifier::new_unwrap("2.5.29.15");
                authority.replace_extension(&oid, &[3, 2, 0, bits]);
            })
        };
        crate::snp::guest::verify(&usage(0b0000_0100)).unwrap();
        for other in [0b0000_1000, 0b0000_0010, 0b1111_1011, 0] {
            assert_eq!(refused(&usage(other)), "snp.chain.leaf", "{other:08b}");
        }
    }
}

mod signature_value {
    use super::*;

    #[test]
    fn every_last_bit_counts() {
        let mut leaf = milan().vek();
        *leaf.last_mut().unwrap() ^= 1;
        let with =
            cloister_attestation::snp::Endorsements { vek: Some(leaf), ..milan().endorsements() };
        assert_eq!(crate::snp::guest::refused_with(&milan(), &with), "snp.chain.leaf");
    }
}

//! The fields of a CRL, a module for each under its name in RFC 5280 section 5.1 and 5.2.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Crl;
use cloister_simulator::asn1;

use super::parts::{CrlParts, ECDSA_SHA256, entry, extension};
use crate::snp::guest::{ISSUED, NOW, milan, refused};

const MALFORMED: &str = "x509.malformed";

fn parsed(change: impl FnOnce(&mut CrlParts)) -> Result<Crl, &'static str> {
    let mut parts = CrlParts::good();
    change(&mut parts);
    Crl::parse(&parts.der()).map_err(|error| error.code().id)
}

mod version {
    use super::*;

    #[test]
    fn is_two_which_is_written_one() {
        let of = |number| parsed(|crl| crl.version = asn1::number(number)).err();
        assert_eq!((of(0), of(1), of(2)), (Some(MALFORMED), None, Some(MALFORMED)));
    }
}

mod signature {
    use super::*;

    #[test]
    fn is_the_algorithm_outside_too() {
        let other = parsed(|crl| crl.outer_algorithm = ECDSA_SHA256.to_vec());
        assert_eq!(other.err(), Some(MALFORMED));
    }
}

mod issuer {
    use super::*;

    #[test]
    fn is_the_root_whose_certificates_it_is_about() {
        let named = milan().with_crl(|crl| crl.issuer = cloister_simulator::Name::amd("ARK-Genoa"));
        assert_eq!(refused(&named), "snp.crl.signature");
    }
}

mod this_update {
    use super::*;

    #[test]
    fn is_not_after_now() {
        let at = |secs| milan().with_crl(move |crl| crl.this_update = UnixTime::from_secs(secs));
        crate::snp::guest::verify(&at(NOW.as_secs())).unwrap();
        assert_eq!(refused(&at(NOW.as_secs() + 1)), "snp.crl.fresh");
        crate::snp::guest::verify(&at(ISSUED.as_secs())).unwrap();
    }
}

mod next_update {
    use super::*;

    #[test]
    fn is_there_and_not_before_now() {
        let at = |secs| milan().with_crl(move |crl| crl.next_update = UnixTime::from_secs(secs));
        crate::snp::guest::verify(&at(NOW.as_secs())).unwrap();
        assert_eq!(refused(&at(NOW.as_secs() - 1)), "snp.crl.fresh");
        assert_eq!(parsed(|crl| crl.next_update.clear()).err(), Some(MALFORMED));
    }
}

mod revoked_certificates {
    use super::*;

    #[test]
    fn the_very_number_is_revoked_and_its_neighbours_are_not() {
        let crl = parsed(|crl| crl.revoked = asn1::sequence([entry(&[1, 0], &[])])).unwrap();
        assert!(crl.revokes(&[1, 0]));
        for other in [&[0xff][..], &[1, 1], &[1], &[0], &[0, 1, 0]] {
            assert!(!crl.revokes(other), "{other:02x?}");
        }
    }

    #[test]
    fn a_number_in_another_encoding_is_refused_and_not_overlooked() {
        for serial in [&[0, 1][..], &[], &[0x80], &[1; 21]] {
            let other = parsed(|crl| crl.revoked = asn1::sequence([entry(serial, &[])]));
            assert_eq!(other.err(), Some(MALFORMED), "{serial:02x?}");
        }
    }

    #[test]
    fn an_intermediate_by_its_number_plus_or_minus_one_is_not_revoked() {
        let der = milan().intermediate();
        let own = cloister_attestation::x509::Certificate::parse(&der).unwrap().serial().to_vec();
        let revoking = |change: i8| {
            let mut serial = own.clone();
            let last = serial.last_mut().unwrap();
            *last = last.checked_add_signed(change).unwrap();
            milan().with_crl(move |crl| crl.revoked.push(serial.clone()))
        };
        assert_eq!(refused(&revoking(0)), "snp.revocation.intermediate");
        crate::snp::guest::verify(&revoking(1)).unwrap();
        crate::snp::guest::verify(&revoking(-1)).unwrap();
    }
}

mod crl_extensions {
    use super::*;

    #[test]
    fn are_none_that_is_critical_and_none_twice() {
        let of = |items: &[Vec<u8>]| {
            parsed(|crl| crl.rest = asn1::explicit(0, &asn1::sequence(items))).err()
        };
        let number = extension("2.5.29.20", false, &[2, 1, 1]);
        assert_eq!(of(std::slice::from_ref(&number)), None);
        assert_eq!(of(&[number.clone(), number]), Some("x509.extension.duplicate"));
        let delta = extension("2.5.29.27", true, &[2, 1, 1]);
        assert_eq!(of(&[delta]), Some("x509.extension.critical"));
    }
}

mod crl_entry_extensions {
    use super::*;

    #[test]
    fn are_none_that_is_critical() {
        let of = |critical| {
            let reason = extension("2.5.29.21", critical, &[10, 1, 1]);
            let extensions = asn1::sequence([reason]);
            parsed(|crl| crl.revoked = asn1::sequence([entry(&[7], &extensions)])).err()
        };
        assert_eq!((of(false), of(true)), (None, Some("x509.extension.critical")));
    }
}

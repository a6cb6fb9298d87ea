//! What parses as a certificate.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::{Certificate, KeyAlgorithm, SignatureAlgorithm, X509Error};
use cloister_simulator::asn1;
use const_oid::ObjectIdentifier;

use super::parts::{CertificateParts, ECDSA_SHA256, extension, name};

fn code(change: impl FnOnce(&mut CertificateParts)) -> &'static str {
    let mut parts = CertificateParts::good();
    change(&mut parts);
    Certificate::parse(&parts.der()).unwrap_err().code().id
}

fn parsed(change: impl FnOnce(&mut CertificateParts)) -> Certificate {
    let mut parts = CertificateParts::good();
    change(&mut parts);
    Certificate::parse(&parts.der()).unwrap()
}

#[test]
fn reads_every_field_where_it_lies() {
    let certificate = parsed(|_| ());
    assert_eq!(certificate.as_der(), CertificateParts::good().der());
    assert_eq!(certificate.serial(), [5]);
    assert_eq!(certificate.subject().common_name(), Some("subject"));
    assert_eq!(certificate.issuer().as_der(), name(&["issuer"]));
    assert_eq!(certificate.not_before(), UnixTime::from_secs(1_700_000_000));
    assert_eq!(certificate.not_after(), UnixTime::from_secs(1_800_000_000));
    assert_eq!(certificate.spki(), CertificateParts::good().spki);
    assert_eq!(certificate.key(), [4; 97]);
    assert_eq!(certificate.key_algorithm(), KeyAlgorithm::EcP384);
    assert_eq!(certificate.signature_algorithm(), SignatureAlgorithm::EcdsaP384Sha384);
    assert!(certificate.as_der()[3..].starts_with(certificate.tbs()));
    assert!(!certificate.is_ca());
}

#[test]
fn rejects_every_truncation_and_a_byte_behind_the_end() {
    let der = CertificateParts::good().der();
    for len in 0..der.len() {
        assert!(Certificate::parse(&der[..len]).is_err(), "{len}");
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert_eq!(Certificate::parse(&longer).unwrap_err().code().id, "x509.malformed");
}

#[test]
fn rejects_what_is_larger_than_the_limit_without_reading_it() {
    let error = Certificate::parse(&[0x30; 8 * 1024 + 1]).unwrap_err();
    assert!(matches!(error, X509Error::TooLarge { observed: 8193, max: 8192, .. }));
}

#[test]
fn rejects_other_versions_than_three() {
    for version in [0, 1, 3] {
        assert_eq!(
            code(|c| c.version = asn1::explicit(0, &asn1::number(version))),
            "x509.malformed"
        );
    }
    assert_eq!(code(|c| c.version = Vec::new()), "x509.malformed");
}

#[test]
fn accepts_zero_and_long_serial_numbers_and_rejects_malformed_ones() {
    assert_eq!(parsed(|c| c.serial = asn1::element(2, &[0])).serial(), [0]);
    assert_eq!(parsed(|c| c.serial = asn1::element(2, &[0, 0x80])).serial(), [0, 0x80]);
    assert_eq!(parsed(|c| c.serial = asn1::element(2, &[1; 20])).serial(), [1; 20]);
    // A zero octet that carries the sign comes on top of the 20.
    let longest = [[0].as_slice(), &[0x80; 20]].concat();
    assert_eq!(parsed(|c| c.serial = asn1::element(2, &longest)).serial(), longest);
    let longer = [[0].as_slice(), &[0x80; 21]].concat();
    let wrong: [&[u8]; 6] = [&[], &[0x80], &[0xff, 1], &[0, 1], &[1; 21], &longer];
    for serial in wrong {
        assert_eq!(
            code(|c| c.serial = asn1::element(2, serial)),
            "x509.malformed",
            "{serial:02x?}"
        );
    }
    assert_eq!(code(|c| c.serial = asn1::octet_string(&[5])), "x509.malformed");
}

#[test]
fn rejects_two_different_signature_algorithms() {
    assert_eq!(code(|c| c.outer_algorithm = ECDSA_SHA256.to_vec()), "x509.malformed");
    assert_eq!(code(|c| c.inner_algorithm = ECDSA_SHA256.to_vec()), "x509.malformed");
    let both = parsed(|c| {
        c.inner_algorithm = ECDSA_SHA256.to_vec();
        c.outer_algorithm = ECDSA_SHA256.to_vec();
    });
    assert_eq!(both.signature_algorithm(), SignatureAlgorithm::EcdsaP256Sha256);
}

#[test]
fn rejects_unknown_algorithms_and_unexpected_parameters() {
    let sha1_rsa = asn1::sequence([
        asn1::oid(&ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5")),
        asn1::null(),
    ]);
    let with_null = asn1::sequence([
        asn1::oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3")),
        asn1::null(),
    ]);
    for algorithm in [sha1_rsa, with_null] {
        let refused = code(|c| {
            c.inner_algorithm = algorithm.clone();
            c.outer_algorithm = algorithm.clone();
        });
        assert_eq!(refused, "x509.algorithm");
    }
    let p521 = asn1::sequence([
        asn1::oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.2.1")),
        asn1::oid(&ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    ]);
    assert_eq!(
        code(|c| c.spki = asn1::sequence([p521, asn1::bit_string(&[4; 133])])),
        "x509.algorithm"
    );
}

#[test]
fn rejects_names_that_are_ambiguous_or_not_text() {
    assert_eq!(parsed(|c| c.subject = name(&[])).subject().common_name(), None);
    assert_eq!(code(|c| c.subject = name(&["one", "two"])), "x509.malformed");
    assert_eq!(code(|c| c.subject = name(&["line\nbreak"])), "x509.malformed");
    assert_eq!(code(|c| c.subject = name(&["x"; 17])), "x509.malformed");
}

#[test]
fn rejects_fields_behind_the_key_that_are_not_extensions() {
    assert_eq!(code(|c| c.rest = asn1::element(0x81, &[0, 1])), "x509.malformed");
    assert_eq!(code(|c| c.rest = asn1::null()), "x509.malformed");
}

#[test]
fn rejects_a_signature_that_is_not_whole_bytes() {
    assert_eq!(code(|c| c.signature = asn1::element(3, &[1, 0x30, 0])), "x509.malformed");
    assert_eq!(code(|c| c.signature = asn1::element(3, &[])), "x509.malformed");
    assert_eq!(code(|c| c.signature = asn1::octet_string(&[0x30, 0])), "x509.malformed");
}

fn with_extensions(extensions: &[Vec<u8>]) -> Vec<u8> {
    asn1::explicit(3, &asn1::sequence(extensions))
}

#[test]
fn finds_an_extension() {
    let oid = ObjectIdentifier::new_unwrap("1.2.3.4");
    let other = ObjectIdentifier::new_unwrap("1.2.3.5");
    let one = extension("1.2.3.4", false, &[9]);
    let certificate = parsed(|c| c.rest = with_extensions(std::slice::from_ref(&one)));
    assert_eq!(certificate.extension(oid).unwrap(), Some(&[9][..]));
    assert_eq!(certificate.extension(other).unwrap(), None);
}

#[test]
fn rejects_more_extensions_than_any_vendor_writes() {
    let many: Vec<_> =
        (0..33).map(|last| extension(&format!("1.2.3.{last}"), false, &[9])).collect();
    assert_eq!(parsed(|c| c.rest = with_extensions(&many[..32])).extensions().count(), 32);
    assert_eq!(code(|c| c.rest = with_extensions(&many)), "x509.malformed");
}

#[test]
fn only_both_the_authority_flag_and_the_key_usage_make_an_authority() {
    let authority = extension("2.5.29.19", true, &[0x30, 3, 1, 1, 0xff]);
    let end_entity = extension("2.5.29.19", true, &[0x30, 0]);
    let signs = extension("2.5.29.15", true, &[3, 2, 2, 4]);
    let is_ca = |list: &[&Vec<u8>]| {
        let list: Vec<_> = list.iter().map(|e| (*e).clone()).collect();
        parsed(|c| c.rest = with_extensions(&list)).is_ca()
    };
    assert!(is_ca(&[&authority, &signs]));
    assert!(!is_ca(&[&authority]));
    assert!(!is_ca(&[&signs]));
    assert!(!is_ca(&[&end_entity, &signs]));
    assert_eq!(
        code(|c| c.rest = with_extensions(&[authority.clone(), authority.clone()])),
        "x509.extension.duplicate"
    );
    let trailing = extension("2.5.29.19", true, &[0x30, 0, 0]);
    assert_eq!(code(|c| c.rest = with_extensions(&[trailing])), "x509.malformed");
    let not_der_true = extension("2.5.29.19", true, &[0x30, 3, 1, 1, 1]);
    assert_eq!(code(|c| c.rest = with_extensions(&[not_der_true])), "x509.malformed");
}

#[test]
fn both_ends_of_the_validity_period_are_inside() {
    let certificate = parsed(|_| ());
    let at = |secs| certificate.valid_at(UnixTime::from_secs(secs));
    assert!(matches!(at(1_699_999_999), Err(X509Error::NotYetValid { .. })));
    assert!(at(1_700_000_000).is_ok());
    assert!(at(1_800_000_000).is_ok());
    assert!(matches!(at(1_800_000_001), Err(X509Error::Expired { .. })));
}

/// Whether or not anything reads it.
#[test]
fn rejects_any_extension_that_is_there_twice() {
    let note = extension("1.3.6.1.4.1.99999.1", false, &[5, 0]);
    parsed(|c| c.rest = with_extensions(std::slice::from_ref(&note)));
    let twice = [note.clone(), note];
    assert_eq!(code(|c| c.rest = with_extensions(&twice)), "x509.extension.duplicate");
}

/// DER leaves out what equals its default.
#[test]
fn rejects_false_where_it_is_the_default() {
    let oid = asn1::oid(&ObjectIdentifier::new_unwrap("2.5.29.19"));
    let constraints = |critical: &[u8], value: &[u8]| {
        asn1::sequence([&oid, critical, &asn1::octet_string(value)])
    };
    let list = |item: Vec<u8>| asn1::explicit(3, &asn1::sequence([item]));
    let (no, yes) = (asn1::boolean(false), asn1::boolean(true));
    let end_entity = asn1::sequence::<Vec<u8>>([]);
    parsed(|c| c.rest = list(constraints(&yes, &end_entity)));
    parsed(|c| c.rest = list(constraints(&[], &end_entity)));
    assert_eq!(code(|c| c.rest = list(constraints(&no, &end_entity))), "x509.malformed");
    let spelled_out = asn1::sequence([no]);
    assert_eq!(code(|c| c.rest = list(constraints(&yes, &spelled_out))), "x509.malformed");
}

/// They are shown in messages.
#[test]
fn common_names_have_at_most_256_bytes() {
    let long = "n".repeat(256);
    assert_eq!(parsed(|c| c.subject = name(&[&long])).subject().common_name(), Some(&*long));
    assert_eq!(code(|c| c.subject = name(&[&"n".repeat(257)])), "x509.malformed");
}

#[test]
fn a_message_shows_only_the_beginning_of_an_unknown_algorithm() {
    let mut parts = CertificateParts::good();
    let oid = asn1::oid(&ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"));
    let long = asn1::sequence([oid, asn1::octet_string(&[7; 3000])]);
    (parts.inner_algorithm, parts.outer_algorithm) = (long.clone(), long);
    let error = Certificate::parse(&parts.der()).unwrap_err();
    assert!(matches!(error, X509Error::Algorithm { .. }));
    assert!(error.to_string().len() < 300, "{}", error.to_string().len());
}

/// UTCTime has two digits for the year; later times, and only those, are GeneralizedTime.
#[test]
fn each_time_has_one_form() {
    let from = asn1::time(UnixTime::from_secs(1_700_000_000));
    let until = |tag: u8, text: &str| {
        let until = asn1::element(tag, text.as_bytes());
        let validity = asn1::sequence([&from, &until]);
        let mut parts = CertificateParts::good();
        parts.validity = validity;
        Certificate::parse(&parts.der()).map(|certificate| certificate.not_after().to_string())
    };
    let (utc, generalized) = (0x17, 0x18);
    assert_eq!(until(utc, "491231235959Z").unwrap(), "2049-12-31T23:59:59Z");
    assert_eq!(until(generalized, "20500101000000Z").unwrap(), "2050-01-01T00:00:00Z");
    assert!(until(generalized, "20491231235959Z").is_err());
    assert!(until(generalized, "20500101000000+0000").is_err());
    assert!(until(utc, "4912312359Z").is_err());
}

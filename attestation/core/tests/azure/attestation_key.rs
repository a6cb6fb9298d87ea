//! HCLAkPub: the one key that may sign quotes, from the runtime data and from nowhere else.

use cloister_attestation::azure::Parts;
use cloister_attestation::check::State;
use cloister_attestation::tpm::AttestationKey;
use cloister_simulator::AzureGuest;

use super::guest::{REPORT_DATA, azure, both, judge, refused, snp, step, tdx, verified};

fn with(from: &'static str, to: &'static str) -> AzureGuest {
    snp().with_runtime_text(move |text| {
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
    })
}

#[test]
fn the_key_that_the_hardware_vouches_for_is_the_one_that_signed() {
    for guest in both() {
        assert_eq!(step(&guest, "azure.ak"), State::Pass);
        assert_eq!(step(&guest, "tpm.quote.signature"), State::Pass);
        let verified = verified(&guest);
        let modulus = azure(&verified).attestation_key().modulus().unwrap();
        assert_eq!(modulus.len(), 256);
    }
}

#[test]
fn a_quote_by_another_virtual_tpm_is_refused_however_good_its_signature_is() {
    for guest in both() {
        assert_eq!(refused(&guest.with_quotes_by_another_tpm()), "tpm.quote.signature");
    }
}

#[test]
fn a_quote_of_another_machine_beside_this_ones_report_is_refused() {
    let (here, there) = (snp(), tdx().with_quotes_by_another_tpm());
    let (own, other) = (here.evidence(&REPORT_DATA), there.evidence(&REPORT_DATA));
    let spliced = Parts {
        tpm_quote: &other.vtpm.quote,
        tpm_signature: &other.vtpm.signature,
        pcrs: &other.vtpm.pcrs,
        ..own.parts()
    };
    assert_eq!(judge(&here, &spliced).err(), Some("tpm.quote.signature"));
}

#[test]
fn it_is_for_signing_and_for_nothing_else() {
    for operations in ["[]", "[\"encrypt\"]", "[\"sign\",\"encrypt\"]", "[\"sign\",\"sign\"]"] {
        let guest =
            snp().with_runtime_text(move |text| *text = text.replacen("[\"sign\"]", operations, 1));
        assert_eq!(refused(&guest), "azure.ak", "{operations}");
    }
}

#[test]
fn another_type_exponent_or_encoding_is_refused() {
    assert_eq!(refused(&with("\"kty\":\"RSA\"", "\"kty\":\"EC\"")), "azure.ak");
    assert_eq!(refused(&with("\"e\":\"AQAB\"", "\"e\":\"Aw\"")), "azure.ak");
    assert_eq!(refused(&with("\"e\":\"AQAB\"", "\"e\":\"AAEAAQ\"")), "azure.ak");
    let padded = snp().with_runtime_text(|text| {
        let at = text.find("\"n\":\"").unwrap() + 5;
        let end = at + text[at..].find('"').unwrap();
        text.insert(end, '=');
    });
    assert_eq!(refused(&padded), "azure.ak");
    assert_eq!(refused(&with("\"n\":\"", "\"n\":\"AAAA")), "azure.ak", "leading zeros");
}

#[test]
fn a_field_that_nobody_knows_could_restrict_the_key_and_is_refused() {
    let guest = with("\"kid\":\"HCLAkPub\"", "\"kid\":\"HCLAkPub\",\"use\":\"enc\"");
    assert_eq!(refused(&guest), "azure.runtime_data.malformed");
}

#[test]
fn there_is_exactly_one_key_of_that_name() {
    assert_eq!(refused(&with("HCLAkPub", "HCLAkPuc")), "azure.ak");
    assert_eq!(refused(&with("HCLEkPub", "HCLAkPub")), "azure.ak");
}

#[test]
fn a_modulus_has_2048_to_4096_bits() {
    let modulus = |bytes: usize, first: u8| {
        let mut modulus = vec![0xff; bytes];
        modulus[0] = first;
        AttestationKey::rsa(&modulus)
    };
    assert!(modulus(256, 0x80).is_ok());
    assert!(modulus(256, 0x7f).is_err(), "2047 bits");
    assert!(modulus(512, 0xff).is_ok());
    assert!(modulus(513, 0x01).is_err(), "4097 bits");
    assert!(modulus(257, 0x00).is_err(), "a leading zero");
    assert!(AttestationKey::rsa(&[]).is_err());
}

#[test]
fn the_certificate_is_another_voice_and_its_absence_is_shown() {
    assert_eq!(step(&snp(), "azure.ak.certificate"), State::NotAsserted);
}

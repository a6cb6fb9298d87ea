//! A recorded quote of a machine without a TEE report: its own key signed it, and nobody vouches
//! for that key.

use cloister_attestation::tpm::{PublicArea, SignedQuote};

use crate::vectors::{cases, quote};

#[test]
fn every_recorded_quote_verifies_under_its_own_key_and_under_no_other() {
    for case in cases("tpm").into_iter().flatten() {
        assert_eq!(case.facts.expected, "accept", "{}", case.name);
        let recorded = quote::of(&case).unwrap();
        let mut public = recorded.public.unwrap();
        let key = PublicArea::parse(&public).unwrap();
        let read = |message: &[u8], pcrs: &[u8]| {
            SignedQuote::parse(message, &recorded.signature, pcrs).unwrap()
        };
        let signed = read(&recorded.message, &recorded.pcrs);
        let checks = signed.verify(key.key()).unwrap();
        assert!(checks.iter().all(|check| !check.failed()), "{}", case.name);
        assert_eq!(signed.pcrs().iter().count(), 24);

        let mut other_nonce = recorded.message.clone();
        // The first byte of extraData: after magic, type and a name of 34 bytes with its size.
        other_nonce[44] ^= 1;
        assert!(read(&other_nonce, &recorded.pcrs).verify(key.key()).is_err());
        let mut other_pcr = recorded.pcrs.clone();
        other_pcr[0] ^= 1;
        assert!(read(&recorded.message, &other_pcr).verify(key.key()).is_err());
        let last = public.len() - 1;
        public[last] ^= 2;
        let another = PublicArea::parse(&public).unwrap();
        assert!(signed.verify(another.key()).is_err());
    }
}

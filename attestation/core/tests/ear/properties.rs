//! What holds for every result and every bytes.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::ear::{Ear, Format, verify};
use cloister_attestation::ear::{ResultSigner, Terms};
use cloister_attestation::key::SigningKey;
use proptest::prelude::*;

use super::world::{cbor_claims, claims, ear, expected, relying, result, signer, terms};
use crate::snp::guest;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_result_reads_back_as_it_was_signed(
        nonce in proptest::option::of(proptest::collection::vec(any::<u8>(), 8..=64)),
        audience in "[ -~]{1,64}",
        issuer in "\\PC{1,32}",
        id in any::<[u8; 16]>(),
        secs in 1_u64..=3600,
    ) {
        let result = result(&guest::milan());
        let ear = Ear::of(&result, &Terms {
            nonce: nonce.as_deref(),
            audience: &audience,
            issuer: &issuer,
            id,
            lifetime: std::time::Duration::from_secs(secs),
            policy: Digest48::sha384(&id),
            ..terms()
        });
        let signer = ResultSigner::new(SigningKey::generate().unwrap());
        for format in [Format::Jwt, Format::Cwt] {
            let token = signer.sign(&ear, format).unwrap();
            let expected = cloister_attestation::ear::Expected {
                audience: &audience,
                nonce: nonce.as_deref(),
                ..expected()
            };
            let verified = verify(&token, &signer.keys(), &expected).unwrap();
            prop_assert_eq!(verified.ear(), &ear);
        }
    }

    #[test]
    fn mutated_claims_read_or_are_refused(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        for (mut bytes, json) in [(claims().to_string().into_bytes(), true), (cbor_claims(), false)] {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            bytes.truncate(cut.index(bytes.len()).max(bytes.len() / 2));
            let _ = if json { Ear::from_json(&bytes) } else { Ear::from_cbor(&bytes) };
        }
    }

    #[test]
    fn mutated_tokens_never_verify(
        at in any::<prop::sample::Index>(),
        mask in 1_u8..,
    ) {
        let signer = signer();
        for format in [Format::Jwt, Format::Cwt] {
            let mut token = signer.sign(&ear(), format).unwrap();
            let at = at.index(token.len());
            token[at] ^= mask;
            prop_assert!(relying(&signer, &token).is_err());
        }
    }
}

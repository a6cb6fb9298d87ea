//! The signature data behind the signed part of a quote.
//!
//! SPEC: Intel TDX DCAP Quoting Library API, A.3.8 to A.3.11.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{Quote, verify};
use cloister_simulator::TdxGuest;

use super::super::guest::{NOW, anchors, guest, outcome, quote};

/// First byte of the signature data's length in a quote of version 4.
const LENGTH: usize = 48 + 584;
const SIGNATURE: usize = LENGTH + 4;
const ATTESTATION_KEY: usize = SIGNATURE + 64;
const OUTER_TYPE: usize = ATTESTATION_KEY + 64;
const OUTER_SIZE: usize = OUTER_TYPE + 2;
const QE_REPORT: usize = OUTER_SIZE + 4;
const QE_REPORT_SIGNATURE: usize = QE_REPORT + 384;
const AUTHENTICATION_SIZE: usize = QE_REPORT_SIGNATURE + 64;

/// What becomes of a quote with `change` made to its bytes.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<(), &'static str> {
    let mut bytes = quote(&guest());
    change(&mut bytes);
    let parsed = Quote::parse(&bytes).map_err(|error| error.code().id)?;
    let verified = verify(parsed, &guest().collateral(), &anchors(&guest()), NOW);
    verified.map(drop).map_err(|error| error.code().id)
}

/// Adds to a little-endian number of two or four bytes.
fn add(bytes: &mut [u8], by: i64) {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let sum = i64::from_le_bytes(word) + by;
    bytes.copy_from_slice(&sum.to_le_bytes()[..bytes.len()]);
}

mod signature_data_len {
    use super::*;

    #[test]
    fn is_exact() {
        assert_eq!(changed(|_| ()), Ok(()));
        for by in [-1, 1] {
            assert!(changed(|bytes| add(&mut bytes[LENGTH..LENGTH + 4], by)).is_err(), "{by}");
        }
        let most = |bytes: &mut Vec<u8>| bytes[LENGTH..LENGTH + 4].fill(0xff);
        assert_eq!(changed(most), Err("tdx.quote.length"));
    }
}

mod attestation_key {
    use super::*;

    #[test]
    fn another_key_is_not_the_one_that_the_enclave_reported() {
        for at in [ATTESTATION_KEY, ATTESTATION_KEY + 32, ATTESTATION_KEY + 63] {
            assert_eq!(changed(|bytes| bytes[at] ^= 1), Err("tdx.qe_report.binding"));
        }
    }
}

mod certification_data_size {
    use super::*;

    #[test]
    fn is_exact_outside_and_inside() {
        let inner = |bytes: &[u8]| {
            let authentication =
                u16::from_le_bytes([bytes[AUTHENTICATION_SIZE], bytes[AUTHENTICATION_SIZE + 1]]);
            AUTHENTICATION_SIZE + 2 + usize::from(authentication) + 2
        };
        for by in [-1, 1] {
            assert!(changed(|bytes| add(&mut bytes[OUTER_SIZE..OUTER_SIZE + 4], by)).is_err());
            let inside = changed(|bytes| {
                let at = inner(bytes);
                add(&mut bytes[at..at + 4], by);
            });
            assert!(inside.is_err(), "{by}");
        }
    }
}

mod qe_report_signature {
    use super::*;

    #[test]
    fn has_to_be_by_the_pck_over_this_very_report() {
        assert_eq!(
            changed(|bytes| bytes[QE_REPORT_SIGNATURE] ^= 1),
            Err("tdx.qe_report.signature")
        );
        assert_eq!(changed(|bytes| bytes[QE_REPORT] ^= 1), Err("tdx.qe_report.signature"));
    }
}

mod qe_authentication_data {
    use super::*;

    fn with_length(length: usize) -> TdxGuest {
        guest().with_quote_fields(move |fields| fields.authentication_data = vec![7; length])
    }

    #[test]
    fn any_length_is_bound_and_a_changed_byte_or_length_is_not() {
        for length in [0, 1, 32, 1000] {
            outcome(&with_length(length)).unwrap();
        }
        let first = AUTHENTICATION_SIZE + 2;
        assert_eq!(changed(|bytes| bytes[first] ^= 1), Err("tdx.qe_report.binding"));
        for by in [-1, 1] {
            let at = AUTHENTICATION_SIZE..AUTHENTICATION_SIZE + 2;
            assert!(changed(|bytes| add(&mut bytes[at], by)).is_err(), "{by}");
        }
    }
}

mod pck_chain {
    use super::*;

    /// Three certificates, in whatever order, and one NUL behind them.
    #[test]
    fn is_three_certificates() {
        let chain = |change: fn(&mut Vec<&str>)| {
            let text = String::from_utf8(
                Quote::parse(&quote(&guest())).unwrap().auth_data().pck_chain().to_vec(),
            )
            .unwrap();
            let text = text.trim_end_matches('\0').to_owned();
            let mut blocks: Vec<&str> =
                text.split_inclusive("-----END CERTIFICATE-----\n").collect();
            change(&mut blocks);
            let chain = blocks.concat();
            let mut json: serde_json::Value =
                serde_json::from_slice(&guest().collateral_json()).unwrap();
            json["pck_certificate_chain"] = chain.into();
            let collateral =
                cloister_attestation::tdx::Collateral::from_json(json.to_string().as_bytes());
            let parsed = Quote::parse(&quote(&guest())).unwrap();
            let verified = verify(parsed, &collateral.unwrap(), &anchors(&guest()), NOW);
            verified.map(drop).map_err(|error| error.code().id)
        };
        assert_eq!(chain(|_| ()), Ok(()));
        assert_eq!(chain(|blocks| blocks.reverse()), Ok(()));
        assert_eq!(chain(|blocks| blocks.truncate(2)), Err("tdx.pck.format"));
        assert_eq!(chain(|blocks| blocks.push(blocks[0])), Err("tdx.pck.format"));
        assert_eq!(chain(|blocks| blocks[1] = blocks[0]), Err("tdx.pck.chain"));
        assert_eq!(chain(|blocks| blocks.clear()), Err("tdx.pck.format"));
    }

    #[test]
    fn another_platforms_chain_does_not_fit_the_enclaves_report() {
        let other = guest().with_pck_fields(|pck| pck.ppid = [7; 16]);
        let donor = Quote::parse(&quote(&other)).unwrap().auth_data().pck_chain().to_vec();
        let swapped = changed(|bytes| {
            let own = Quote::parse(bytes).unwrap().auth_data().pck_chain().len();
            let start = bytes.len() - own;
            bytes.splice(start.., donor.iter().copied());
            let by = i64::try_from(donor.len()).unwrap() - i64::try_from(own).unwrap();
            add(&mut bytes[start - 4..start], by);
            add(&mut bytes[OUTER_SIZE..OUTER_SIZE + 4], by);
            add(&mut bytes[LENGTH..LENGTH + 4], by);
        });
        assert_eq!(swapped, Err("tdx.qe_report.signature"));
    }
}

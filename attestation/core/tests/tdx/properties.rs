//! No input makes a parser panic.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::tdx::{Collateral, LocalReport, Quote, verify};
use proptest::prelude::*;

use super::corpus::case;

proptest! {
    #[test]
    fn quote_parser_answers_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
        let _ = Quote::parse(&bytes);
    }

    #[test]
    fn quote_parser_answers_any_bytes_behind_a_plausible_header(
        version in 3_u16..6,
        body_type in 0_u16..6,
        rest in proptest::collection::vec(any::<u8>(), 0..6000),
    ) {
        let mut bytes = version.to_le_bytes().to_vec();
        bytes.extend([2, 0, 0x81, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(hex::decode("939a7233f79c4ca9940a0db3957f0607").unwrap());
        bytes.extend([0; 20]);
        if version == 5 {
            bytes.extend(body_type.to_le_bytes());
            bytes.extend([584_u32, 648, 885][usize::from(body_type) % 3].to_le_bytes());
        }
        bytes.extend(rest);
        if let Ok(quote) = Quote::parse(&bytes) {
            prop_assert_eq!(quote.as_bytes(), bytes);
        }
    }

    #[test]
    fn collateral_reader_answers_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = Collateral::from_json(&bytes);
    }

    #[test]
    fn collateral_reader_answers_any_text(text in "\\PC{0,500}") {
        let _ = Collateral::from_json(text.as_bytes());
    }

    #[test]
    fn local_report_parser_answers_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 1000..1050)) {
        if let Ok(report) = LocalReport::parse(&bytes) {
            prop_assert_eq!(report.as_bytes(), bytes);
        }
    }
}

/// A recorded quote with one stretch overwritten either does not parse, does not verify, or was
/// overwritten with what was there or in text that is not signed.
#[test]
fn no_overwritten_stretch_of_a_recorded_quote_makes_verification_panic() {
    let Some(case) = case("v4-dcapqvl") else { return };
    let (quote, collateral, now) = (case.quote_bytes(), case.collateral(), case.now());
    proptest!(ProptestConfig::with_cases(200), |(
        at in 0_usize..4936,
        stretch in proptest::collection::vec(any::<u8>(), 1..40),
    )| {
        let mut bytes = quote.clone();
        bytes.iter_mut().skip(at).zip(&stretch).for_each(|(to, from)| *to = *from);
        if let Ok(parsed) = Quote::parse(&bytes) {
            let signed = parsed.signed_bytes().to_vec();
            let outcome = verify(parsed, &collateral, &Anchors::vendor(), now);
            prop_assert!(outcome.is_err() || quote.starts_with(&signed));
        }
    });
}

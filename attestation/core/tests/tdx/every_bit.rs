//! No bit of a quote that is signed or binds a signature can change unnoticed, in any quote that
//! is accepted; and what of a quote is not signed.

use core::ops::Range;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::tdx::{Collateral, Quote, VerifiedCollateral, VerifiedPlatform, verify};
use cloister_attestation::time::UnixTime;
use cloister_simulator::tdx::QuoteFormat;

use super::corpus::cases;
use super::guest::{NOW, anchors, guest, quote};
use crate::malleability::negated;

/// Recorded cases are shared out to so many tests.
const PARTS: usize = 4;

/// A quote that is accepted, and what it is accepted with.
struct Accepted {
    name: String,
    quote: Vec<u8>,
    with: Collateral,
    anchors: Anchors,
    now: UnixTime,
}

impl Accepted {
    fn simulated(format: QuoteFormat) -> Self {
        let guest = guest().with_format(format);
        Self {
            name: format!("{format:?}"),
            quote: quote(&guest),
            with: guest.collateral(),
            anchors: anchors(&guest),
            now: NOW,
        }
    }

    /// The recorded ones, in `PARTS` parts.
    fn recorded(part: usize) -> Vec<Self> {
        let verified = cases().into_iter().filter(|case| {
            matches!(case.facts.expected.as_str(), "accept" | "accept-with-tcb-status")
        });
        let chosen = verified.enumerate().filter(|(at, _)| at % PARTS == part);
        let accepted = chosen.map(|(_, case)| Self {
            name: case.name.clone(),
            quote: case.quote_bytes(),
            with: case.collateral(),
            anchors: Anchors::vendor(),
            now: case.now(),
        });
        accepted.collect()
    }

    fn parsed(&self) -> Quote {
        Quote::parse(&self.quote).unwrap()
    }

    /// Header and body; then the length of the signature data, and all of that up to the PCK chain.
    fn signed(&self) -> Range<usize> {
        let quote = self.parsed();
        let authentication = quote.auth_data().qe_authentication_data().len();
        let before_chain = 4 + 64 + 64 + 6 + 384 + 64 + 2 + authentication + 6;
        0..quote.signed_bytes().len() + before_chain
    }

    /// Asserts that the quote is accepted, and with any one bit of `range` flipped is not, whether
    /// or not collateral and platform were verified before.
    fn assert_every_bit_counts(&self) {
        let collateral = VerifiedCollateral::new(&self.with, &self.anchors, self.now).unwrap();
        let platform = VerifiedPlatform::new(&self.parsed(), &collateral, self.now).unwrap();
        let kept = |quote: Quote| platform.verify(quote, self.now).is_ok();
        let whole = |quote| verify(quote, &self.with, &self.anchors, self.now).is_ok();
        assert!(kept(self.parsed()) && whole(self.parsed()), "{}", self.name);
        let mut changed = self.quote.clone();
        for bit in self.signed().start * 8..self.signed().end * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(quote) = Quote::parse(&changed) {
                let noticed = !kept(quote.clone()) && (bit % 499 != 0 || !whole(quote));
                assert!(noticed, "{}: bit {} of byte {}", self.name, bit % 8, bit / 8);
            }
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(changed, self.quote);
    }
}

/// One test for each format, and for each part of the recorded quotes: they run side by side.
macro_rules! simulated {
    ($($test:ident = $format:ident;)+) => {$(
        #[test]
        fn $test() {
            Accepted::simulated(QuoteFormat::$format).assert_every_bit_counts();
        }
    )+};
}

macro_rules! recorded_parts {
    ($($test:ident = $part:literal;)+) => {$(
        #[test]
        fn $test() {
            for accepted in Accepted::recorded($part) {
                accepted.assert_every_bit_counts();
            }
        }
    )+};
}

simulated! {
    flipping_any_bit_of_a_version_4_quote_is_noticed = V4;
    flipping_any_bit_of_a_version_5_quote_of_tdx_1_0_is_noticed = V5Td10;
    flipping_any_bit_of_a_version_5_quote_of_tdx_1_5_is_noticed = V5Td15;
    flipping_any_bit_of_an_extended_version_5_quote_is_noticed = V5Td15Ex;
}

recorded_parts! {
    flipping_any_bit_of_a_recorded_quote_is_noticed_1_of_4 = 0;
    flipping_any_bit_of_a_recorded_quote_is_noticed_2_of_4 = 1;
    flipping_any_bit_of_a_recorded_quote_is_noticed_3_of_4 = 2;
    flipping_any_bit_of_a_recorded_quote_is_noticed_4_of_4 = 3;
}

/// The order of P-256, big-endian.
/// SPEC: NIST SP 800-186 section 3.2.1.3.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// ECDSA verifies S and its negative alike, and Intel's enclaves do not say which they write: both
/// are accepted, in both signatures of a quote. Anyone can make a second spelling of a quote, with
/// another digest and the same content: the digest never says that a quote is new.
#[test]
fn a_quote_with_a_signature_negated_verifies_and_has_another_digest() {
    let accepted = Accepted::simulated(QuoteFormat::V4);
    let quote_signature = 48 + 584 + 4;
    let qe_report_signature = quote_signature + 64 + 64 + 6 + 384;
    for signature in [quote_signature, qe_report_signature] {
        let (r, s) = (signature..signature + 32, signature + 32..signature + 64);
        let mut other = accepted.quote.clone();
        let negative = negated(&other[s.clone()], ORDER);
        other[s].copy_from_slice(&negative);
        let parsed = Quote::parse(&other).unwrap();
        verify(parsed.clone(), &accepted.with, &accepted.anchors, NOW).unwrap();
        assert_eq!(parsed.signed_bytes(), accepted.parsed().signed_bytes());
        let digest = |quote| Evidence::Tdx(quote).digest();
        assert_ne!(digest(parsed), digest(accepted.parsed()));

        let mut wrong = accepted.quote.clone();
        let negative = negated(&wrong[r.clone()], ORDER);
        wrong[r].copy_from_slice(&negative);
        let parsed = Quote::parse(&wrong).unwrap();
        assert!(verify(parsed, &accepted.with, &accepted.anchors, NOW).is_err());
    }
}

/// Zero padding and the spelling of the PCK chain are not signed; they change nothing but the digest.
#[test]
fn what_is_not_signed_changes_the_digest_and_no_claim() {
    let accepted = Accepted::simulated(QuoteFormat::V4);
    let padded = [accepted.quote.as_slice(), &[0; 7]].concat();
    let verified = |bytes: &[u8]| {
        let quote = Quote::parse(bytes).unwrap();
        verify(quote, &accepted.with, &accepted.anchors, NOW).unwrap()
    };
    let (plain, padded) = (verified(&accepted.quote), verified(&padded));
    assert_eq!(plain.quote().td_report(), padded.quote().td_report());
    assert_eq!((plain.quote().padding(), padded.quote().padding()), (0, 7));
    let digest = |quote: &Quote| Evidence::Tdx(quote.clone()).digest();
    assert_ne!(digest(plain.quote()), digest(padded.quote()));
}

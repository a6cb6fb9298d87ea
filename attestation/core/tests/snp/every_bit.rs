//! No bit that a chip signed can change unnoticed, in any report that is accepted; and the two
//! ways in which a signature itself can be written.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::snp::{
    self, Endorsements, Product, Report, VerifiedChain, verify_chain, verify_report,
};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{self, VerifyError};
use cloister_simulator::SnpGuest;

use super::guest::{NOW, REPORT_DATA, milan, on, pki, turin, vlek};
use super::recorded;
use crate::malleability::negated;

/// Recorded cases are shared out to so many tests.
const PARTS: usize = 4;

/// A report that is accepted, and what it is accepted with.
struct Accepted {
    name: String,
    report: Vec<u8>,
    with: Endorsements,
    anchors: Anchors,
    now: UnixTime,
}

impl Accepted {
    fn simulated(name: &str, guest: &SnpGuest) -> Self {
        Self {
            name: name.to_owned(),
            report: guest.report(&REPORT_DATA),
            with: guest.endorsements(),
            anchors: pki().anchors(),
            now: NOW,
        }
    }

    /// The recorded ones, in `PARTS` parts.
    fn recorded(part: usize) -> Vec<Self> {
        let cases = recorded::accepted().unwrap_or_default().into_iter();
        let cases = cases.enumerate().filter(|(at, _)| at % PARTS == part);
        let accepted = cases.map(|(_, case)| Self {
            name: case.name.clone(),
            report: case.file("report.bin").unwrap(),
            with: recorded::endorsements(&case),
            anchors: Anchors::vendor(),
            now: case.valid_at(),
        });
        accepted.collect()
    }

    fn chain(&self) -> VerifiedChain {
        verify_chain(&self.with, &self.anchors, self.now).unwrap()
    }

    /// Asserts that the report is accepted, and with any one bit of report or signature flipped
    /// is not.
    fn assert_every_bit_counts(&self) {
        let chain = self.chain();
        let verifies = |bytes: &[u8]| {
            Report::parse(bytes).is_ok_and(|report| verify_report(report, &chain, self.now).is_ok())
        };
        assert!(verifies(&self.report), "{}", self.name);
        let mut changed = self.report.clone();
        for bit in 0..Report::LEN * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(&changed), "{}: bit {} of byte {:#x}", self.name, bit % 8, bit / 8);
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(changed, self.report);
    }

    /// The same for a few bits by the way that does not keep the chain: it ends in the same answer.
    fn assert_the_long_way_agrees(&self) {
        let verify = |bytes: &[u8]| -> Result<(), Option<VerifyError>> {
            let report = Report::parse(bytes).map_err(|_| None)?;
            let evidence = cloister_attestation::evidence::Evidence::Snp(report);
            let with = verify::Endorsements::Snp(self.with.clone());
            verify::verify(evidence, &with, &self.anchors, self.now).map(drop).map_err(Some)
        };
        verify(&self.report).unwrap();
        let mut changed = self.report.clone();
        for bit in (0..Report::LEN * 8).step_by(499) {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&changed).is_err(), "{}: bit {bit}", self.name);
            changed[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

fn check(name: &str, guest: &SnpGuest) {
    let accepted = Accepted::simulated(name, guest);
    accepted.assert_every_bit_counts();
    accepted.assert_the_long_way_agrees();
}

#[test]
fn flipping_any_bit_of_a_milan_report_under_a_vcek_is_noticed() {
    for version in [2, 3, 4] {
        check("Milan", &milan().with_version(version));
    }
}

#[test]
fn flipping_any_bit_of_a_genoa_report_under_a_vcek_is_noticed() {
    check("Genoa", &on(Product::Genoa));
}

#[test]
fn flipping_any_bit_of_a_turin_report_under_a_vcek_is_noticed() {
    check("Turin", &turin());
}

#[test]
fn flipping_any_bit_of_a_report_under_a_vlek_is_noticed() {
    check("VLEK", &vlek());
}

/// One test for each part, so that they run side by side.
macro_rules! recorded_parts {
    ($($test:ident = $part:literal;)+) => {$(
        #[test]
        fn $test() {
            for accepted in Accepted::recorded($part) {
                accepted.assert_every_bit_counts();
                accepted.assert_the_long_way_agrees();
            }
        }
    )+};
}

recorded_parts! {
    flipping_any_bit_of_a_recorded_report_is_noticed_1_of_4 = 0;
    flipping_any_bit_of_a_recorded_report_is_noticed_2_of_4 = 1;
    flipping_any_bit_of_a_recorded_report_is_noticed_3_of_4 = 2;
    flipping_any_bit_of_a_recorded_report_is_noticed_4_of_4 = 3;
}

/// The order of P-384, big-endian.
/// SPEC: NIST SP 800-186 section 3.2.1.4.
const ORDER: &str = concat!(
    "ffffffffffffffffffffffffffffffffffffffffffffffff",
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
);

/// ECDSA verifies S and its negative alike, and AMD's firmware does not say which it writes: both
/// are accepted. So anyone can make a second spelling of a report, with another digest and the
/// same content, and the digest never says that a report is new.
#[test]
fn a_report_with_its_signature_negated_verifies_and_has_another_digest() {
    let accepted = Accepted::simulated("Milan", &milan());
    let mut other = accepted.report.clone();
    let s = 0x2a0 + 72..0x2a0 + 72 + 48;
    let big_endian: Vec<u8> = other[s.clone()].iter().rev().copied().collect();
    let negated = negated(&big_endian, ORDER);
    other[s].iter_mut().zip(negated.iter().rev()).for_each(|(to, from)| *to = *from);
    let parse = |bytes: &[u8]| Report::parse(bytes).unwrap();
    let verified = snp::verify(parse(&other), &accepted.with, &accepted.anchors, NOW).unwrap();
    assert_eq!(other[Report::SIGNED], accepted.report[Report::SIGNED]);
    let digest = |report: Report| cloister_attestation::evidence::Evidence::Snp(report).digest();
    assert_ne!(digest(verified.report().clone()), digest(parse(&accepted.report)));
}

/// Only S has a second spelling.
#[test]
fn a_report_with_r_negated_does_not_verify() {
    let accepted = Accepted::simulated("Milan", &milan());
    let mut other = accepted.report.clone();
    let r = 0x2a0..0x2a0 + 48;
    let big_endian: Vec<u8> = other[r.clone()].iter().rev().copied().collect();
    let negated = negated(&big_endian, ORDER);
    other[r].iter_mut().zip(negated.iter().rev()).for_each(|(to, from)| *to = *from);
    let report = Report::parse(&other).unwrap();
    assert!(verify_report(report, &accepted.chain(), NOW).is_err());
}

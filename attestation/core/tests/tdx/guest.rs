//! A simulated guest to change one thing of, and what becomes of it.

use core::ops::Range;

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{
    Quote, TdxPolicy, VerifiedCollateral, VerifiedPlatform, VerifiedQuote, verify,
};
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Certificate;
use cloister_simulator::tdx::QuoteFormat;
use cloister_simulator::{Pki, TdxGuest};

/// When the simulator issues everything.
pub(crate) const ISSUED: UnixTime = UnixTime::from_secs(1_780_000_000);
/// When everything is verified: a day later.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_780_086_400);
/// Bytes before the TD report in a quote of version 4.
pub(crate) const HEADER: usize = 48;
/// Bytes before the TD report in a quote of version 5.
pub(crate) const HEADER_AND_DESCRIPTOR: usize = 54;

/// A guest that the strict policy accepts.
pub(crate) fn guest() -> TdxGuest {
    TdxGuest::new(&Pki::from_seed("cloister-attestation tdx", ISSUED))
}

/// The same with a TD report of TDX 1.5.
pub(crate) fn guest_15() -> TdxGuest {
    guest().with_format(QuoteFormat::V5Td15)
}

pub(crate) fn report_data() -> ReportData {
    ReportData::new(core::array::from_fn(|at| u8::try_from(at).unwrap()))
}

/// The guest's own root; no other product's is generated for it.
pub(crate) fn anchors(guest: &TdxGuest) -> Anchors {
    let root = Certificate::parse(&guest.root()).unwrap().key_pin();
    Anchors::dangerous_simulator(SimulatorAnchor {
        milan: root,
        genoa: root,
        turin: root,
        intel: root,
    })
}

pub(crate) fn quote(guest: &TdxGuest) -> Vec<u8> {
    guest.quote(&report_data())
}

/// Parses and verifies; the code of whatever refused it otherwise.
pub(crate) fn outcome_at(guest: &TdxGuest, now: UnixTime) -> Result<VerifiedQuote, &'static str> {
    let quote = Quote::parse(&quote(guest)).map_err(|error| error.code().id)?;
    verify(quote, &guest.collateral(), &anchors(guest), now).map_err(|error| error.code().id)
}

pub(crate) fn outcome(guest: &TdxGuest) -> Result<VerifiedQuote, &'static str> {
    outcome_at(guest, NOW)
}

/// The code of whatever refused it.
#[track_caller]
pub(crate) fn refusal(guest: &TdxGuest) -> &'static str {
    outcome(guest).expect_err("it was to be refused")
}

/// The demands of `policy` that it does not meet.
#[track_caller]
pub(crate) fn failures(guest: &TdxGuest, policy: &TdxPolicy) -> Vec<&'static str> {
    let verified = outcome(guest).expect("it was to verify");
    let checks = policy.appraise(&verified, NOW);
    checks.iter().filter(|check| check.failed()).map(|check| check.code.id).collect()
}

/// The demands of the strict policy that it does not meet.
#[track_caller]
pub(crate) fn strict_failures(guest: &TdxGuest) -> Vec<&'static str> {
    failures(guest, &TdxPolicy::strict())
}

/// Asserts that no bit of these bytes of the finished quote can change.
#[track_caller]
pub(crate) fn assert_signed(guest: &TdxGuest, bytes: Range<usize>) {
    let mut received = quote(guest);
    let collateral = VerifiedCollateral::new(&guest.collateral(), &anchors(guest), NOW).unwrap();
    let platform =
        VerifiedPlatform::new(&Quote::parse(&received).unwrap(), &collateral, NOW).unwrap();
    platform.verify(Quote::parse(&received).unwrap(), NOW).unwrap();
    for (at, bit) in bytes.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        received[at] ^= 1 << bit;
        let unnoticed =
            Quote::parse(&received).is_ok_and(|quote| platform.verify(quote, NOW).is_ok());
        assert!(!unnoticed, "byte {at} bit {bit}");
        received[at] ^= 1 << bit;
    }
}

#[test]
fn the_unchanged_guest_is_accepted_in_every_format() {
    for format in [QuoteFormat::V4, QuoteFormat::V5Td10, QuoteFormat::V5Td15, QuoteFormat::V5Td15Ex]
    {
        let guest = guest().with_format(format);
        assert_eq!(strict_failures(&guest), Vec::<&str>::new(), "{format:?}");
        assert_eq!(outcome(&guest).unwrap().quote().report_data(), &report_data());
    }
}

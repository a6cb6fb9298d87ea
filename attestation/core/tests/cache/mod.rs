//! Verified endorsements are used again, and never where a verification from nothing would end
//! otherwise.

mod bounds;
mod content;
mod revocation;
mod verdicts;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::snp::{self, Product};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError, verify};
use cloister_simulator::{SnpGuest, TdxGuest};

use crate::snp::guest::{NOW, REPORT_DATA, pki};

/// What the cache says, after asserting that verification from nothing says the same at `now`.
pub(super) fn verdict(
    cache: &EndorsementCache,
    (evidence, with): (Evidence, &Endorsements),
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedEvidence, &'static str> {
    let fresh = verify(evidence.clone(), with, anchors, now);
    let cached = cache.verify(evidence, with, anchors, now);
    assert_eq!(outline(&cached), outline(&fresh));
    cached.map_err(|error| error.code().id)
}

/// Every step by id and state, in order, and the code at the end.
fn outline(outcome: &Result<VerifiedEvidence, VerifyError>) -> (Vec<String>, Option<&'static str>) {
    let checks = match outcome {
        Ok(verified) => verified.checks(),
        Err(error) => error.checks(),
    };
    let steps = checks.iter().map(|check| format!("{} {:?}", check.code.id, check.state));
    (steps.collect(), outcome.as_ref().err().map(|error| error.code().id))
}

/// A report of the guest with its own endorsements, at [`NOW`], under its own anchors.
pub(super) fn ask(cache: &EndorsementCache, guest: &SnpGuest) -> Result<(), &'static str> {
    ask_with(cache, guest, guest.endorsements())
}

/// The same with these endorsements.
pub(super) fn ask_with(
    cache: &EndorsementCache,
    guest: &SnpGuest,
    with: snp::Endorsements,
) -> Result<(), &'static str> {
    let evidence = report(guest, &REPORT_DATA);
    verdict(cache, (evidence, &Endorsements::Snp(with)), &pki().anchors(), NOW).map(drop)
}

pub(super) fn report(guest: &SnpGuest, report_data: &ReportData) -> Evidence {
    Evidence::parse(Tee::Snp, &guest.report(report_data)).unwrap()
}

pub(super) fn quote(guest: &TdxGuest, report_data: &ReportData) -> Evidence {
    Evidence::parse(Tee::Tdx, &guest.quote(report_data)).unwrap()
}

/// How often `cache` finds something while `act` runs.
pub(super) fn hits(cache: &EndorsementCache, act: impl FnOnce()) -> u64 {
    let before = cache.hits();
    act();
    cache.hits() - before
}

/// A Milan guest on chip number `number`.
pub(super) fn on_chip(number: u8) -> SnpGuest {
    let chip = cloister_attestation::bytes::ChipId::new([number; 64]);
    SnpGuest::new(pki(), Product::Milan).with_chip_id(chip)
}

//! A simulated guest to change one field of, and what verification and a policy say to it.

use std::ops::Range;
use std::sync::LazyLock;

use cloister_attestation::bytes::ReportData;
use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::snp::{self, Endorsements, Product, Report, SnpPolicy, VerifiedReport};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifyError;
use cloister_simulator::snp::{ReportFields, VekKind};
use cloister_simulator::{Pki, SnpGuest};

/// When the hierarchy was issued.
pub(crate) const ISSUED: UnixTime = UnixTime::from_secs(1_790_000_000);
/// When the tests verify: a day later.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_086_400);

/// The bytes that every report here is asked for.
pub(crate) const REPORT_DATA: ReportData = ReportData::new([0x5a; 64]);

/// One hierarchy for all tests.
pub(crate) fn pki() -> &'static Pki {
    static PKI: LazyLock<Pki> = LazyLock::new(|| Pki::from_seed("core/snp", ISSUED));
    &PKI
}

/// A guest that a strict policy accepts, on this product.
pub(crate) fn on(product: Product) -> SnpGuest {
    SnpGuest::new(pki(), product)
}

/// The same on Milan: report version 3.
pub(crate) fn milan() -> SnpGuest {
    on(Product::Milan)
}

/// The same on Milan with an ID block, whose fields `change` sets.
pub(crate) fn with_id_block(
    change: impl Fn(&mut ReportFields) + Send + Sync + 'static,
) -> SnpGuest {
    milan().with_fields(move |report| {
        report.id_key_digest = [1; 48];
        change(report);
    })
}

/// The same on Turin: report version 5.
pub(crate) fn turin() -> SnpGuest {
    on(Product::Turin)
}

/// The same signed by a provider's key.
pub(crate) fn vlek() -> SnpGuest {
    milan().with_vek(VekKind::Vlek { csp_id: PROVIDER.to_owned() })
}

/// The provider of [`vlek`].
pub(crate) const PROVIDER: &str = "CN=provider.simulator.invalid";

/// Its report, parsed.
pub(crate) fn report(guest: &SnpGuest) -> Report {
    Report::parse(&guest.report(&REPORT_DATA)).unwrap()
}

/// Verifies the guest's report with all its own endorsements.
pub(crate) fn verify(guest: &SnpGuest) -> Result<VerifiedReport, VerifyError> {
    verify_with(guest, &guest.endorsements())
}

/// Verifies the guest's report with these endorsements.
pub(crate) fn verify_with(
    guest: &SnpGuest,
    with: &Endorsements,
) -> Result<VerifiedReport, VerifyError> {
    snp::verify(report(guest), with, &pki().anchors(), NOW)
}

/// The code at which the parser refuses the guest's report.
pub(crate) fn unparsed(guest: &SnpGuest) -> &'static str {
    Report::parse(&guest.report(&REPORT_DATA)).unwrap_err().code().id
}

/// The code at which verification refuses the guest's report.
pub(crate) fn refused(guest: &SnpGuest) -> &'static str {
    refused_with(guest, &guest.endorsements())
}

/// The code at which verification refuses it with these endorsements.
pub(crate) fn refused_with(guest: &SnpGuest, with: &Endorsements) -> &'static str {
    let error = verify_with(guest, with).unwrap_err();
    assert!(matches!(error, VerifyError::Refused { .. }), "no conclusion: {error}");
    assert!(error.checks().last().unwrap().failed(), "the last step is the failed one");
    error.code().id
}

/// How a step of a successful verification ended.
pub(crate) fn step(guest: &SnpGuest, id: &str) -> State {
    find(verify(guest).unwrap().checks(), id).state
}

/// How one demand of the strict policy, changed by `change`, ends for the guest.
pub(crate) fn demand(guest: &SnpGuest, id: &str, change: impl FnOnce(&mut SnpPolicy)) -> State {
    let mut policy = SnpPolicy::strict();
    change(&mut policy);
    let checks = policy.appraise(&verify(guest).unwrap(), NOW);
    find(&checks, id).state
}

/// The ids of the strict policy's demands that fail for the guest.
pub(crate) fn strict_failures(guest: &SnpGuest) -> Vec<&'static str> {
    let checks = SnpPolicy::strict().appraise(&verify(guest).unwrap(), NOW);
    checks.iter().filter(|check| check.failed()).map(|check| check.code.id).collect()
}

/// The one check with this id.
pub(crate) fn find<'a>(checks: &'a [Check], id: &str) -> &'a Check {
    let mut found = checks.iter().filter(|check| check.code.id == id);
    let check = found.next().unwrap_or_else(|| panic!("no check {id}"));
    assert!(found.next().is_none(), "{id} is there twice");
    check
}

/// Flipping any bit in `range` of a genuine report makes it fail to parse or to verify.
pub(crate) fn assert_every_bit_is_signed(guest: &SnpGuest, range: Range<usize>) {
    let chain = snp::verify_chain(&guest.endorsements(), &pki().anchors(), NOW).unwrap();
    let genuine = guest.report(&REPORT_DATA);
    snp::verify_report(Report::parse(&genuine).unwrap(), &chain, NOW).unwrap();
    for (offset, bit) in range.flat_map(|offset| (0..8).map(move |bit| (offset, bit))) {
        let mut changed = genuine.clone();
        changed[offset] ^= 1 << bit;
        let accepted = Report::parse(&changed)
            .is_ok_and(|report| snp::verify_report(report, &chain, NOW).is_ok());
        assert!(!accepted, "bit {bit} of byte {offset:#x} is not protected");
    }
}

//! Verified collateral and platforms are used again, but never beyond what was verified.

use core::time::Duration;

use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{Quote, VerifiedCollateral, VerifiedPlatform};

use super::guest::{ISSUED, NOW, anchors, guest, guest_15, quote};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

#[test]
fn one_platform_judges_many_quotes_and_says_the_same_as_a_single_verification() {
    let collateral =
        VerifiedCollateral::new(&guest().collateral(), &anchors(&guest()), NOW).unwrap();
    let first = Quote::parse(&quote(&guest())).unwrap();
    let platform = VerifiedPlatform::new(&first, &collateral, NOW).unwrap();
    for guest in [guest(), guest_15()] {
        let again = platform.verify(Quote::parse(&quote(&guest)).unwrap(), NOW).unwrap();
        let single = super::guest::outcome(&guest).unwrap();
        assert_eq!(again.tcb_status(), single.tcb_status());
        assert_eq!(again.checks(), single.checks());
    }
}

#[test]
fn nothing_is_used_after_the_first_part_has_expired() {
    let collateral =
        VerifiedCollateral::new(&guest().collateral(), &anchors(&guest()), NOW).unwrap();
    assert_eq!(collateral.valid_until(), ISSUED.plus(MONTH));
    let first = Quote::parse(&quote(&guest())).unwrap();
    let platform = VerifiedPlatform::new(&first, &collateral, NOW).unwrap();
    let last = collateral.valid_until();
    platform.verify(first.clone(), last).unwrap();
    for moment in [last.plus(Duration::from_secs(1)), ISSUED.minus(Duration::from_secs(1))] {
        let error = platform.verify(first.clone(), moment).unwrap_err();
        assert_eq!(error.code().id, "tdx.collateral.window");
        let error = VerifiedPlatform::new(&first, &collateral, moment).unwrap_err();
        assert_eq!(error.code().id, "tdx.collateral.window");
    }
}

#[test]
fn a_certificate_that_expires_before_the_collateral_ends_its_platform() {
    let end = NOW.plus(Duration::from_secs(60));
    let guest = guest().with_pck_certificate(move |c| c.not_after = end);
    let collateral = VerifiedCollateral::new(&guest.collateral(), &anchors(&guest), NOW).unwrap();
    let first = Quote::parse(&quote(&guest)).unwrap();
    let platform = VerifiedPlatform::new(&first, &collateral, NOW).unwrap();
    platform.verify(first.clone(), end).unwrap();
    let error = platform.verify(first, end.plus(Duration::from_secs(1))).unwrap_err();
    assert_eq!(error.code().id, "tdx.collateral.window");
}

#[test]
fn a_quote_of_another_platform_does_not_verify_with_this_one() {
    let other = guest().with_pck_fields(|pck| pck.ppid = [7; 16]);
    let collateral =
        VerifiedCollateral::new(&guest().collateral(), &anchors(&guest()), NOW).unwrap();
    let platform =
        VerifiedPlatform::new(&Quote::parse(&quote(&guest())).unwrap(), &collateral, NOW).unwrap();
    let error = platform.verify(Quote::parse(&quote(&other)).unwrap(), NOW).unwrap_err();
    assert_eq!(error.code().id, "tdx.qe_report.signature");
}

/// A quote verified in time and appraised too late: the verdict does not outlive what it rests on.
#[test]
fn an_appraisal_after_the_collateral_ran_out_fails() {
    let verified = super::guest::outcome(&guest()).unwrap();
    let until = VerifiedCollateral::new(&guest().collateral(), &anchors(&guest()), NOW)
        .unwrap()
        .valid_until();
    let any = cloister_attestation::policy::AgeLimit::Any;
    let policy = cloister_attestation::tdx::TdxPolicy {
        collateral_age: any,
        root_crl_age: any,
        ..cloister_attestation::tdx::TdxPolicy::strict()
    };
    let failures = |secs: u64| {
        let now = cloister_attestation::time::UnixTime::from_secs(secs);
        let checks = policy.appraise(&verified, now);
        checks.iter().filter(|c| c.failed()).map(|c| c.code.id).collect::<Vec<_>>()
    };
    assert_eq!(failures(until.as_secs()), [""; 0]);
    assert_eq!(failures(until.as_secs() + 1), ["tdx.policy.valid_now"]);
    assert_eq!(failures(ISSUED.as_secs() - 1), ["tdx.policy.valid_now"]);
}

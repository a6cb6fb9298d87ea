//! How old collateral may be, within its own dates.

use cloister_attestation::policy::AgeLimit;
use cloister_attestation::tdx::TdxPolicy;
use cloister_attestation::time::UnixTime;
use cloister_simulator::TdxGuest;

use super::guest::{ISSUED, NOW, failures, guest};

/// Everything is issued a day before it is verified.
const DAY: u32 = 86_400;
const COLLATERAL: &str = "tdx.policy.collateral_age";
const ROOT_CRL: &str = "tdx.policy.root_crl_age";

fn limits(collateral: AgeLimit, root_crl: AgeLimit) -> TdxPolicy {
    TdxPolicy { collateral_age: collateral, root_crl_age: root_crl, ..TdxPolicy::strict() }
}

/// The guest with one document issued at this time.
fn with_one(document: usize, at: UnixTime) -> TdxGuest {
    match document {
        0 => guest().with_tcb_info(move |info| info.issue_date = at.to_string()),
        1 => guest().with_qe_identity(move |identity| identity.issue_date = at.to_string()),
        2 => guest().with_pck_crl(move |crl| crl.this_update = at),
        _ => guest().with_root_crl(move |crl| crl.this_update = at),
    }
}

#[test]
fn the_last_second_is_accepted_and_the_next_is_not() {
    let any = AgeLimit::Any;
    for (limit, ok) in [(DAY + 1, true), (DAY, true), (DAY - 1, false), (0, false)] {
        let limit = AgeLimit::AtMostSecs(limit);
        let expected = |code| if ok { vec![] } else { vec![code] };
        assert_eq!(failures(&guest(), &limits(any, limit)), expected(ROOT_CRL));
        let found = failures(&guest(), &limits(limit, any));
        assert_eq!(found, expected(COLLATERAL).repeat(3), "TCB info, QE identity, PCK CRL");
    }
    assert_eq!(failures(&guest(), &limits(any, any)), Vec::<&str>::new());
}

#[test]
fn each_document_counts_by_itself() {
    let policy = limits(AgeLimit::AtMostSecs(DAY), AgeLimit::AtMostSecs(DAY));
    let older = ISSUED.minus(core::time::Duration::from_secs(1));
    for (document, code) in [(0, COLLATERAL), (1, COLLATERAL), (2, COLLATERAL), (3, ROOT_CRL)] {
        assert_eq!(failures(&with_one(document, older), &policy), [code], "{document}");
        assert_eq!(failures(&with_one(document, ISSUED), &policy), Vec::<&str>::new());
        assert_eq!(failures(&with_one(document, NOW), &policy), Vec::<&str>::new());
    }
}

#[test]
fn the_built_in_policy_takes_nothing_older_than_intel_lets_it_be() {
    let before = |days: u64| NOW.minus(core::time::Duration::from_secs(days * u64::from(DAY)));
    let strict = TdxPolicy::strict();
    for (document, days, code) in
        [(0, 30, COLLATERAL), (1, 30, COLLATERAL), (2, 30, COLLATERAL), (3, 400, ROOT_CRL)]
    {
        assert_eq!(failures(&with_one(document, before(days)), &strict), Vec::<&str>::new());
        assert_eq!(failures(&with_one(document, before(days + 1)), &strict), [code]);
    }
}

//! `sgx_report2_body_v1_5_ex_t`: what the extended report adds.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::{Check, State};
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::TdxPolicy;
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::QuoteFormat;

use super::super::guest::{NOW, guest, outcome, strict_failures};

const INIT_HASH: usize = 81;
const INIT_ATTRIBUTES: usize = 129;
const CUR_HASH: usize = 181;
const CUR_ATTRIBUTES: usize = 229;

/// An extended report with these bytes of its addition set.
fn with(bytes: &'static [(usize, u8)]) -> TdxGuest {
    guest().with_format(QuoteFormat::V5Td15Ex).with_td_fields(move |td| {
        bytes.iter().for_each(|(at, value)| td.extended[*at] = *value);
    })
}

/// The one check of this code.
fn check(guest: &TdxGuest, policy: &TdxPolicy, id: &str) -> Check {
    let checks = policy.appraise(&outcome(guest).unwrap(), NOW);
    let mut named = checks.into_iter().filter(|check| check.code.id == id);
    let (check, None) = (named.next().unwrap(), named.next()) else { panic!("{id} twice") };
    check
}

/// A policy that names the digests of no service TD and of the one with a first byte of 1.
fn naming_one() -> TdxPolicy {
    let mut digest = [0; 48];
    let none = Digest48::new(digest);
    digest[0] = 1;
    TdxPolicy {
        mr_service_td: Expect::OneOf(vec![none, Digest48::new(digest)]),
        ..TdxPolicy::strict()
    }
}

#[track_caller]
fn assert_reported(guest: &TdxGuest, id: &str, observed: &str) {
    let check = check(guest, &TdxPolicy::strict(), id);
    assert_eq!(check.state, State::NotAsserted);
    assert_eq!(check.observed, observed);
}

/// Attributes without a service TD, of one, and of one that the host can look into.
fn assert_attributes_judged(id: &str, alone: &TdxGuest, bound: &TdxGuest, debuggable: &TdxGuest) {
    assert_eq!(strict_failures(alone), [id]);
    assert_eq!(check(&with(&[]), &naming_one(), id).state, State::Pass);
    let said = check(bound, &naming_one(), id);
    assert_eq!((said.state, said.observed.as_str()), (State::NotAsserted, "0000001000000000"));
    for policy in [naming_one(), TdxPolicy { mr_service_td: Expect::Any, ..naming_one() }] {
        assert_eq!(check(debuggable, &policy, id).state, State::Fail);
    }
}

#[test]
fn a_report_without_them_says_that_they_do_not_apply() {
    for id in [
        "vmid",
        "dev_info",
        "init_service_td_attributes",
        "init_tee_tcb_svn",
        "cur_service_td_attributes",
    ] {
        let check = check(&guest(), &TdxPolicy::strict(), &format!("tdx.policy.{id}"));
        assert_eq!(check.state, State::NotApplicable, "{id}");
    }
}

mod vmid {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported(&with(&[(0, 3)]), "tdx.policy.vmid", "3");
    }
}

mod dev_info {
    use super::*;

    #[test]
    fn is_reported() {
        let digest = format!("07{}", "00".repeat(47));
        assert_reported(&with(&[(33, 7)]), "tdx.policy.dev_info", &digest);
    }
}

mod init_service_td_attributes {
    use super::*;

    #[test]
    fn are_zero_without_a_service_td_and_never_of_one_under_debug() {
        assert_attributes_judged(
            "tdx.policy.init_service_td_attributes",
            &with(&[(INIT_ATTRIBUTES, 2)]),
            &with(&[(INIT_HASH, 1), (INIT_ATTRIBUTES + 3, 0x10)]),
            &with(&[(INIT_HASH, 1), (INIT_ATTRIBUTES, 1)]),
        );
    }
}

mod init_tee_tcb_svn {
    use super::*;

    #[test]
    fn is_reported() {
        let svn = format!("05{}", "00".repeat(15));
        assert_reported(&with(&[(153, 5)]), "tdx.policy.init_tee_tcb_svn", &svn);
    }
}

mod cur_service_td_attributes {
    use super::*;

    #[test]
    fn are_zero_without_a_service_td_and_never_of_one_under_debug() {
        assert_attributes_judged(
            "tdx.policy.cur_service_td_attributes",
            &with(&[(CUR_ATTRIBUTES, 2)]),
            &with(&[(CUR_HASH, 1), (CUR_ATTRIBUTES + 3, 0x10)]),
            &with(&[(CUR_HASH, 1), (CUR_ATTRIBUTES, 1 << 4)]),
        );
    }
}

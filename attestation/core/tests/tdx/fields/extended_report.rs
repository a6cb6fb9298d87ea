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

/// Fields that are reported and not judged, in the order of the report, with offset and length.
const REPORTED: [(&str, usize, usize); 6] = [
    ("tdx.policy.vmid", 0, 1),
    ("tdx.policy.td_id", 1, 32),
    ("tdx.policy.dev_info", 33, 48),
    ("tdx.policy.init_cpu_svn", 137, 16),
    ("tdx.policy.init_tee_tcb_svn", 153, 16),
    ("tdx.policy.init_tee_fmspc", 169, 12),
];

/// Every byte of the field is in what is reported, the bytes before and behind it are not, and
/// nothing speaks for or against any value.
#[track_caller]
fn assert_reported(id: &str) {
    let (_, at, len) = REPORTED.into_iter().find(|(field, ..)| *field == id).unwrap();
    let marked = move |from: usize, len: usize| {
        guest().with_format(QuoteFormat::V5Td15Ex).with_td_fields(move |td| {
            td.extended.iter_mut().skip(from).take(len).for_each(|byte| *byte = 9);
        })
    };
    let said = |guest: &TdxGuest| {
        let check = check(guest, &TdxPolicy::strict(), id);
        assert_eq!(check.state, State::NotAsserted);
        check.observed.to_string()
    };
    let all = if len == 1 { "9".to_owned() } else { "09".repeat(len) };
    assert_eq!(said(&marked(at, len)), all);
    let none = said(&with(&[]));
    assert_ne!(said(&marked(at + len - 1, 1)), none, "the last byte belongs to it");
    assert_ne!(said(&marked(at, 1)), none, "the first byte belongs to it");
    assert_eq!(said(&marked(at + len, 1)), none, "the byte behind does not");
    if at > 0 {
        assert_eq!(said(&marked(at - 1, 1)), none, "the byte before does not");
    }
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

/// A digest of a service TD: its first and last byte count, the one behind it does not.
fn assert_digest_judged(at: usize) {
    let set = |at: usize, value: u8| {
        guest().with_format(QuoteFormat::V5Td15Ex).with_td_fields(move |td| td.extended[at] = value)
    };
    let fails = |guest: &TdxGuest, policy: &TdxPolicy| {
        let checks = policy.appraise(&outcome(guest).unwrap(), NOW);
        let id = "tdx.policy.mr_service_td";
        checks.iter().any(|check| check.code.id == id && check.failed())
    };
    assert!(!fails(&set(at, 0), &TdxPolicy::strict()));
    assert!(fails(&set(at, 1), &TdxPolicy::strict()));
    assert!(!fails(&set(at, 1), &naming_one()));
    assert!(fails(&set(at, 2), &naming_one()));
    assert!(fails(&set(at + 47, 1), &naming_one()));
    assert!(!fails(&set(at + 48, 1), &TdxPolicy::strict()));
}

#[test]
fn a_report_without_them_says_that_they_do_not_apply() {
    for id in [
        "vmid",
        "td_id",
        "dev_info",
        "init_service_td_attributes",
        "init_cpu_svn",
        "init_tee_tcb_svn",
        "init_tee_fmspc",
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
        assert_reported("tdx.policy.vmid");
    }
}

mod td_id {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported("tdx.policy.td_id");
    }
}

mod dev_info {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported("tdx.policy.dev_info");
    }
}

mod init_service_td_hash {
    use super::*;

    #[test]
    fn is_none_or_one_that_the_policy_names() {
        assert_digest_judged(INIT_HASH);
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

mod init_cpu_svn {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported("tdx.policy.init_cpu_svn");
    }
}

mod init_tee_tcb_svn {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported("tdx.policy.init_tee_tcb_svn");
    }
}

mod init_tee_fmspc {
    use super::*;

    #[test]
    fn is_reported() {
        assert_reported("tdx.policy.init_tee_fmspc");
    }
}

mod cur_service_td_hash {
    use super::*;

    #[test]
    fn is_none_or_one_that_the_policy_names() {
        assert_digest_judged(CUR_HASH);
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

//! The QE identity: signed, current, and of the TD quoting enclave.

use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::QeIdentity;

use super::guest::{guest, outcome, refusal};

fn with(change: impl Fn(&mut QeIdentity) + Send + Sync + 'static) -> TdxGuest {
    guest().with_qe_identity(change)
}

#[test]
fn only_that_of_the_td_quoting_enclave_judges_it() {
    for id in ["QE", "QVE", "td_qe", ""] {
        assert_eq!(
            refusal(&with(move |identity| identity.id = id.into())),
            "tdx.qe_identity.id",
            "{id}"
        );
    }
    for (version, ok) in [(1, false), (2, true), (3, true), (4, false)] {
        let outcome = outcome(&with(move |identity| identity.version = version));
        assert_eq!(outcome.err(), (!ok).then_some("tdx.qe_identity.id"), "{version}");
    }
}

#[test]
fn an_expired_or_future_one_is_refused() {
    let expired = with(|identity| identity.next_update = identity.issue_date.clone());
    assert_eq!(refusal(&expired), "tdx.qe_identity.freshness");
    let future = with(|identity| identity.issue_date = identity.next_update.clone());
    assert_eq!(refusal(&future), "tdx.qe_identity.freshness");
}

#[test]
fn bytes_that_differ_from_the_signed_ones_are_refused() {
    let changed = guest().with_collateral(|parts| {
        parts.qe_identity = parts.qe_identity.replace("\"isvprodid\":2", "\"isvprodid\":1");
    });
    assert_eq!(refusal(&changed), "tdx.qe_identity.signature");
}

#[test]
fn what_is_signed_and_not_understood_is_refused() {
    for (from, to) in [
        ("\"isvprodid\":2", "\"isvprodid\":2,\"isvprodid\":2"),
        ("\"isvprodid\":2", "\"isvprodid\":-1"),
        ("\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\""),
        ("\"miscselect\":\"00000000\"", "\"miscselect\":\"0000000g\""),
    ] {
        let guest = guest().with_qe_identity_text(move |text| {
            assert!(text.contains(from), "{from}");
            *text = text.replacen(from, to, 1);
        });
        assert_eq!(refusal(&guest), "tdx.qe_identity.format", "{from} to {to}");
    }
}

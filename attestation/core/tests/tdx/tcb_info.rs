//! The TCB info: signed, current, for this platform, and understood.

use cloister_attestation::tdx::TcbStatus;
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::TcbInfo;

use super::guest::{guest, outcome, refusal};

fn with(change: impl Fn(&mut TcbInfo) + Send + Sync + 'static) -> TdxGuest {
    guest().with_tcb_info(change)
}

#[test]
fn only_tdx_version_3_type_0_judges_a_td() {
    assert_eq!(refusal(&with(|info| info.id = "SGX".into())), "tdx.tcb_info.id");
    for version in [0, 2, 4] {
        assert_eq!(
            refusal(&with(move |info| info.version = version)),
            "tdx.tcb_info.id",
            "{version}"
        );
    }
    assert_eq!(refusal(&with(|info| info.tcb_type = 1)), "tdx.tcb_info.id");
}

#[test]
fn that_of_another_platform_is_refused() {
    assert_eq!(refusal(&with(|info| info.fmspc = "90C06F000000".into())), "tdx.tcb_info.fmspc");
    assert_eq!(refusal(&with(|info| info.pce_id = "0001".into())), "tdx.tcb_info.fmspc");
}

#[test]
fn dates_are_inclusive_at_both_ends() {
    use super::guest::NOW;
    let at = |offset: i64| {
        let secs = NOW.as_secs().checked_add_signed(offset).unwrap();
        cloister_attestation::time::UnixTime::from_secs(secs).to_string()
    };
    for (from, until, ok) in [(0, 10, true), (1, 10, false), (-10, 0, true), (-10, -1, false)] {
        let (from, until) = (at(from), at(until));
        let guest =
            with(move |info| (info.issue_date, info.next_update) = (from.clone(), until.clone()));
        match outcome(&guest) {
            Ok(_) => assert!(ok),
            Err(code) => assert!(!ok && code == "tdx.tcb_info.freshness", "{code}"),
        }
    }
}

#[test]
fn bytes_that_differ_from_the_signed_ones_are_refused() {
    let spaced = guest().with_collateral(|parts| parts.tcb_info.push(' '));
    assert_eq!(refusal(&spaced), "tdx.tcb_info.signature");
    let rewritten = guest().with_collateral(|parts| {
        parts.tcb_info = parts.tcb_info.replace("OutOfDate", "UpToDate");
    });
    assert_eq!(refusal(&rewritten), "tdx.tcb_info.signature");
    let swapped = guest().with_collateral(|parts| {
        core::mem::swap(&mut parts.tcb_info_signature, &mut parts.qe_identity_signature);
    });
    assert_eq!(refusal(&swapped), "tdx.tcb_info.signature");
}

/// A document that Intel signed for one purpose is not taken for another.
#[test]
fn a_qe_identity_is_no_tcb_info() {
    let swapped = guest().with_collateral(|parts| {
        parts.tcb_info = parts.qe_identity.clone();
        parts.tcb_info_signature = parts.qe_identity_signature.clone();
    });
    assert_eq!(refusal(&swapped), "tdx.tcb_info.format");
}

#[test]
fn what_is_signed_and_not_understood_is_refused() {
    for (from, to) in [
        ("\"UpToDate\"", "\"Splendid\""),
        ("\"UpToDate\"", "\"TDRelaunchAdvised\""),
        ("\"id\":\"TDX\"", "\"id\":\"TDX\",\"id\":\"SGX\""),
        ("\"version\":3", "\"version\":3,\"version\":3"),
        ("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"tcbStatus\":\"Revoked\""),
        ("{\"svn\":0},{\"svn\":0}]", "{\"svn\":0}]"),
        ("{\"svn\":0}]", "{\"svn\":0},{\"svn\":0}]"),
        ("{\"svn\":0}]", "{\"svn\":256}]"),
        ("\"pcesvn\":13", "\"pcesvn\":65536"),
        ("Z\",\"nextUpdate\"", "+00:00\",\"nextUpdate\""),
    ] {
        let guest = guest().with_tcb_info_text(move |text| {
            assert!(text.contains(from), "{from}");
            *text = text.replacen(from, to, 1);
        });
        assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{from} to {to}");
    }
}

/// They are conclusions about a launch; a published level cannot have them.
#[test]
fn a_relaunch_status_of_a_published_level_is_refused() {
    for status in [TcbStatus::TDRelaunchAdvised, TcbStatus::TDRelaunchAdvisedConfigurationNeeded] {
        for at in 0..2 {
            let guest = with(move |info| info.tcb_levels[at].tcb_status = status.to_string());
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{status}");
        }
    }
}

#[test]
fn a_field_that_intel_may_add_is_covered_by_the_signature_and_not_read() {
    let guest = guest().with_tcb_info_text(|text| *text = text.replacen('{', "{\"added\":[1],", 1));
    outcome(&guest).unwrap();
}

#[test]
fn the_order_of_levels_in_the_document_does_not_matter() {
    let reversed = with(|info| {
        info.tcb_levels.reverse();
        info.tdx_module_identities.reverse();
        info.tdx_module_identities.iter_mut().for_each(|identity| identity.tcb_levels.reverse());
    });
    assert_eq!(outcome(&reversed).unwrap().tcb_status(), TcbStatus::UpToDate);
}

/// Which of the two counts would be a guess.
#[test]
fn two_identities_of_one_module_version_are_refused() {
    let doubled = with(|info| {
        let again = info.tdx_module_identities[1].clone();
        info.tdx_module_identities.push(again);
    });
    assert_eq!(refusal(&doubled), "tdx.tcb_info.format");
}

/// In an object whose fields are gathered from two structures too.
#[test]
fn a_key_twice_in_a_module_identity_is_refused() {
    for key in ["mrsigner", "attributes", "attributesMask", "id", "tcbLevels"] {
        let guest = guest().with_tcb_info_text(move |text| {
            let at = text.find("\"id\":\"TDX_01\"").unwrap();
            let value = if key == "tcbLevels" { "[]".to_owned() } else { "\"00\"".to_owned() };
            text.insert_str(at, &format!("\"{key}\":{value},"));
        });
        assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{key}");
    }
}

#[test]
fn every_sgx_component_and_the_pce_count() {
    for at in 0..16 {
        let guest = with(move |info| {
            info.tcb_levels.truncate(1);
            info.tcb_levels[0].tcb.sgxtcbcomponents[at].svn += 1;
        });
        assert_eq!(refusal(&guest), "tdx.tcb.level", "component {at}");
    }
    let guest = with(|info| {
        info.tcb_levels.truncate(1);
        info.tcb_levels[0].tcb.pcesvn += 1;
    });
    assert_eq!(refusal(&guest), "tdx.tcb.level");
}

#[test]
fn every_tdx_component_behind_the_first_two_counts() {
    for at in 0..16 {
        let guest = with(move |info| {
            info.tcb_levels.truncate(1);
            info.tcb_levels[0].tcb.tdxtcbcomponents[at].svn = 200;
        });
        assert_eq!(outcome(&guest).is_ok(), at < 2, "component {at}");
    }
}

#[test]
fn every_published_status_is_reported() {
    for status in [
        TcbStatus::UpToDate,
        TcbStatus::SWHardeningNeeded,
        TcbStatus::ConfigurationNeeded,
        TcbStatus::ConfigurationAndSWHardeningNeeded,
        TcbStatus::OutOfDate,
        TcbStatus::OutOfDateConfigurationNeeded,
        TcbStatus::Revoked,
    ] {
        let guest = with(move |info| info.tcb_levels[0].tcb_status = status.to_string());
        let verified = outcome(&guest).unwrap();
        assert_eq!(verified.tcb_status(), status);
        let check = verified.checks().iter().find(|check| check.code.id == "tdx.tcb.status");
        assert_eq!(check.unwrap().observed, status.to_string().as_str());
    }
}

#[test]
fn the_smaller_evaluation_data_number_is_reported() {
    let guest = with(|info| info.tcb_evaluation_data_number = 21);
    assert_eq!(outcome(&guest).unwrap().tcb_evaluation_data_number(), 20);
    let guest = with(|info| info.tcb_evaluation_data_number = 19);
    assert_eq!(outcome(&guest).unwrap().tcb_evaluation_data_number(), 19);
}

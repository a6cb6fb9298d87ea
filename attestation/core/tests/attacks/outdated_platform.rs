//! A platform that is out of date behind a part that is not.

use cloister_attestation::tdx::TcbStatus;

use super::victim::{tdx, tdx_guest};

const STATUS: &str = "tdx.policy.tcb_status";

#[test]
fn a_current_tdx_module_does_not_make_an_outdated_platform_current() {
    let guest = tdx_guest().with_pck_fields(|pck| (pck.components[0], pck.components[1]) = (2, 2));
    let result = tdx(&guest).judged().unwrap();
    assert_eq!(result.tcb_status(), Some(TcbStatus::OutOfDate));
    tdx(&guest).refused(STATUS);
}

#[test]
fn a_current_platform_does_not_make_an_outdated_tdx_module_current() {
    tdx(&tdx_guest().with_td_fields(|td| td.tee_tcb_svn[0] = 4)).refused(STATUS);
}

#[test]
fn a_revoked_part_is_refused_even_where_the_policy_lists_revoked() {
    let revoked = tdx_guest().with_tcb_info(|info| {
        info.tdx_module_identities[1].tcb_levels[0].tcb_status = "Revoked".into();
    });
    let mut attempt = tdx(&revoked);
    let policy = attempt.policy.tdx.as_mut().unwrap();
    policy.tcb_statuses = vec![TcbStatus::Revoked];
    attempt.refused(STATUS);
}

/// Old collateral would call an old platform current.
#[test]
fn collateral_from_before_the_advisory_is_refused() {
    let old = tdx_guest()
        .with_tcb_info(|info| info.tcb_evaluation_data_number = 16)
        .with_qe_identity(|identity| identity.tcb_evaluation_data_number = 16);
    tdx(&old).refused("tdx.policy.tcb_evaluation_data_number");
}

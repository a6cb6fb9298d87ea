//! The TCB of the TDX module, at launch and now.

use cloister_attestation::tdx::TcbStatus;
use cloister_simulator::TdxGuest;

use super::guest::{
    HEADER, HEADER_AND_DESCRIPTOR, assert_signed, guest, guest_15, outcome, refusal,
};

/// Module SVN, module version, and the first platform component behind them.
const fn svn(isvsvn: u8, version: u8, late_microcode: u8) -> [u8; 16] {
    let mut svn = [0; 16];
    svn[0] = isvsvn;
    svn[1] = version;
    svn[2] = late_microcode;
    svn
}

fn launched_at(svn: [u8; 16]) -> TdxGuest {
    guest().with_td_fields(move |td| td.tee_tcb_svn = svn)
}

fn status(guest: &TdxGuest) -> TcbStatus {
    outcome(guest).unwrap().tcb_status()
}

mod tee_tcb_svn {
    use super::*;

    #[test]
    fn the_highest_level_met_decides() {
        for (svn, expected) in [
            (svn(6, 1, 3), TcbStatus::UpToDate),
            (svn(255, 1, 255), TcbStatus::UpToDate),
            (svn(5, 1, 3), TcbStatus::OutOfDate),
            (svn(4, 1, 3), TcbStatus::OutOfDate),
            (svn(6, 1, 2), TcbStatus::OutOfDate),
        ] {
            assert_eq!(status(&launched_at(svn)), expected, "{svn:?}");
        }
    }

    #[test]
    fn a_module_below_every_level_is_refused() {
        assert_eq!(refusal(&launched_at(svn(3, 1, 3))), "tdx.module.tcb_level");
    }

    #[test]
    fn a_platform_below_every_level_is_refused() {
        assert_eq!(refusal(&launched_at(svn(6, 1, 1))), "tdx.tcb.level");
    }

    #[test]
    fn a_module_version_without_identity_is_refused() {
        for version in [2, 4, 0x10, 255] {
            assert_eq!(
                refusal(&launched_at(svn(6, version, 3))),
                "tdx.module.version",
                "{version}"
            );
        }
    }

    /// Components 0 and 1 count for version 0, which has no identity of its own, and only for it.
    #[test]
    fn the_first_two_components_are_left_to_the_module_identity() {
        assert_eq!(status(&launched_at(svn(5, 0, 3))), TcbStatus::UpToDate);
        assert_eq!(refusal(&launched_at(svn(4, 0, 3))), "tdx.tcb.level");
        assert_eq!(status(&launched_at(svn(3, 3, 3))), TcbStatus::UpToDate);
    }

    #[test]
    fn advisories_of_the_platform_and_the_module_are_united() {
        let guest = launched_at(svn(4, 1, 2)).with_tcb_info(|info| {
            let level = &mut info.tdx_module_identities[1].tcb_levels[1];
            level.advisory_ids = vec!["INTEL-SA-00001".into(), "INTEL-SA-00000".into()];
        });
        let verified = outcome(&guest).unwrap();
        assert!(verified.advisories().eq(["INTEL-SA-00000", "INTEL-SA-00001"]));
    }

    #[test]
    fn the_oldest_date_of_the_parts_is_the_date_of_the_whole() {
        let guest = guest().with_tcb_info(|info| {
            info.tdx_module_identities[1].tcb_levels[0].tcb_date = "2020-01-02T00:00:00Z".into();
        });
        assert_eq!(outcome(&guest).unwrap().tcb_date().to_string(), "2020-01-02T00:00:00Z");
    }

    #[test]
    fn every_bit_is_signed() {
        assert_signed(&guest(), HEADER..HEADER + 16);
    }
}

mod tee_tcb_svn_2 {
    use super::*;

    fn updated(launch: [u8; 16], now: [u8; 16]) -> TdxGuest {
        guest_15().with_td_fields(move |td| {
            td.tee_tcb_svn = launch;
            td.tee_tcb_svn_2 = now;
        })
    }

    #[test]
    fn a_launch_before_the_update_is_to_be_relaunched() {
        for launch in [svn(6, 1, 2), svn(4, 1, 3)] {
            assert_eq!(
                status(&updated(launch, svn(6, 1, 3))),
                TcbStatus::TDRelaunchAdvised,
                "{launch:?}"
            );
        }
    }

    #[test]
    fn configuration_that_is_needed_now_is_said_too() {
        let guest = updated(svn(6, 1, 2), svn(6, 1, 3))
            .with_tcb_info(|info| info.tcb_levels[0].tcb_status = "ConfigurationNeeded".into());
        assert_eq!(status(&guest), TcbStatus::TDRelaunchAdvisedConfigurationNeeded);
    }

    #[test]
    fn a_platform_still_out_of_date_stays_so() {
        assert_eq!(status(&updated(svn(6, 1, 2), svn(6, 1, 2))), TcbStatus::OutOfDate);
    }

    #[test]
    fn a_platform_that_is_worse_than_at_launch_is_judged_as_it_is() {
        assert_eq!(status(&updated(svn(6, 1, 3), svn(6, 1, 2))), TcbStatus::OutOfDate);
    }

    /// A grace period counts from the date of the level that is met now, not from a better one.
    #[test]
    fn a_platform_that_is_worse_than_at_launch_has_the_date_and_advisories_of_now() {
        let guest = updated(svn(6, 1, 3), svn(6, 1, 2)).with_tcb_info(|info| {
            let [launch, now] = &mut info.tcb_levels[..2] else { panic!("two levels") };
            launch.tcb_date = "2026-01-02T00:00:00Z".into();
            launch.advisory_ids = Vec::new();
            now.tcb_date = "2021-01-02T00:00:00Z".into();
            now.advisory_ids = vec!["INTEL-SA-00003".into()];
        });
        let verified = outcome(&guest).unwrap();
        assert_eq!(verified.tcb_date().to_string(), "2021-01-02T00:00:00Z");
        assert!(verified.advisories().any(|id| id == "INTEL-SA-00003"));
    }

    /// What the update mended is not held against the platform of now.
    #[test]
    fn a_platform_mended_after_launch_keeps_the_date_and_advisories_of_the_launch() {
        let guest = updated(svn(6, 1, 2), svn(6, 1, 3)).with_tcb_info(|info| {
            let [now, launch] = &mut info.tcb_levels[..2] else { panic!("two levels") };
            now.tcb_date = "2020-01-02T00:00:00Z".into();
            now.advisory_ids = vec!["INTEL-SA-00009".into()];
            launch.tcb_date = "2021-01-02T00:00:00Z".into();
        });
        let verified = outcome(&guest).unwrap();
        assert_eq!(verified.tcb_date().to_string(), "2021-01-02T00:00:00Z");
        assert!(!verified.advisories().any(|id| id == "INTEL-SA-00009"));
    }

    #[test]
    fn a_tcb_below_every_level_now_is_refused_whatever_it_was() {
        assert_eq!(refusal(&updated(svn(6, 1, 3), svn(6, 1, 1))), "tdx.tcb.level");
        assert_eq!(refusal(&updated(svn(6, 1, 3), svn(3, 1, 3))), "tdx.module.tcb_level");
        assert_eq!(refusal(&updated(svn(6, 1, 3), svn(6, 9, 3))), "tdx.module.version");
    }

    #[test]
    fn a_module_revoked_now_is_revoked_whatever_it_was() {
        let guest = updated(svn(6, 1, 3), svn(4, 1, 3)).with_tcb_info(|info| {
            info.tdx_module_identities[1].tcb_levels[1].tcb_status = "Revoked".into();
        });
        assert_eq!(status(&guest), TcbStatus::Revoked);
    }

    #[test]
    fn every_bit_is_signed() {
        let at = HEADER_AND_DESCRIPTOR + 584;
        assert_signed(&guest_15(), at..at + 16);
    }
}

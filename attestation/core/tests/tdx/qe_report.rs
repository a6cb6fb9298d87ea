//! The quoting enclave: the one that Intel published, at a level that it published.

use cloister_attestation::tdx::TcbStatus;
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::{QeIdentity, QeReport};

use super::guest::{guest, outcome, refusal};

fn with(change: impl Fn(&mut QeReport) + Send + Sync + 'static) -> TdxGuest {
    guest().with_qe_report(change)
}

fn judged_by(change: impl Fn(&mut QeIdentity) + Send + Sync + 'static) -> TdxGuest {
    guest().with_qe_identity(change)
}

mod mr_signer {
    use super::*;

    #[test]
    fn has_to_be_the_published_one() {
        for at in [0, 31] {
            assert_eq!(refusal(&with(move |qe| qe.mr_signer[at] ^= 1)), "tdx.qe_report.identity");
        }
    }
}

mod isv_prod_id {
    use super::*;

    #[test]
    fn has_to_be_the_published_one() {
        for id in [0, 1, 3, 0x0200] {
            assert_eq!(
                refusal(&with(move |qe| qe.isv_prod_id = id)),
                "tdx.qe_report.identity",
                "{id}"
            );
        }
    }
}

mod misc_select {
    use super::*;

    #[test]
    fn is_compared_under_the_mask() {
        for bit in [0, 31] {
            assert_eq!(
                refusal(&with(move |qe| qe.misc_select = 1 << bit)),
                "tdx.qe_report.identity"
            );
        }
        let masked = with(|qe| qe.misc_select = 1);
        outcome(&masked.with_qe_identity(|qe| qe.miscselect_mask = "FEFFFFFF".into())).unwrap();
    }
}

mod attributes {
    use super::*;

    #[test]
    fn are_compared_under_the_mask() {
        assert_eq!(refusal(&with(|qe| qe.attributes[0] &= !1)), "tdx.qe_report.identity");
        assert_eq!(refusal(&with(|qe| qe.attributes[7] = 1)), "tdx.qe_report.identity");
        outcome(&with(|qe| qe.attributes[8] ^= 0xff)).unwrap();
    }

    #[test]
    fn debug_is_refused_even_where_the_identity_would_permit_it() {
        let debug = with(|qe| qe.attributes[0] |= 2);
        assert_eq!(refusal(&debug), "tdx.qe_report.debug");
        let permitted = debug.with_qe_identity(|qe| qe.attributes_mask = "0".repeat(32));
        assert_eq!(refusal(&permitted), "tdx.qe_report.debug");
    }
}

mod isv_svn {
    use super::*;

    fn with_levels(levels: &'static [(u16, &'static str)]) -> TdxGuest {
        judged_by(move |identity| {
            let template = identity.tcb_levels[0].clone();
            identity.tcb_levels = levels
                .iter()
                .map(|(isvsvn, status)| {
                    let mut level = template.clone();
                    level.tcb.isvsvn = *isvsvn;
                    level.tcb_status = (*status).to_owned();
                    level.advisory_ids = vec![format!("INTEL-SA-{isvsvn:05}")];
                    level
                })
                .collect();
        })
    }

    /// The simulated enclave has ISVSVN 6.
    #[test]
    fn the_highest_level_met_decides_in_whatever_order() {
        for levels in [&[(7, "UpToDate"), (6, "OutOfDate")], &[(6, "OutOfDate"), (7, "UpToDate")]] {
            let verified = outcome(&with_levels(levels)).unwrap();
            assert_eq!(verified.tcb_status(), TcbStatus::OutOfDate);
            assert!(verified.advisories().eq(["INTEL-SA-00006"]));
        }
        let current = outcome(&with_levels(&[(6, "UpToDate"), (5, "OutOfDate")])).unwrap();
        assert_eq!(current.tcb_status(), TcbStatus::UpToDate);
    }

    #[test]
    fn below_every_level_is_refused() {
        assert_eq!(refusal(&with_levels(&[(7, "UpToDate")])), "tdx.qe_report.tcb_level");
        assert_eq!(refusal(&with_levels(&[])), "tdx.qe_report.tcb_level");
    }

    #[test]
    fn a_revoked_enclave_revokes_the_whole() {
        assert_eq!(
            outcome(&with_levels(&[(6, "Revoked")])).unwrap().tcb_status(),
            TcbStatus::Revoked
        );
    }

    #[test]
    fn a_status_that_no_enclave_has_is_refused() {
        for status in ["ConfigurationNeeded", "TDRelaunchAdvised", "Fine", ""] {
            let levels: &'static [(u16, &'static str)] = Box::leak(Box::new([(6, status)]));
            assert_eq!(refusal(&with_levels(levels)), "tdx.qe_identity.format", "{status}");
        }
    }
}

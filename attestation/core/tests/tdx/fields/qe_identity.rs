//! `EnclaveIdentityV2`. SPEC: Intel Trusted Services API, Get TDX QE Identity V4.

use cloister_attestation::tdx::{TcbStatus, TdxPolicy};
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::QeIdentity;

use super::super::guest::{failures, guest, outcome, refusal};
use super::at;

fn with(change: impl Fn(&mut QeIdentity) + Send + Sync + 'static) -> TdxGuest {
    guest().with_qe_identity(change)
}

mod id {
    use super::*;

    #[test]
    fn is_that_of_the_td_quoting_enclave() {
        outcome(&with(|identity| identity.id = "TD_QE".into())).unwrap();
        for id in ["QE", "QVE", "TD_QE ", "td_qe"] {
            assert_eq!(refusal(&with(move |it| it.id = id.into())), "tdx.qe_identity.id", "{id}");
        }
    }
}

mod version {
    use super::*;

    #[test]
    fn is_two_or_three() {
        for (version, expected) in
            [(1, Some("tdx.qe_identity.id")), (2, None), (3, None), (4, Some("tdx.qe_identity.id"))]
        {
            assert_eq!(outcome(&with(move |it| it.version = version)).err(), expected);
        }
    }
}

mod issue_date {
    use super::*;

    #[test]
    fn is_not_after_now() {
        outcome(&with(|identity| identity.issue_date = at(0))).unwrap();
        assert_eq!(refusal(&with(|it| it.issue_date = at(1))), "tdx.qe_identity.freshness");
    }
}

mod next_update {
    use super::*;

    #[test]
    fn is_not_before_now() {
        outcome(&with(|identity| identity.next_update = at(0))).unwrap();
        assert_eq!(refusal(&with(|it| it.next_update = at(-1))), "tdx.qe_identity.freshness");
    }
}

mod tcb_evaluation_data_number {
    use super::*;

    #[test]
    fn the_minimum_itself_is_enough_and_one_below_is_not() {
        let policy = TdxPolicy { tcb_evaluation_data_number_min: 20, ..TdxPolicy::strict() };
        let of = |number| with(move |it| it.tcb_evaluation_data_number = number);
        assert_eq!(failures(&of(20), &policy), [""; 0]);
        assert_eq!(failures(&of(19), &policy), ["tdx.policy.tcb_evaluation_data_number"]);
    }
}

mod miscselect {
    use super::*;

    #[test]
    fn every_bit_under_the_mask_has_to_be_the_enclaves() {
        for bit in [0, 7, 8, 31] {
            let demanding =
                with(move |it| it.miscselect = hex::encode((1_u32 << bit).to_le_bytes()));
            assert_eq!(refusal(&demanding), "tdx.qe_report.identity", "{bit}");
            outcome(&demanding.with_qe_report(move |qe| qe.misc_select = 1 << bit)).unwrap();
        }
    }
}

mod attributes {
    use super::*;

    #[test]
    fn a_bit_under_the_mask_has_to_be_the_enclaves_and_another_need_not() {
        let masked = with(|it| it.attributes = "01000000000000000000000000000000".into());
        assert_eq!(refusal(&masked), "tdx.qe_report.identity");
        let outside = with(|it| it.attributes = "110000000000000000000000000000ff".into());
        outcome(&outside).unwrap();
    }
}

mod mrsigner {
    use super::*;

    #[test]
    fn is_the_enclaves_at_its_length() {
        for text in ["00".repeat(32), "ff".repeat(32)] {
            let guest = with(move |it| it.mrsigner = text.clone());
            assert_eq!(refusal(&guest), "tdx.qe_report.identity");
        }
        for length in [31, 33] {
            let guest = with(move |it| it.mrsigner = "00".repeat(length));
            assert_eq!(refusal(&guest), "tdx.qe_identity.format", "{length}");
        }
    }
}

mod isvprodid {
    use super::*;

    #[test]
    fn is_the_enclaves_and_not_the_next() {
        outcome(&with(|identity| identity.isvprodid = 2)).unwrap();
        for id in [1, 3] {
            assert_eq!(refusal(&with(move |it| it.isvprodid = id)), "tdx.qe_report.identity");
        }
    }
}

mod tcb_levels {
    use super::*;

    #[test]
    fn the_level_is_decided_at_the_very_number() {
        let svn = |above: i16| {
            let guest = guest().with_qe_report(move |qe| {
                qe.isv_svn = qe.isv_svn.checked_add_signed(above).unwrap();
            });
            outcome(&guest).map(|quote| quote.tcb_status())
        };
        assert_eq!(svn(1), Ok(TcbStatus::UpToDate));
        assert_eq!(svn(0), Ok(TcbStatus::UpToDate));
        assert_eq!(svn(-1), Ok(TcbStatus::OutOfDate));
        assert_eq!(svn(-2), Ok(TcbStatus::OutOfDate));
        assert_eq!(svn(-3), Err("tdx.qe_report.tcb_level"));
    }

    #[test]
    fn two_of_the_same_version_are_refused() {
        for at in [0, 1] {
            let guest = with(move |it| {
                let mut again = it.tcb_levels[0].clone();
                again.tcb_status = "Revoked".into();
                it.tcb_levels.insert(at, again);
            });
            assert_eq!(refusal(&guest), "tdx.qe_identity.format", "{at}");
        }
    }

    #[test]
    fn without_any_no_enclave_meets_one() {
        assert_eq!(refusal(&with(|it| it.tcb_levels.clear())), "tdx.qe_report.tcb_level");
    }
}

//! The SGX extension of a PCK certificate.
//!
//! SPEC: Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5.

use cloister_attestation::bytes::{PlatformInstanceId, Ppid};
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::{TcbStatus, TdxPolicy};
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::{PckAuthority, PckFields};

use super::super::guest::{failures, guest, outcome, refusal};

fn with(change: impl Fn(&mut PckFields) + Send + Sync + 'static) -> TdxGuest {
    guest().with_pck_fields(change)
}

fn strict(change: impl FnOnce(&mut TdxPolicy)) -> TdxPolicy {
    let mut policy = TdxPolicy::strict();
    change(&mut policy);
    policy
}

mod ppid {
    use super::*;

    #[test]
    fn the_policy_names_one_platform_and_refuses_its_neighbour() {
        let mut neighbour = guest().pck_fields().ppid;
        let own = Ppid::new(neighbour);
        neighbour[15] ^= 1;
        let policy = strict(|policy| policy.ppid = Expect::Exactly(own));
        assert_eq!(failures(&guest(), &policy), [""; 0]);
        assert_eq!(failures(&with(move |pck| pck.ppid = neighbour), &policy), ["tdx.policy.ppid"]);
    }
}

mod sgx_tcb_comp_svn {
    use super::*;

    /// The level demands 3 of the first component and 2 of the level below it.
    #[test]
    fn each_component_decides_the_level_at_its_very_number() {
        let status =
            |svn| outcome(&with(move |pck| pck.components[0] = svn)).map(|q| q.tcb_status());
        assert_eq!(status(4), Ok(TcbStatus::UpToDate));
        assert_eq!(status(3), Ok(TcbStatus::UpToDate));
        assert_eq!(status(2), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(1), Err("tdx.tcb.level"));
    }

    #[test]
    fn the_last_component_counts_like_the_first() {
        let demanding = |svn: u8| {
            guest().with_tcb_info(move |info| {
                info.tcb_levels.truncate(1);
                info.tcb_levels[0].tcb.sgxtcbcomponents[15].svn = svn;
            })
        };
        outcome(&demanding(0)).unwrap();
        assert_eq!(refusal(&demanding(1)), "tdx.tcb.level");
        outcome(&demanding(1).with_pck_fields(|pck| pck.components[15] = 1)).unwrap();
    }
}

mod pce_svn {
    use super::*;

    #[test]
    fn decides_the_level_at_its_very_number() {
        let status = |svn| outcome(&with(move |pck| pck.pce_svn = svn)).map(|q| q.tcb_status());
        assert_eq!(status(14), Ok(TcbStatus::UpToDate));
        assert_eq!(status(13), Ok(TcbStatus::UpToDate));
        assert_eq!(status(12), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(5), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(4), Err("tdx.tcb.level"));
        assert_eq!(status(u16::MAX), Ok(TcbStatus::UpToDate));
    }
}

mod cpu_svn {
    use super::*;

    /// The components say what it stands for; the raw value is shown and judged by nobody.
    #[test]
    fn is_read_and_decides_nothing() {
        for svn in [[0; 16], [0xff; 16]] {
            let verified = outcome(&with(move |pck| pck.cpu_svn = svn)).unwrap();
            assert_eq!(verified.pck().cpu_svn(), &svn);
            assert_eq!(verified.tcb_status(), TcbStatus::UpToDate);
        }
    }
}

mod pce_id {
    use super::*;

    #[test]
    fn has_to_be_that_of_the_tcb_info() {
        let other = with(|pck| pck.pce_id = [1, 0]);
        assert_eq!(refusal(&other), "tdx.tcb_info.fmspc");
        outcome(&other.with_tcb_info(|info| info.pce_id = "0100".into())).unwrap();
    }
}

mod fmspc {
    use super::*;

    #[test]
    fn has_to_be_that_of_the_tcb_info_in_every_byte() {
        for at in 0..6 {
            assert_eq!(refusal(&with(move |pck| pck.fmspc[at] ^= 1)), "tdx.tcb_info.fmspc", "{at}");
        }
        let other = with(|pck| pck.fmspc = [0xab; 6]);
        outcome(&other.with_tcb_info(|info| info.fmspc = "ABABABABABAB".into())).unwrap();
    }
}

mod sgx_type {
    use super::*;

    #[test]
    fn zero_to_two_are_known() {
        for (kind, expected) in [
            (0, None),
            (1, None),
            (2, None),
            (3, Some("tdx.pck.extension")),
            (0xff, Some("tdx.pck.extension")),
        ] {
            let outcome = outcome(&with(move |pck| pck.sgx_type = kind));
            assert_eq!(outcome.err(), expected, "{kind}");
        }
    }
}

mod platform_instance_id {
    use super::*;

    #[test]
    fn the_policy_names_one_instance_and_refuses_its_neighbour() {
        let of = |id: [u8; 16]| with(move |pck| pck.platform.as_mut().unwrap().instance_id = id);
        let own = Expect::Exactly(PlatformInstanceId::new([9; 16]));
        let policy = strict(|policy| policy.platform_instance_id = own);
        assert_eq!(failures(&of([9; 16]), &policy), [""; 0]);
        let mut neighbour = [9; 16];
        neighbour[0] ^= 1;
        assert_eq!(failures(&of(neighbour), &policy), ["tdx.policy.platform_instance_id"]);
    }

    #[test]
    fn a_single_package_platform_has_none_and_meets_no_demand() {
        let single = guest().with_pck_authority(PckAuthority::Processor);
        let own = Expect::Exactly(PlatformInstanceId::new([9; 16]));
        let policy = strict(|policy| policy.platform_instance_id = own);
        assert_eq!(failures(&single, &policy), ["tdx.policy.platform_instance_id"]);
    }
}

mod configuration {
    use super::*;

    /// Each flag under both demands and in both states.
    #[test]
    fn each_flag_meets_the_demand_for_its_own_state_only() {
        type Set = fn(&mut PckFields, bool);
        type Demand = fn(&mut TdxPolicy, Expect<bool>);
        let flags: [(&str, Set, Demand); 3] = [
            (
                "tdx.policy.dynamic_platform",
                |pck, on| pck.platform.as_mut().unwrap().dynamic_platform = on,
                |policy, demand| policy.dynamic_platform = demand,
            ),
            (
                "tdx.policy.cached_keys",
                |pck, on| pck.platform.as_mut().unwrap().cached_keys = on,
                |policy, demand| policy.cached_keys = demand,
            ),
            (
                "tdx.policy.smt_enabled",
                |pck, on| pck.platform.as_mut().unwrap().smt_enabled = on,
                |policy, demand| policy.smt_enabled = demand,
            ),
        ];
        for (id, set, demand) in flags {
            for on in [false, true] {
                let guest = with(move |pck| set(pck, on));
                let demanding = |wanted| strict(|policy| demand(policy, Expect::Exactly(wanted)));
                assert_eq!(failures(&guest, &demanding(on)), [""; 0]);
                assert_eq!(failures(&guest, &demanding(!on)), [id]);
            }
        }
    }
}

//! `TcbInfoV3`. SPEC: Intel Trusted Services API, Get TDX TCB Info V4.

use cloister_attestation::tdx::{TcbStatus, TdxPolicy};
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::TcbInfo;

use super::super::guest::{failures, guest, outcome, refusal};
use super::at;

fn with(change: impl Fn(&mut TcbInfo) + Send + Sync + 'static) -> TdxGuest {
    guest().with_tcb_info(change)
}

mod id {
    use super::*;

    #[test]
    fn is_tdx_and_nothing_that_looks_like_it() {
        outcome(&with(|info| info.id = "TDX".into())).unwrap();
        for id in ["SGX", "tdx", "TDX ", ""] {
            assert_eq!(refusal(&with(move |info| info.id = id.into())), "tdx.tcb_info.id", "{id}");
        }
    }
}

mod version {
    use super::*;

    #[test]
    fn is_three() {
        outcome(&with(|info| info.version = 3)).unwrap();
        for version in [2, 4, u32::MAX] {
            assert_eq!(refusal(&with(move |info| info.version = version)), "tdx.tcb_info.id");
        }
    }
}

mod issue_date {
    use super::*;

    #[test]
    fn is_not_after_now() {
        outcome(&with(|info| info.issue_date = at(0))).unwrap();
        assert_eq!(refusal(&with(|info| info.issue_date = at(1))), "tdx.tcb_info.freshness");
    }

    #[test]
    fn is_written_in_one_form() {
        for text in
            ["", "2026", "2026-01-01T00:00:00", "2026-01-01T00:00:00.5Z", "1969-12-31T23:59:59Z"]
        {
            let guest = with(move |info| info.issue_date = text.into());
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{text}");
        }
    }
}

mod next_update {
    use super::*;

    #[test]
    fn is_not_before_now() {
        outcome(&with(|info| info.next_update = at(0))).unwrap();
        assert_eq!(refusal(&with(|info| info.next_update = at(-1))), "tdx.tcb_info.freshness");
    }
}

mod fmspc {
    use super::*;

    #[test]
    fn is_the_platforms_in_either_case_and_at_its_length() {
        outcome(&with(|info| info.fmspc = info.fmspc.to_lowercase())).unwrap();
        assert_eq!(refusal(&with(|info| info.fmspc = "53494D000001".into())), "tdx.tcb_info.fmspc");
        for text in ["53494D0000", "53494D00000000", "53494D00000g"] {
            let guest = with(move |info| info.fmspc = text.into());
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{text}");
        }
    }
}

mod pce_id {
    use super::*;

    #[test]
    fn is_the_platforms() {
        outcome(&with(|info| info.pce_id = "0000".into())).unwrap();
        for text in ["0001", "0100"] {
            assert_eq!(refusal(&with(move |info| info.pce_id = text.into())), "tdx.tcb_info.fmspc");
        }
    }
}

mod tcb_type {
    use super::*;

    #[test]
    fn is_zero() {
        outcome(&with(|info| info.tcb_type = 0)).unwrap();
        assert_eq!(refusal(&with(|info| info.tcb_type = 1)), "tdx.tcb_info.id");
    }
}

mod tcb_evaluation_data_number {
    use super::*;

    #[test]
    fn the_minimum_itself_is_enough_and_one_below_is_not() {
        let policy = TdxPolicy { tcb_evaluation_data_number_min: 20, ..TdxPolicy::strict() };
        let of = |number| with(move |info| info.tcb_evaluation_data_number = number);
        assert_eq!(failures(&of(20), &policy), [""; 0]);
        assert_eq!(failures(&of(19), &policy), ["tdx.policy.tcb_evaluation_data_number"]);
    }
}

mod tdx_module {
    use super::*;

    /// It judges modules of version 0, which have no identity of their own.
    #[test]
    fn judges_a_module_of_version_zero() {
        let zero = |signer: &'static str| {
            guest()
                .with_td_fields(|td| (td.tee_tcb_svn[0], td.tee_tcb_svn[1]) = (5, 0))
                .with_tcb_info(move |info| info.tdx_module.mrsigner = signer.repeat(48))
        };
        outcome(&zero("00")).unwrap();
        assert_eq!(refusal(&zero("01")), "tdx.module.mr_signer_seam");
    }

    #[test]
    fn is_there_at_its_lengths() {
        for change in [
            (|info: &mut TcbInfo| info.tdx_module.mrsigner.truncate(94)) as fn(&mut TcbInfo),
            |info| info.tdx_module.attributes.push_str("00"),
            |info| info.tdx_module.attributes_mask.clear(),
        ] {
            assert_eq!(refusal(&with(change)), "tdx.tcb_info.format");
        }
    }
}

mod tdx_module_identities {
    use super::*;

    #[test]
    fn the_one_of_the_modules_version_is_looked_for_in_hexadecimal() {
        let version = |version: u8, id: &'static str| {
            guest()
                .with_td_fields(move |td| td.tee_tcb_svn[1] = version)
                .with_tcb_info(move |info| info.tdx_module_identities[1].id = id.into())
        };
        outcome(&version(0x1f, "TDX_1F")).unwrap();
        for (module, id) in [(0x1f, "TDX_1f"), (0x1f, "TDX_31"), (0x1f, "TDX_20"), (2, "TDX_01")] {
            assert_eq!(refusal(&version(module, id)), "tdx.module.version", "{module} {id}");
        }
    }

    /// The level demands 6 of the SVN and 4 of the level below it.
    #[test]
    fn its_level_is_decided_at_the_very_number() {
        let status = |svn| {
            let guest = guest().with_td_fields(move |td| td.tee_tcb_svn[0] = svn);
            outcome(&guest).map(|quote| quote.tcb_status())
        };
        assert_eq!(status(7), Ok(TcbStatus::UpToDate));
        assert_eq!(status(6), Ok(TcbStatus::UpToDate));
        assert_eq!(status(5), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(4), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(3), Err("tdx.module.tcb_level"));
    }

    #[test]
    fn an_svn_above_a_byte_is_refused() {
        let of =
            |svn| with(move |info| info.tdx_module_identities[1].tcb_levels[0].tcb.isvsvn = svn);
        assert_eq!(outcome(&of(255)).map(|quote| quote.tcb_status()), Ok(TcbStatus::OutOfDate));
        assert_eq!(refusal(&of(256)), "tdx.tcb_info.format");
    }
}

mod tcb_levels {
    use super::*;

    #[test]
    fn without_any_no_platform_meets_one() {
        assert_eq!(refusal(&with(|info| info.tcb_levels.clear())), "tdx.tcb.level");
    }

    /// Which of the two statuses counts would be a guess, in either order.
    #[test]
    fn two_of_the_same_versions_are_refused() {
        for at in [0, 1] {
            let guest = with(move |info| {
                let mut again = info.tcb_levels[0].clone();
                again.tcb_status = "Revoked".into();
                info.tcb_levels.insert(at, again);
            });
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{at}");
            let guest = with(move |info| {
                let levels = &mut info.tdx_module_identities[1].tcb_levels;
                let mut again = levels[0].clone();
                again.tcb_status = "Revoked".into();
                levels.insert(at, again);
            });
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "module {at}");
        }
    }

    /// The third TDX component is the first that always counts; the level demands 3.
    #[test]
    fn a_tdx_component_decides_at_its_very_number() {
        let status = |svn| {
            let guest = guest().with_td_fields(move |td| td.tee_tcb_svn[2] = svn);
            outcome(&guest).map(|quote| quote.tcb_status())
        };
        assert_eq!(status(4), Ok(TcbStatus::UpToDate));
        assert_eq!(status(3), Ok(TcbStatus::UpToDate));
        assert_eq!(status(2), Ok(TcbStatus::OutOfDate));
        assert_eq!(status(1), Err("tdx.tcb.level"));
    }

    #[test]
    fn there_are_sixteen_components_of_each_kind() {
        for count in [0, 15, 17] {
            let sgx = with(move |info| {
                let last = info.tcb_levels[0].tcb.sgxtcbcomponents[15].clone();
                info.tcb_levels[0].tcb.sgxtcbcomponents.resize(count, last);
            });
            assert_eq!(refusal(&sgx), "tdx.tcb_info.format", "{count}");
            let tdx = with(move |info| {
                let last = info.tcb_levels[0].tcb.tdxtcbcomponents[15].clone();
                info.tcb_levels[0].tcb.tdxtcbcomponents.resize(count, last);
            });
            assert_eq!(refusal(&tdx), "tdx.tcb_info.format", "{count}");
        }
    }

    #[test]
    fn a_date_or_status_in_another_form_is_refused() {
        let dated = with(|info| info.tcb_levels[1].tcb_date = "2026-13-01T00:00:00Z".into());
        assert_eq!(refusal(&dated), "tdx.tcb_info.format");
        for status in ["", "uptodate", "UpToDate ", "Unknown"] {
            let guest = with(move |info| info.tcb_levels[1].tcb_status = status.into());
            assert_eq!(refusal(&guest), "tdx.tcb_info.format", "{status}");
        }
    }
}

//! Whose TDX module made the report.

use super::guest::{HEADER, assert_signed, guest, guest_15, outcome, refusal};

mod mr_signer_seam {
    use super::*;

    #[test]
    fn has_to_be_the_one_in_the_tcb_info() {
        for at in [0, 47] {
            let other = guest().with_td_fields(move |td| td.mr_signer_seam[at] = 1);
            assert_eq!(refusal(&other), "tdx.module.mr_signer_seam");
        }
    }

    /// Version 1 is judged by its own identity, version 0 by the common entry.
    #[test]
    fn is_compared_with_the_identity_of_its_version() {
        let named = |td: &mut cloister_simulator::tdx::TdFields| td.mr_signer_seam = [0xab; 48];
        let own = guest().with_td_fields(named);
        let own =
            own.with_tcb_info(|info| info.tdx_module_identities[1].mrsigner = "ab".repeat(48));
        outcome(&own).unwrap();
        let common = guest().with_td_fields(named);
        let common = common.with_tcb_info(|info| info.tdx_module.mrsigner = "ab".repeat(48));
        assert_eq!(refusal(&common), "tdx.module.mr_signer_seam");
        let zero = common.with_td_fields(|td| (td.tee_tcb_svn[0], td.tee_tcb_svn[1]) = (5, 0));
        outcome(&zero).unwrap();
    }

    #[test]
    fn is_that_of_the_version_running_now_too() {
        let updated = || guest_15().with_td_fields(|td| td.tee_tcb_svn_2[1] = 3);
        outcome(&updated()).unwrap();
        let other = updated()
            .with_tcb_info(|info| info.tdx_module_identities[0].mrsigner = "11".repeat(48));
        assert_eq!(refusal(&other), "tdx.module.mr_signer_seam");
    }

    #[test]
    fn every_bit_is_signed() {
        assert_signed(&guest(), HEADER + 64..HEADER + 112);
    }
}

mod seam_attributes {
    use super::*;

    #[test]
    fn every_bit_has_to_be_clear_in_a_production_module() {
        for bit in 0..64_usize {
            let other =
                guest().with_td_fields(move |td| td.seam_attributes[bit / 8] = 1 << (bit % 8));
            assert_eq!(refusal(&other), "tdx.module.seam_attributes", "{bit}");
        }
    }

    #[test]
    fn a_bit_outside_of_the_mask_is_refused_too() {
        let other = guest()
            .with_td_fields(|td| td.seam_attributes[0] = 1)
            .with_tcb_info(|info| info.tdx_module_identities[1].attributes_mask = "0".repeat(16));
        assert_eq!(refusal(&other), "tdx.module.seam_attributes");
    }

    #[test]
    fn a_bit_that_the_identity_demands_is_refused_clear_and_set() {
        let demanding = |info: &mut cloister_simulator::tdx::TcbInfo| {
            info.tdx_module_identities[1].attributes = "0100000000000000".into();
        };
        assert_eq!(refusal(&guest().with_tcb_info(demanding)), "tdx.module.seam_attributes");
        let set = guest().with_td_fields(|td| td.seam_attributes[0] = 1);
        assert_eq!(refusal(&set.with_tcb_info(demanding)), "tdx.module.production");
    }

    #[test]
    fn is_that_of_the_version_running_now_too() {
        let updated = guest_15().with_td_fields(|td| td.tee_tcb_svn_2[1] = 3);
        let demanding = updated.with_tcb_info(|info| {
            info.tdx_module_identities[0].attributes = "0100000000000000".into();
        });
        assert_eq!(refusal(&demanding), "tdx.module.seam_attributes");
    }

    #[test]
    fn every_bit_is_signed() {
        assert_signed(&guest(), HEADER + 112..HEADER + 120);
    }
}

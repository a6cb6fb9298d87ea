//! `type`: only TPM_ST_ATTEST_QUOTE says anything about PCRs.

use crate::azure::guest::{refused, snp};

#[test]
fn attestations_of_other_things_are_refused() {
    // NV, command audit, session audit, certify, time, creation, and what lies outside.
    for kind in [0x8013, 0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c, 0] {
        let guest = snp().with_attest(move |attest| attest.kind = kind);
        assert_eq!(refused(&guest), "tpm.quote.type", "{kind:#x}");
    }
}

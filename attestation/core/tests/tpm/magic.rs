//! `magic`: TPM_GENERATED_VALUE, with which a restricted key signs nothing but the TPM's own.

use crate::azure::guest::{refused, snp};

#[test]
fn another_beginning_is_refused_although_the_key_signed_it() {
    for magic in [0xff54_4346, 0xff54_4348, 0x4754_43ff, 0] {
        let guest = snp().with_attest(move |attest| attest.magic = magic);
        assert_eq!(refused(&guest), "tpm.quote.magic", "{magic:#x}");
    }
}

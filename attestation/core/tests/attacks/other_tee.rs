//! Evidence under the wrong name, or with endorsements of another TEE.

use cloister_attestation::evidence::Tee;

use super::victim::{snp, snp_guest, tdx, tdx_guest};

#[test]
fn a_report_under_the_name_of_a_quote_does_not_parse_and_the_reverse() {
    let mut attempt = snp(&snp_guest());
    attempt.tee = Tee::Tdx;
    attempt.refused("tdx.quote.sgx");
    let mut attempt = tdx(&tdx_guest());
    attempt.tee = Tee::Snp;
    attempt.refused("snp.report.length");
}

#[test]
fn endorsements_of_another_tee_verify_nothing() {
    let (mut one, mut other) = (snp(&snp_guest()), tdx(&tdx_guest()));
    core::mem::swap(&mut one.endorsements, &mut other.endorsements);
    one.refused("verify.endorsements.other_tee");
    other.refused("verify.endorsements.other_tee");
}

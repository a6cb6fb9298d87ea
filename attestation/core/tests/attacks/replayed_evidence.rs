//! Genuine Evidence of an admitted agent, presented for something that it was not made for.

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce, ReportData};

use super::victim::{binding, digest, snp, snp_guest, tdx, tdx_guest};

/// The binding that the attacker would like the Evidence to have.
fn rewritten(change: impl FnOnce(&mut Binding)) -> Vec<u8> {
    let mut binding = binding();
    change(&mut binding);
    binding.encode()
}

#[test]
fn an_older_answer_with_its_own_challenge_is_not_admitted() {
    let mut attempt = snp(&snp_guest());
    attempt.binding = rewritten(|binding| binding.nonce = Nonce::new([6; 32]));
    attempt.refused("binding.nonce");
}

/// The challenge in the binding is the new one, and the hardware signed the old one.
#[test]
fn an_older_answer_with_the_new_challenge_written_over_it_is_not_admitted() {
    let old = Binding::report_data(&rewritten(|binding| binding.nonce = Nonce::new([6; 32])));
    let mut attempt = snp(&snp_guest());
    attempt.evidence = snp_guest().report(&old);
    attempt.refused("binding.report_data");
    let mut attempt = tdx(&tdx_guest());
    attempt.evidence = tdx_guest().quote(&old);
    attempt.refused("binding.report_data");
}

#[test]
fn evidence_borrowed_from_another_machine_does_not_cover_the_presented_keys() {
    for change in [
        (|binding: &mut Binding| binding.identity_key = digest("borrowed")) as fn(&mut Binding),
        |binding| binding.channel_key = digest("borrowed"),
    ] {
        let mut attempt = snp(&snp_guest());
        attempt.binding = rewritten(change);
        attempt.evidence = snp_guest().report(&Binding::report_data(&attempt.binding));
        attempt.refused("binding.key");
    }
}

/// An optional field more is another binding.
#[test]
fn evidence_for_one_session_is_not_evidence_for_none() {
    let mut attempt = snp(&snp_guest());
    attempt.binding = rewritten(|binding| binding.exporter = Some([1; 32]));
    attempt.refused("binding.report_data");
    let mut attempt = snp(&snp_guest());
    attempt.binding = rewritten(|binding| binding.audit_head = Some(Digest48::new([1; 48])));
    attempt.refused("binding.report_data");
}

/// The first or last half of the hash is not the hash.
#[test]
fn half_of_report_data_is_not_enough() {
    let whole = *Binding::report_data(&binding().encode()).as_bytes();
    for at in [0..32, 32..64] {
        let mut half = whole;
        half[at].fill(0);
        let mut attempt = tdx(&tdx_guest());
        attempt.evidence = tdx_guest().quote(&ReportData::new(half));
        attempt.refused("binding.report_data");
    }
}

//! An attacker who wants a revoked key believed needs a list that does not name it.

use cloister_attestation::verify::Endorsements;
use cloister_simulator::SnpGuest;

use super::victim::{Attempt, other_pki, snp, snp_guest};

fn with_list(guest: &SnpGuest, list: Option<Vec<u8>>) -> Attempt {
    let mut attempt = snp(guest);
    let Endorsements::Snp(endorsements) = &mut attempt.endorsements else { unreachable!() };
    endorsements.crl = list;
    attempt
}

/// The serial number of the Milan intermediate.
fn revoking() -> SnpGuest {
    let der = snp_guest().intermediate();
    let serial = cloister_attestation::x509::Certificate::parse(&der).unwrap().serial().to_vec();
    snp_guest().with_crl(move |crl| crl.revoked.push(serial.clone()))
}

#[test]
fn the_genuine_list_refuses_the_chain() {
    snp(&revoking()).refused("snp.revocation.intermediate");
}

#[test]
fn an_empty_list_by_another_key_of_the_same_name_is_refused() {
    let forged = SnpGuest::new(&other_pki(), cloister_attestation::snp::Product::Milan).crl();
    with_list(&revoking(), Some(forged)).refused("snp.crl.signature");
}

#[test]
fn a_list_with_the_entry_cut_out_is_refused() {
    let mut cut = revoking().crl();
    let genuine = cloister_attestation::x509::Crl::parse(&cut).unwrap();
    assert_eq!(genuine.revoked_count(), 1);
    let at = cut.len() - 1;
    cut[at] ^= 1;
    with_list(&revoking(), Some(cut)).refused("snp.crl.signature");
    with_list(&revoking(), Some(Vec::new())).refused("x509.malformed");
}

/// Leaving the list out is not hiding it: the policy that needs one says so.
#[test]
fn without_the_list_a_policy_that_demands_revocation_refuses() {
    let mut attempt = with_list(&revoking(), None);
    let policy = attempt.policy.snp.as_mut().unwrap();
    policy.signer.revocation = cloister_attestation::revocation::RevocationDemand::Required;
    attempt.refused("snp.revocation.known");
}

/// An old list that is still good by its own dates does not know of the newest revocations.
#[test]
fn an_old_list_is_refused_where_the_policy_limits_its_age() {
    let mut attempt = snp(&snp_guest());
    let signer = &mut attempt.policy.snp.as_mut().unwrap().signer;
    signer.revocation = cloister_attestation::revocation::RevocationDemand::Required;
    signer.crl_age = cloister_attestation::policy::AgeLimit::AtMostSecs(0);
    attempt.refused("snp.revocation.age");
}

//! Guests behind Azure's paravisor enrol like any other: what differs is in the envelope.

use cloister_attestation::evidence::Tee;

use crate::enclave::{Enclave, attest, challenge, ids};
use crate::world::World;

#[tokio::test]
async fn a_guest_behind_azures_paravisor_is_admitted_by_its_pcrs_and_its_own_binding() {
    let world = World::start().await;
    let enclave = Enclave::boot_azure(&world.pki, "translator");
    world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;
    let lease = admitted.credentials.lease();
    assert_eq!(lease.claims().tee, Tee::Snp);
    assert!(lease.claims().not_asserted.iter().any(|id| id == "azure.ak.certificate"));

    // The paravisor's own report, without the virtual TPM, says nothing about the guest.
    let nonce = challenge(&world).await;
    let mut bare = enclave.collect(&enclave.binding(nonce));
    bare.vtpm = None;
    let refused = ids(attest(&world, enclave.present(&bare, nonce)).await);
    assert_eq!(refused, ["binding.report_data", "reference.match"]);

    // A quote for another challenge, as good as its signature is.
    let nonce = challenge(&world).await;
    let mut stale = enclave.collect(&enclave.binding(nonce));
    let earlier = enclave.collect(&enclave.binding(challenge(&world).await));
    (stale.hardware, stale.vtpm) = (earlier.hardware, earlier.vtpm);
    assert_eq!(ids(attest(&world, enclave.present(&stale, nonce)).await), ["binding.report_data"]);
}

#[tokio::test]
async fn another_image_behind_the_same_paravisor_is_not_admitted() {
    let world = World::start().await;
    world.admit(&Enclave::boot_azure(&world.pki, "translator")).await;
    let mut other = Enclave::boot_azure(&world.pki, "translator");
    if let Some(azure) = &mut other.azure {
        azure.extend(9, b"another initial file system");
    }
    assert_eq!(other.refused(&world).await, ["reference.match"]);
}

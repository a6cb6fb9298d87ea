//! Who gets a lease, and what everybody else is told.

use std::fs;
use std::time::Duration;

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Certificate;
use cloister_channel::{Svid, lease};
use cloister_simulator::{Guest, Pki, ProcessImage};
use cloister_verifier::store::Outcome;

use crate::enclave::{ENDPOINT, Enclave, attest, challenge, ids, image};
use crate::world::{Settings, World};

#[tokio::test]
async fn an_admitted_image_gets_a_lease_that_peers_verify() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let images = world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;

    let lease = lease::verify(&admitted.answer.lease, &admitted.trust, world.now()).unwrap();
    let claims = lease.claims();
    assert_eq!(claims.agent.as_str(), "translator");
    assert_eq!(claims.instance().to_string(), admitted.answer.instance);
    assert_eq!(claims.instance(), enclave.identity.instance());
    assert_eq!((claims.tee, claims.tier), (Tee::Snp, Tier::Warning));
    assert_eq!(claims.simulator, Some(world.pki.anchor().fingerprint()));
    assert_eq!(claims.reference.to_string(), images[0].tuple);
    assert_eq!((claims.issued_at, claims.lifetime()), (world.now(), Duration::from_secs(600)));

    let jwt = admitted.answer.lease_jwt.as_bytes();
    let in_text = lease::verify(jwt, &admitted.trust, world.now()).unwrap();
    assert_eq!(in_text.claims(), claims, "the same lease in its other form");

    let leaf = Certificate::parse(&admitted.answer.certificates[0]).unwrap();
    let issuer = admitted.trust.issuers().next().unwrap();
    assert!(leaf.verify_signed_by(&Certificate::parse(issuer).unwrap()).is_ok());
    assert!(leaf.valid_at(world.now()).is_ok());
    assert!(leaf.valid_at(world.now().plus(Duration::from_secs(601))).is_err());
    Svid::parse(leaf.as_der()).unwrap().check(&lease).unwrap();
    assert_eq!(world.record().await.verdicts(Outcome::Admitted).await.unwrap(), 1);
}

#[tokio::test]
async fn a_tdx_guest_is_admitted_with_collateral_from_the_endorsements_folder() {
    let world = World::start().await;
    let enclave = Enclave::boot_tdx(&world.pki, "translator");
    world.admit(&enclave).await;
    let refused = enclave.refused(&world).await;
    assert_eq!(refused, [["verify.incomplete"; 4], ["fetch.off"; 4]].concat(), "four documents");

    let Guest::Tdx(guest) = &enclave.guest else { panic!("a TDX guest") };
    fs::create_dir_all(world.endorsements().join("tdx")).unwrap();
    let collateral = world.endorsements().join("tdx/collateral.json");
    fs::write(&collateral, guest.collateral_json()).unwrap();
    let admitted = enclave.admitted(&world).await;
    assert_eq!(admitted.credentials.lease().claims().tee, Tee::Tdx);
    fs::write(&collateral, "{").unwrap();
    assert_eq!(enclave.refused(&world).await, ["endorsements.file"]);
}

#[tokio::test]
async fn the_operators_revocation_list_outranks_the_hosts() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    enclave.admitted(&world).await;
    let Guest::Snp(guest) = &enclave.guest else { panic!("an SNP guest") };
    let folder = world.endorsements().join("snp/Milan");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("crl.der"), guest.crl()).unwrap();
    enclave.admitted(&world).await;
    // Another simulator's list: the host's own good one is not fallen back to.
    let foreign = Pki::from_seed("another", UnixTime::from_secs(1_800_000_000));
    let list = cloister_simulator::SnpGuest::new(&foreign, Product::Milan).crl();
    fs::write(folder.join("crl.der"), list).unwrap();
    let refused = enclave.refused(&world).await;
    assert!(!refused.is_empty() && refused.iter().all(|id| id.contains("crl")), "{refused:?}");
    // Neither is it where the file is in the way.
    fs::remove_file(folder.join("crl.der")).unwrap();
    fs::create_dir(folder.join("crl.der")).unwrap();
    assert_eq!(enclave.refused(&world).await, ["endorsements.file"]);
}

#[tokio::test]
async fn without_reference_values_nothing_is_admitted() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    assert_eq!(enclave.refused(&world).await, ["reference.match"]);
    assert_eq!(world.record().await.verdicts(Outcome::Refused).await.unwrap(), 1);
}

#[tokio::test]
async fn an_image_with_one_byte_changed_is_refused() {
    let world = World::start().await;
    let good = Enclave::boot(&world.pki, "translator");
    world.admit(&good).await;
    let tampered = ProcessImage { agent: Digest48::sha384(b"one byte changed"), ..good.image };
    let guest = Guest::snp(&world.pki, Product::Milan, &tampered);
    // It says what the good one says of itself; only the measurement differs.
    let enclave = Enclave {
        manifest: good.manifest.clone(),
        ..Enclave::launch("translator", tampered, guest)
    };
    assert_eq!(enclave.refused(&world).await, ["reference.match"]);
}

#[tokio::test]
async fn an_admitted_measurement_under_another_name_is_refused() {
    let world = World::start().await;
    let good = Enclave::boot(&world.pki, "translator");
    world.admit(&good).await;
    let impostor = Enclave::launch("payments", good.image, good.guest.clone());
    assert_eq!(impostor.refused(&world).await, ["reference.match"]);
}

#[tokio::test]
async fn a_replayed_request_buys_nothing() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let request = enclave.request(challenge(&world).await);
    let first = attest(&world, request.clone()).await;
    assert!(matches!(first, cloister_api::v1::attest_response::Outcome::Admitted(_)));
    assert_eq!(ids(attest(&world, request).await), ["challenge.spent"]);
}

#[tokio::test]
async fn old_evidence_does_not_answer_a_new_challenge() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let old = enclave.collect(&enclave.binding(challenge(&world).await));
    // The binding can be rewritten, and what the hardware signed cannot.
    let nonce = challenge(&world).await;
    let rewritten = cloister_attestation::envelope::Envelope {
        binding: enclave.binding(nonce).encode(),
        ..old.clone()
    };
    let refused = ids(attest(&world, enclave.present(&rewritten, nonce)).await);
    assert_eq!(refused, ["binding.report_data"]);
    // Signed for the new challenge, and bound to the old one.
    let refused = ids(attest(&world, enclave.present(&old, nonce)).await);
    assert_eq!(refused, ["request.identity_proof"]);
}

#[tokio::test]
async fn evidence_borrowed_from_another_machine_is_refused() {
    let world = World::start().await;
    let victim = Enclave::boot(&world.pki, "translator");
    world.admit(&victim).await;
    let thief = Enclave::boot(&world.pki, "translator");
    let nonce = challenge(&world).await;
    let borrowed = victim.collect(&victim.binding(nonce));
    let refused = ids(attest(&world, thief.present(&borrowed, nonce)).await);
    assert_eq!(refused, ["binding.key", "binding.key"], "identity key and channel key");
}

#[tokio::test]
async fn a_challenge_is_refused_after_its_time_and_from_elsewhere() {
    let world = World::with(Settings { challenge_secs: 5, ..Settings::default() }).await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let nonce = challenge(&world).await;
    world.advance(Duration::from_secs(6));
    assert_eq!(ids(attest(&world, enclave.request(nonce)).await), ["challenge.expired"]);
    let made_up = Nonce::new([7; 32]);
    assert_eq!(ids(attest(&world, enclave.request(made_up)).await), ["challenge.foreign"]);
}

#[tokio::test]
async fn every_part_of_a_request_is_covered_by_both_keys() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let good = enclave.request(challenge(&world).await);
    let other = Enclave::boot(&world.pki, "translator");
    let mut cases = vec![good.clone(); 6];
    cases[0].identity_proof[9] ^= 1;
    cases[1].channel_proof[9] ^= 1;
    cases[2].endpoint = ENDPOINT.replace("4500", "4501");
    cases[3].channel_key = other.channel.spki().to_vec();
    cases[4].identity_proof.pop();
    cases[5].identity_key.push(0);
    let expected = [
        "request.identity_proof",
        "request.channel_proof",
        "request.identity_proof",
        "request.identity_proof",
        "admission.request",
        "key.malformed",
    ];
    for (request, expected) in cases.into_iter().zip(expected) {
        assert_eq!(ids(attest(&world, request).await), [expected]);
    }
    let admitted = attest(&world, good).await;
    assert!(matches!(admitted, cloister_api::v1::attest_response::Outcome::Admitted(_)));
}

#[tokio::test]
async fn evidence_for_a_session_buys_no_lease() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let nonce = challenge(&world).await;
    let mut binding = enclave.binding(nonce);
    binding.exporter = Some([1; 32]);
    let request = enclave.present(&enclave.collect(&binding), nonce);
    assert_eq!(ids(attest(&world, request).await), ["admission.session_evidence"]);
}

#[tokio::test]
async fn another_simulator_is_refused() {
    let world = World::start().await;
    let good = Enclave::boot(&world.pki, "translator");
    world.admit(&good).await;
    let foreign = Pki::from_seed("another", UnixTime::from_secs(1_800_000_000));
    let enclave = Enclave::boot(&foreign, "translator");
    let refused = enclave.refused(&world).await;
    assert!(!refused.is_empty() && refused.iter().all(|id| id.starts_with("snp.")), "{refused:?}");
}

#[tokio::test]
async fn a_production_verifier_refuses_simulated_evidence() {
    let world = World::with(Settings { vendor_anchors: true, ..Settings::default() }).await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let refused = enclave.refused(&world).await;
    assert!(!refused.is_empty() && refused.iter().all(|id| id.starts_with("snp.")), "{refused:?}");
}

#[tokio::test]
async fn one_flipped_bit_in_the_report_is_refused() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let nonce = challenge(&world).await;
    let mut envelope = enclave.collect(&enclave.binding(nonce));
    envelope.hardware[0x90] ^= 1;
    let refused = ids(attest(&world, enclave.present(&envelope, nonce)).await);
    assert_eq!(refused, ["snp.signature"]);
}

#[tokio::test]
async fn one_identity_key_does_not_hold_two_names() {
    let world = World::start().await;
    let first = Enclave::boot(&world.pki, "translator");
    let second =
        Enclave { identity: first.identity.clone(), ..Enclave::boot(&world.pki, "payments") };
    world.admit(&first).await;
    world.admit(&second).await;
    first.admitted(&world).await;
    assert_eq!(second.refused(&world).await, ["instance.other_agent"]);
}

#[tokio::test]
async fn a_lease_is_renewed_for_a_fresh_channel_key() {
    let world = World::start().await;
    let mut enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let first = enclave.admitted(&world).await;
    world.advance(Duration::from_secs(300));
    enclave.renew_channel_key();
    let second = enclave.admitted(&world).await;
    assert_eq!(first.answer.instance, second.answer.instance);
    let ends =
        |admitted: &crate::enclave::Admitted| admitted.credentials.lease().claims().expires_at;
    assert_eq!(ends(&second), ends(&first).plus(Duration::from_secs(300)));
    assert_eq!(image("translator"), enclave.image);
}

#[tokio::test]
async fn a_lease_names_the_appraisal_that_is_on_record() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;
    let results = world.record().await.results("translator").await.unwrap();
    let [kept] = results.as_slice() else { panic!("one instance, one result: {results:?}") };
    let appraisal = admitted.credentials.lease().claims().appraisal;
    assert_eq!(appraisal, Digest48::sha384(kept.as_bytes()));
}

//! Endorsements that nobody hands over: fetched, kept, bridged, and never older than before.

use std::fs;
use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::snp::{Product, Report};
use cloister_attestation::x509::Certificate;
use cloister_simulator::certificate::pem;
use cloister_simulator::publisher::{Catalogue, Fault, Publisher};
use cloister_simulator::{SnpGuest, TdxGuest};

use crate::enclave::{Enclave, attest, challenge, ids};
use crate::http::get;
use crate::world::{Settings, VALID_FROM, World, pki};

const HOUR: Duration = Duration::from_secs(3600);
const NONE: [&str; 0] = [];

/// A Verifier that asks a publisher.
struct Online {
    world: World,
    publisher: Publisher,
}

impl Online {
    async fn start() -> Self {
        let publisher = Publisher::start(Catalogue::new(&pki())).await.unwrap();
        let url = publisher.url();
        let endorsements = format!("kds = \"{url}\"\npcs = \"{url}\"\nintel_root = \"{url}\"\n");
        let world = World::with(Settings { endorsements, ..Settings::default() }).await;
        Self { world, publisher }
    }

    async fn enclaves(&self) -> [Enclave; 2] {
        let pki = &self.world.pki;
        let enclaves = [Enclave::boot(pki, "translator"), Enclave::boot_tdx(pki, "payments")];
        for enclave in &enclaves {
            self.world.admit(enclave).await;
        }
        enclaves
    }
}

/// Puts a folder of endorsements beside the configuration.
fn fill(world: &World, snp: &SnpGuest, tdx: &TdxGuest) {
    let folder = world.endorsements();
    fs::create_dir_all(folder.join("snp/Milan")).unwrap();
    fs::create_dir_all(folder.join("tdx")).unwrap();
    fs::write(folder.join("snp/Milan/crl.der"), snp.crl()).unwrap();
    fs::write(folder.join("tdx/collateral.json"), tdx.collateral_json()).unwrap();
}

fn milan(world: &World) -> SnpGuest {
    SnpGuest::new(&world.pki, Product::Milan)
}

#[tokio::test]
async fn evidence_without_any_endorsement_becomes_a_lease() {
    let online = Online::start().await;
    for enclave in online.enclaves().await {
        assert_eq!(enclave.findings_alone(&online.world).await, NONE);
        assert_eq!(enclave.findings_alone(&online.world).await, NONE);
    }
    let asked = online.publisher.requests();
    assert_eq!(asked.len(), 7, "each document once: {asked:?}");
    let metrics = get(&online.world, "/metrics").await.text;
    for line in [
        "cloister_verifier_endorsement_fetches_total 7",
        "cloister_verifier_endorsement_misses_total 7",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn an_outage_is_bridged_across_a_restart_until_the_documents_end() {
    let mut online = Online::start().await;
    let [snp, tdx] = online.enclaves().await;
    for enclave in [&snp, &tdx] {
        assert_eq!(enclave.findings_alone(&online.world).await, NONE);
    }
    online.publisher.misbehave(Fault::Status(503, None));
    online.world.restart().await;
    for enclave in [&snp, &tdx] {
        assert_eq!(enclave.findings_alone(&online.world).await, NONE);
    }
    // 30 days after they were issued, TCB info, QE identity and the PCK CRL are due.
    online.world.advance(HOUR * 24 * 30);
    online.world.restart().await;
    let findings = tdx.findings_alone(&online.world).await;
    assert!(findings.contains(&"verify.incomplete".to_owned()), "{findings:?}");
    let reasons = ["fetch.status", "fetch.backing_off"];
    assert!(findings.iter().any(|id| reasons.contains(&id.as_str())), "{findings:?}");
    assert_eq!(snp.findings_alone(&online.world).await, NONE, "AMD's list is good for a year");
}

/// After a firmware update, hosts go on offering the certificate of the firmware before.
#[tokio::test]
async fn a_certificate_of_another_tcb_from_the_host_is_replaced_by_the_right_one() {
    let online = Online::start().await;
    let [snp, _] = online.enclaves().await;
    let mut before = cloister_simulator::snp::Tcb::current(Product::Milan);
    before.microcode -= 1;
    let table = milan(&online.world).with_tcb(before).certificate_table();
    let request = |nonce| {
        let envelope = snp.collect(&snp.binding(nonce));
        snp.present(&Envelope { certificates: Some(table.clone()), ..envelope }, nonce)
    };
    let outcome = attest(&online.world, request(challenge(&online.world).await)).await;
    assert!(matches!(outcome, Outcome::Admitted(_)), "{outcome:?}");
    let offline = World::start().await;
    offline.admit(&snp).await;
    let refused = ids(attest(&offline, request(challenge(&offline).await)).await);
    assert_eq!(refused, ["snp.tcb.leaf"]);
}

#[tokio::test]
async fn stale_files_in_the_folder_are_replaced_by_what_is_fetched_and_else_named() {
    let online = Online::start().await;
    let world = &online.world;
    let [snp, tdx] = online.enclaves().await;
    let before = VALID_FROM.plus(HOUR / 2);
    let stale_crl = milan(world).with_crl(move |crl| crl.next_update = before);
    let stale =
        TdxGuest::new(&world.pki).with_tcb_info(move |info| info.next_update = before.to_string());
    fill(world, &stale_crl, &stale);
    for enclave in [&snp, &tdx] {
        assert_eq!(enclave.findings_alone(world).await, NONE);
    }
    let offline = World::start().await;
    offline.admit(&snp).await;
    offline.admit(&tdx).await;
    fill(&offline, &stale_crl, &stale);
    assert_eq!(snp.refused(&offline).await, ["snp.crl.fresh"]);
    assert_eq!(tdx.refused(&offline).await, ["tdx.tcb_info.freshness"]);
}

/// Attack 15: collateral from before a TCB recovery, or a CRL from before a revocation.
#[tokio::test]
async fn older_documents_are_refused_once_newer_ones_were_seen_also_after_a_restart() {
    let mut world = World::start().await;
    let [snp, tdx] = [Enclave::boot(&world.pki, "a"), Enclave::boot_tdx(&world.pki, "b")];
    for enclave in [&snp, &tdx] {
        world.admit(enclave).await;
    }
    let (old_crl, old) = (milan(&world), TdxGuest::new(&world.pki));
    let later = VALID_FROM.plus(HOUR / 2);
    let new_crl = old_crl.clone().with_crl(move |crl| crl.this_update = later);
    let new = old.clone().with_tcb_info(|info| info.tcb_evaluation_data_number += 1);
    fill(&world, &new_crl, &new);
    snp.admitted(&world).await;
    tdx.admitted(&world).await;
    for _ in 0..2 {
        fill(&world, &old_crl, &old);
        assert_eq!(snp.refused(&world).await, ["endorsements.rollback"]);
        assert_eq!(tdx.refused(&world).await, ["endorsements.rollback"]);
        world.restart().await;
    }
    fill(&world, &new_crl, &new);
    snp.admitted(&world).await;
    tdx.admitted(&world).await;
}

/// How often the service says that it used verified endorsements again.
async fn reuses(world: &World) -> u64 {
    let metrics = get(world, "/metrics").await.text;
    let name = "cloister_verifier_endorsement_reuses_total ";
    metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().parse().unwrap()
}

/// What becomes of Evidence beside which the host offers `table`, as hosts do each time.
async fn offering(world: &World, enclave: &Enclave, table: &[u8]) -> Outcome {
    let nonce = challenge(world).await;
    let certificates = Some(table.to_vec());
    let envelope = Envelope { certificates, ..enclave.collect(&enclave.binding(nonce)) };
    attest(world, enclave.present(&envelope, nonce)).await
}

#[tokio::test]
async fn a_second_admission_uses_the_endorsements_that_the_first_verified() {
    let world = World::start().await;
    let snp = Enclave::boot(&world.pki, "a");
    world.admit(&snp).await;
    let guest = milan(&world);
    fill(&world, &guest, &TdxGuest::new(&world.pki));
    let table = guest.certificate_table();
    for before in 0..3 {
        let outcome = offering(&world, &snp, &table).await;
        assert!(matches!(outcome, Outcome::Admitted(_)), "{outcome:?}");
        assert_eq!(reuses(&world).await, before);
    }
}

#[tokio::test]
async fn a_list_that_was_replaced_by_one_that_revokes_is_not_served_again() {
    let world = World::start().await;
    let enclaves = [Enclave::boot(&world.pki, "a"), Enclave::boot_tdx(&world.pki, "b")];
    let (snp, tdx) = (milan(&world), TdxGuest::new(&world.pki));
    fill(&world, &snp, &tdx);
    let (table, [on_snp, on_tdx]) = (snp.certificate_table(), &enclaves);
    for enclave in &enclaves {
        world.admit(enclave).await;
    }
    let outcome = offering(&world, on_snp, &table).await;
    assert!(matches!(outcome, Outcome::Admitted(_)), "{outcome:?}");
    on_tdx.admitted(&world).await;
    // AMD's number for Milan's ASK, and Intel's for the CA that issues PCK certificates.
    let snp = snp.with_crl(|crl| crl.revoked.push(vec![1, 0, 1]));
    let ca = Certificate::parse(&tdx.pck_authority()).unwrap().serial().to_vec();
    let tdx = tdx.with_root_crl(move |crl| crl.revoked.push(ca.clone()));
    fill(&world, &snp, &tdx);
    let refused = ids(offering(&world, on_snp, &table).await);
    assert_eq!(refused, ["snp.revocation.intermediate"]);
    assert_eq!(on_tdx.refused(&world).await, ["tdx.pck.revoked"]);
    assert_eq!(reuses(&world).await, 0);
}

#[tokio::test]
async fn evidence_that_is_refused_teaches_nothing() {
    let world = World::start().await;
    let tdx = Enclave::boot_tdx(&world.pki, "b");
    world.admit(&tdx).await;
    let foreign = cloister_simulator::Pki::from_seed("another", VALID_FROM);
    let raised = TdxGuest::new(&foreign).with_tcb_info(|info| info.tcb_evaluation_data_number = 99);
    fill(&world, &milan(&world), &raised);
    assert!(!tdx.refused(&world).await.is_empty());
    fill(&world, &milan(&world), &TdxGuest::new(&world.pki));
    tdx.admitted(&world).await;
}

/// Attack 32: whoever turns the Verifier's clock back makes expired collateral current again.
#[tokio::test]
async fn time_does_not_go_back_behind_the_newest_issue_date_also_after_a_restart() {
    let mut world = World::start().await;
    let snp = Enclave::boot(&world.pki, "a");
    world.admit(&snp).await;
    let issued = VALID_FROM.plus(HOUR / 2);
    let guest = milan(&world).with_crl(move |crl| crl.this_update = issued);
    fill(&world, &guest, &TdxGuest::new(&world.pki));
    snp.admitted(&world).await;
    world.set_service_back(HOUR);
    for _ in 0..2 {
        let answer = world.enrolment().challenge(v1::ChallengeRequest {}).await.unwrap();
        let expires_at = answer.into_inner().expires_at;
        assert_eq!(expires_at, issued.plus(Duration::from_secs(120)).as_secs());
        world.restart().await;
    }
}

/// Behind a paravisor no host offers a certificate table.
#[tokio::test]
async fn a_chips_certificate_in_the_folder_counts_for_its_own_tcb_alone() {
    let world = World::start().await;
    let guest = milan(&world);
    let report = Report::parse(&guest.report(&ReportData::new([0; 64]))).unwrap();
    let (chip, tcb) = (report.chip_id(), report.reported_tcb());
    fill(&world, &guest, &TdxGuest::new(&world.pki));
    let folder = world.endorsements().join("snp/Milan");
    fs::create_dir_all(folder.join("vcek")).unwrap();
    let put = |name: &str, der: Vec<u8>| {
        fs::write(folder.join(name), pem([der.as_slice()])).unwrap();
    };
    put("ask.pem", guest.intermediate());
    put("ark.pem", guest.root());
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    put(&format!("vcek/{chip}-{}.pem", "0".repeat(16)), guest.vek());
    assert_ne!(enclave.findings_alone(&world).await, NONE);
    put(&format!("vcek/{chip}-{tcb}.pem"), guest.vek());
    assert_eq!(enclave.findings_alone(&world).await, NONE);
}

//! Appraisal policies that change while runtimes hold leases, and machines that change under one.

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::policy::{AnchorPolicy, Policy};
use cloister_attestation::snp::{Product, SnpPolicy, Tcb as TcbFloor};
use cloister_channel::lease;
use cloister_simulator::snp::Tcb;
use cloister_simulator::{Guest, SnpGuest};
use http::Method;
use tonic::{Code, Status};

use crate::enclave::{Admitted, Enclave};
use crate::http::operate;
use crate::registry::{announced, watch};
use crate::world::World;

/// Microcode one above what simulated Milans run.
fn raised(world: &World) -> Policy {
    let now = Tcb::current(Product::Milan);
    let floor = TcbFloor {
        fmc: None,
        boot_loader: now.boot_loader,
        tee: now.tee,
        snp: now.snp,
        microcode: now.microcode + 1,
    };
    let mut policy = unchanged(world);
    let snp: &mut SnpPolicy = policy.snp.as_mut().unwrap();
    snp.tcb.reported.milan = cloister_attestation::snp::Floor::AtLeast(floor);
    policy
}

/// What the Verifier was configured with.
fn unchanged(world: &World) -> Policy {
    Policy::strict_for_simulator(world.pki.anchor().fingerprint())
}

async fn apply(world: &World, policy: &Policy) -> Result<v1::ApplyPolicyResponse, Status> {
    let document = policy.to_toml().unwrap();
    let request = world.authorized(v1::ApplyPolicyRequest { document });
    Ok(world.operator().apply_policy(request).await?.into_inner())
}

async fn policies(world: &World) -> v1::ListPoliciesResponse {
    let request = world.authorized(v1::ListPoliciesRequest {});
    world.operator().list_policies(request).await.unwrap().into_inner()
}

async fn reattest(world: &World, all: bool) -> v1::ReattestResponse {
    let request = world.authorized(v1::ReattestRequest { all });
    world.operator().reattest(request).await.unwrap().into_inner()
}

async fn admitted() -> (World, Enclave, Admitted) {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;
    (world, enclave, admitted)
}

fn epoch(admitted: &Admitted) -> u64 {
    admitted.credentials.lease().claims().policy_epoch
}

#[tokio::test]
async fn a_raised_tcb_floor_counts_from_the_next_renewal_on_and_names_the_component() {
    let (world, enclave, lease) = admitted().await;
    assert!(apply(&world, &raised(&world)).await.unwrap().changed);
    let bundle = world.bundle().await;
    assert!(lease.credentials.lease().recheck(&bundle, world.now()).is_ok(), "live leases stay");
    let Outcome::Refused(refused) = enclave.enrol(&world).await else { panic!("admitted") };
    let [finding] = &refused.findings[..] else { panic!("{refused:?}") };
    assert_eq!(finding.id, "snp.tcb.below_floor");
    let microcode = Tcb::current(Product::Milan).microcode;
    let says =
        |text: &str, value: u8| text.contains("microcode") && text.contains(&value.to_string());
    assert!(says(&finding.expected, microcode + 1), "{}", finding.expected);
    assert!(says(&finding.observed, microcode), "{}", finding.observed);
    // Lowered again, the same machine is admitted again.
    assert!(apply(&world, &unchanged(&world)).await.unwrap().changed);
    assert_eq!(epoch(&enclave.admitted(&world).await), 3);
}

#[tokio::test]
async fn a_platform_that_drifts_is_refused_at_its_next_renewal() {
    let (world, mut enclave, _) = admitted().await;
    let machine = || {
        SnpGuest::new(&world.pki, Product::Milan).with_measurement(enclave.image.launch_digest())
    };
    let now = Tcb::current(Product::Milan);
    apply(&world, &{
        let mut policy = raised(&world);
        let snp = policy.snp.as_mut().unwrap();
        let cloister_attestation::snp::Floor::AtLeast(floor) = &mut snp.tcb.reported.milan else {
            panic!("a floor")
        };
        floor.microcode = now.microcode;
        policy
    })
    .await
    .unwrap();
    let lowered = machine().with_tcb(Tcb { microcode: now.microcode - 1, ..now });
    let debugged = machine().with_fields(|report| report.policy |= 1 << 19);
    let same = machine();
    for (guest, expected) in [(lowered, "snp.tcb.below_floor"), (debugged, "snp.policy.debug")] {
        enclave.guest = Guest::from(guest);
        enclave.renew_channel_key();
        assert_eq!(enclave.refused(&world).await, [expected]);
    }
    enclave.guest = Guest::from(same);
    enclave.admitted(&world).await;
}

#[tokio::test]
async fn reattesting_ends_leases_under_older_policies_and_no_others() {
    let (world, enclave, old) = admitted().await;
    let other = Enclave::boot(&world.pki, "asker");
    world.admit(&other).await;
    assert_eq!(
        reattest(&world, false).await,
        v1::ReattestResponse { epoch_floor: 1, leases_ended: 0 }
    );
    assert_eq!(world.bundle().await.sequence(), 0, "nothing to end, nothing to say");

    let mut milder = unchanged(&world);
    milder.azure = None;
    apply(&world, &milder).await.unwrap();
    let new = other.admitted(&world).await;
    let mut events = watch(&world, &new, 0).await;
    assert_eq!(
        reattest(&world, false).await,
        v1::ReattestResponse { epoch_floor: 2, leases_ended: 1 }
    );
    let (_, event) = announced(&mut events).await;
    assert_eq!(event, Event::PolicyEpoch(v1::PolicyEpoch { floor: 2 }));
    let bundle = world.bundle().await;
    let refused = old.credentials.lease().recheck(&bundle, world.now()).unwrap_err();
    assert_eq!(refused.to_string(), "lease is of policy epoch 1, the floor is 2");
    assert!(lease::verify(old.answer.lease_jwt.as_bytes(), &bundle, world.now()).is_err());
    assert!(new.credentials.lease().recheck(&bundle, world.now()).is_ok());
    assert_eq!(epoch(&enclave.admitted(&world).await), 2, "with new Evidence there is a new lease");
}

#[tokio::test]
async fn reattesting_all_ends_every_lease_and_the_next_one_counts() {
    let (world, enclave, old) = admitted().await;
    assert_eq!(
        reattest(&world, true).await,
        v1::ReattestResponse { epoch_floor: 2, leases_ended: 1 }
    );
    let bundle = world.bundle().await;
    assert!(old.credentials.lease().recheck(&bundle, world.now()).is_err());
    let new = enclave.admitted(&world).await;
    assert!(new.credentials.lease().recheck(&bundle, world.now()).is_ok());
    assert_eq!(policies(&world).await.epoch_floor, 2);
}

#[tokio::test]
async fn what_was_changed_last_is_in_force_after_a_restart() {
    let (mut world, enclave, _) = admitted().await;
    let (first, second) = (unchanged(&world), raised(&world));
    apply(&world, &second).await.unwrap();
    world.restart().await;
    assert_eq!(enclave.refused(&world).await, ["snp.tcb.below_floor"], "an operator's");
    let mut third = first.clone();
    third.tdx = None;
    std::fs::write(world.folder().join("policy.toml"), third.to_toml().unwrap()).unwrap();
    world.configure("policy = \"strict\"", "policy = { file = \"policy.toml\" }");
    world.restart().await;
    enclave.admitted(&world).await;
    let history = policies(&world).await;
    let told: Vec<_> = history
        .policies
        .iter()
        .map(|it| (it.epoch, it.origin.as_str(), it.digest.clone()))
        .collect();
    let expected = [
        (3, "configuration", third.digest().to_string()),
        (2, "operator", second.digest().to_string()),
        (1, "configuration", first.digest().to_string()),
    ];
    assert_eq!(told, expected);
    assert_eq!(Policy::from_toml(&history.policies[1].document).unwrap(), second);
    assert_eq!(history.epoch_floor, 1);
}

#[tokio::test]
async fn a_policy_that_does_not_read_or_is_for_other_roots_changes_nothing() {
    let (world, enclave, _) = admitted().await;
    let other_roots = Policy { anchors: AnchorPolicy::Vendor, ..unchanged(&world) };
    let refused = apply(&world, &other_roots).await.unwrap_err();
    assert_eq!(refused.metadata().get("cloister-code").unwrap(), "service.policy_anchors");
    for document in [String::new(), "[snp]\nx = 1".to_owned(), "x".repeat(256 * 1024 + 1)] {
        let request = world.authorized(v1::ApplyPolicyRequest { document });
        let refused = world.operator().apply_policy(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    }
    let same = apply(&world, &unchanged(&world)).await.unwrap();
    assert!(!same.changed);
    assert_eq!(policies(&world).await.policies.len(), 1);
    assert_eq!(epoch(&enclave.admitted(&world).await), 1);
}

#[tokio::test]
async fn policies_and_epochs_can_be_changed_in_json() {
    let (world, enclave, _) = admitted().await;
    let document = raised(&world).to_toml().unwrap();
    let body = serde_json::json!({ "document": document }).to_string();
    let applied = operate(&world, Method::POST, "/v1/policies", body).await.json();
    assert_eq!((&applied["changed"], &applied["policy"]["epoch"]), (&true.into(), &2.into()));
    let listed = operate(&world, Method::GET, "/v1/policies", "").await.json();
    assert_eq!(listed["policies"][0], applied["policy"]);
    let done = operate(&world, Method::POST, "/v1/reattest", r#"{"all":true}"#).await.json();
    assert_eq!((&done["epoch_floor"], &done["leases_ended"]), (&3.into(), &1.into()));
    assert_eq!(enclave.refused(&world).await, ["snp.tcb.below_floor"]);
}

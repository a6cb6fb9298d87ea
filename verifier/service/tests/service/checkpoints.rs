//! Audit logs: shown with every lease and in between, and never two of one runtime.

use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::binding::Binding;
use cloister_audit::{
    AuditError, Checkpoint, ConsistencyProof, Hash, Origin, Range, SignedCheckpoint,
};
use tonic::{Code, Status};

use crate::enclave::{Admitted, Enclave, attest, challenge, ids};
use crate::http::get;
use crate::world::World;

/// Leaves of a log that only grows.
fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|n| Hash::leaf(&n.to_be_bytes())).collect()
}

fn root(size: u64) -> Hash {
    let mut tree = Range::from(0);
    leaves(size).iter().for_each(|leaf| tree.append(*leaf));
    tree.root()
}

fn proof(from: u64, to: u64) -> Vec<u8> {
    ConsistencyProof::new(&leaves(to), from).unwrap().to_bytes()
}

/// An admitted runtime and its log.
struct Scene {
    world: World,
    enclave: Enclave,
    lease: Admitted,
}

impl Scene {
    /// Admitted on a log of one record.
    async fn open() -> Self {
        let world = World::start().await;
        let enclave = Enclave::boot(&world.pki, "translator");
        world.admit(&enclave).await;
        let first = sign(&world, &enclave, 1, root(1));
        let outcome = enrol(&world, &enclave, &first, Vec::new()).await;
        assert!(matches!(outcome, Outcome::Admitted(_)), "{outcome:?}");
        let mut renewing = enclave;
        renewing.renew_channel_key();
        let lease = admitted(&world, &renewing, sign(&world, &renewing, 2, root(2))).await;
        Self { world, enclave: renewing, lease }
    }

    fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        sign(&self.world, &self.enclave, size, root)
    }

    async fn show(&self, request: v1::ShowCheckpointRequest) -> Result<(), Status> {
        let mut registry = self.world.registry(self.lease.shown());
        registry.show_checkpoint(request).await.map(drop)
    }

    async fn shows(&self, size: u64, root: Hash, from: u64) -> Result<(), Status> {
        let checkpoint = self.sign(size, root).bytes().to_vec();
        let consistency = if from <= size { vec![proof(from, size)] } else { Vec::new() };
        let witnessed = Vec::new();
        self.show(v1::ShowCheckpointRequest { checkpoint, consistency, witnessed }).await
    }

    async fn listed(&self) -> v1::AuditCheckpoint {
        let request = self.world.authorized(v1::ListCheckpointsRequest {});
        let listed = self.world.operator().list_checkpoints(request).await.unwrap();
        listed.into_inner().checkpoints.remove(0)
    }
}

fn origin(enclave: &Enclave) -> Origin {
    Origin {
        trust_domain: "example.org".into(),
        agent: enclave.manifest.agent.clone(),
        identity_key: enclave.identity.spki().to_vec(),
    }
}

fn sign(world: &World, enclave: &Enclave, size: u64, root: Hash) -> SignedCheckpoint {
    sign_as(world, enclave, origin(enclave), size, root)
}

fn sign_as(
    world: &World,
    enclave: &Enclave,
    origin: Origin,
    size: u64,
    root: Hash,
) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(origin, size, root, world.now());
    SignedCheckpoint::sign::<AuditError>(&checkpoint, |typ, payload| {
        Ok(enclave.identity.sign_typed(typ, payload).unwrap())
    })
    .unwrap()
}

/// A request whose Evidence binds `log`.
async fn request(
    world: &World,
    enclave: &Enclave,
    log: &SignedCheckpoint,
    consistency: Vec<Vec<u8>>,
) -> v1::AttestRequest {
    let nonce = challenge(world).await;
    let binding = Binding { audit_head: Some(log.digest()), ..enclave.binding(nonce) };
    let request = enclave.present(&enclave.collect(&binding), nonce);
    v1::AttestRequest { checkpoint: log.bytes().to_vec(), consistency, ..request }
}

async fn enrol(
    world: &World,
    enclave: &Enclave,
    log: &SignedCheckpoint,
    consistency: Vec<Vec<u8>>,
) -> Outcome {
    attest(world, request(world, enclave, log, consistency).await).await
}

async fn admitted(world: &World, enclave: &Enclave, log: SignedCheckpoint) -> Admitted {
    let Outcome::Admitted(answer) = enrol(world, enclave, &log, vec![proof(1, 2)]).await else {
        panic!("refused")
    };
    let wire = answer.trust.as_ref().unwrap();
    let trust = cloister_channel::TrustBundle::from_wire(wire, world.accepted()).unwrap();
    let credentials = cloister_channel::Credentials::new(
        Arc::clone(&enclave.identity),
        Arc::clone(&enclave.channel),
        &answer.certificates,
        &answer.lease,
        &trust,
        world.now(),
    );
    Admitted { credentials: credentials.unwrap(), answer, trust }
}

#[tokio::test]
async fn a_log_that_grows_is_remembered_across_a_restart() {
    let mut scene = Scene::open().await;
    scene.shows(9, root(9), 2).await.unwrap();
    scene.world.restart().await;
    // It holds what it held.
    scene.shows(9, root(9), 2).await.unwrap();
    scene.shows(12, root(12), 9).await.unwrap();
    let listed = scene.listed().await;
    assert_eq!((listed.size, listed.root, listed.conflicts), (12, root(12).to_string(), vec![]));
    assert_eq!(listed.instance, scene.lease.answer.instance);
    let metrics = get(&scene.world, "/metrics").await.text;
    assert!(metrics.contains("cloister_verifier_audit_conflicts 0"), "{metrics}");
}

#[tokio::test]
async fn a_log_that_went_back_is_refused_by_name_and_buys_no_lease() {
    let scene = Scene::open().await;
    scene.shows(9, root(9), 2).await.unwrap();
    for (size, root, from) in [(5, root(5), 2), (12, root(12), 10), (12, Hash::of(b"other"), 9)] {
        let refused = scene.shows(size, root, from).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{size}");
        assert_eq!(refused.metadata().get("cloister-code").unwrap(), "audit.equivocation");
    }
    let back = scene.sign(5, root(5));
    let refused = enrol(&scene.world, &scene.enclave, &back, vec![proof(2, 5)]).await;
    assert_eq!(ids(refused), ["audit.equivocation"]);
    let listed = scene.listed().await;
    assert_eq!(listed.size, 9);
    assert_eq!(listed.conflicts[0].reason, "audit.equivocation");
    let metrics = get(&scene.world, "/metrics").await.text;
    assert!(metrics.contains("cloister_verifier_audit_conflicts 1"), "{metrics}");
    // The log that only grew is still good for a lease.
    let good = enrol(&scene.world, &scene.enclave, &scene.sign(9, root(9)), Vec::new()).await;
    assert!(matches!(good, Outcome::Admitted(_)), "{good:?}");
}

#[tokio::test]
async fn a_fork_takes_the_lease_away_and_is_kept_as_both_signatures() {
    let scene = Scene::open().await;
    let fork = scene.sign(2, Hash::of(b"another history"));
    let request = v1::ShowCheckpointRequest {
        checkpoint: fork.bytes().to_vec(),
        ..v1::ShowCheckpointRequest::default()
    };
    let refused = scene.show(request.clone()).await.unwrap_err();
    assert_eq!(refused.metadata().get("cloister-code").unwrap(), "audit.fork");
    // It holds no lease any more, and gets none, whatever it shows.
    assert_eq!(scene.show(request).await.unwrap_err().code(), Code::Unauthenticated);
    let good = scene.sign(3, root(3));
    let refused = enrol(&scene.world, &scene.enclave, &good, vec![proof(2, 3)]).await;
    assert_eq!(ids(refused), ["instance.revoked"]);
    let listed = scene.listed().await;
    let [conflict] = listed.conflicts.as_slice() else { panic!("{listed:?}") };
    let read = |bytes: &[u8]| SignedCheckpoint::parse(bytes).unwrap().checkpoint().clone();
    let (held, shown) = (read(&conflict.held), read(&conflict.shown));
    assert!(held.contradicts(&shown), "anybody can see it");
    assert_eq!(conflict.reason, "audit.fork");
}

#[tokio::test]
async fn a_fork_that_is_shown_with_evidence_is_refused_for_what_it_is() {
    let scene = Scene::open().await;
    let fork = scene.sign(2, Hash::of(b"another history"));
    let refused = enrol(&scene.world, &scene.enclave, &fork, Vec::new()).await;
    assert_eq!(ids(refused), ["audit.fork"]);
    assert_eq!(scene.listed().await.conflicts.len(), 1);
}

#[tokio::test]
async fn a_fork_that_a_peer_was_shown_is_found_once_the_peer_tells() {
    let scene = Scene::open().await;
    let peer = Enclave::boot(&scene.world.pki, "witness");
    scene.world.admit(&peer).await;
    let peer_log = sign(&scene.world, &peer, 2, root(2));
    let peer_lease = admitted(&scene.world, &peer, peer_log.clone()).await;
    let tells = async |witnessed: Vec<SignedCheckpoint>| {
        let request = v1::ShowCheckpointRequest {
            checkpoint: peer_log.bytes().to_vec(),
            consistency: Vec::new(),
            witnessed: witnessed.iter().map(|signed| signed.bytes().to_vec()).collect(),
        };
        scene.world.registry(peer_lease.shown()).show_checkpoint(request).await
    };
    tells(vec![scene.sign(1, root(1)), scene.sign(2, root(2))]).await.unwrap();
    assert_eq!(scene.listed().await.conflicts, []);
    tells(vec![scene.sign(1, Hash::of(b"another history"))]).await.unwrap();
    let conflicts = scene.listed().await.conflicts;
    let found = conflicts.iter().find(|conflict| conflict.reason == "audit.fork").unwrap();
    assert_eq!(found.witness, peer_lease.answer.instance);
    let revoked = scene.shows(3, root(3), 2).await.unwrap_err();
    assert_eq!(revoked.code(), Code::Unauthenticated);
    // Nobody is accused with what is not signed.
    let mut forged = scene.sign(2, root(2)).bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let request = v1::ShowCheckpointRequest {
        checkpoint: peer_log.bytes().to_vec(),
        consistency: Vec::new(),
        witnessed: vec![forged],
    };
    let refused = scene.world.registry(peer_lease.shown()).show_checkpoint(request).await;
    assert_eq!(refused.unwrap_err().metadata().get("cloister-code").unwrap(), "audit.signature");
}

#[tokio::test]
async fn the_evidence_names_the_log_that_goes_with_it() {
    let scene = Scene::open().await;
    let (good, later) = (scene.sign(3, root(3)), scene.sign(4, root(4)));
    let request = async |log: &SignedCheckpoint| {
        request(&scene.world, &scene.enclave, log, vec![proof(2, 3)]).await
    };
    let other = v1::AttestRequest { checkpoint: later.bytes().to_vec(), ..request(&good).await };
    let none = v1::AttestRequest { checkpoint: Vec::new(), ..request(&good).await };
    for wrong in [other, none] {
        assert_eq!(ids(attest(&scene.world, wrong).await), ["admission.audit_head"]);
    }
    let nonce = challenge(&scene.world).await;
    let unbound =
        v1::AttestRequest { checkpoint: good.bytes().to_vec(), ..scene.enclave.request(nonce) };
    assert_eq!(ids(attest(&scene.world, unbound).await), ["admission.audit_head"]);
    // A log that was there is not gone.
    assert_eq!(scene.enclave.refused(&scene.world).await, ["admission.no_audit_log"]);
}

#[tokio::test]
async fn the_log_is_that_of_the_runtime_that_asks() {
    let scene = Scene::open().await;
    let stranger = Enclave::boot(&scene.world.pki, "translator");
    let of = |agent: &str, domain: &str| Origin {
        agent: agent.into(),
        trust_domain: domain.into(),
        ..origin(&scene.enclave)
    };
    let signed = |enclave: &Enclave, origin| sign_as(&scene.world, enclave, origin, 3, root(3));
    for log in [
        signed(&stranger, origin(&stranger)),
        signed(&scene.enclave, of("other", "example.org")),
        signed(&scene.enclave, of("translator", "example.com")),
    ] {
        let refused = enrol(&scene.world, &scene.enclave, &log, vec![proof(2, 3)]).await;
        assert_eq!(ids(refused), ["audit.origin"]);
        let request = v1::ShowCheckpointRequest {
            checkpoint: log.bytes().to_vec(),
            consistency: vec![proof(2, 3)],
            witnessed: Vec::new(),
        };
        let refused = scene.show(request).await.unwrap_err();
        assert_eq!(refused.metadata().get("cloister-code").unwrap(), "audit.origin");
    }
    assert_eq!(scene.listed().await.conflicts, []);
    assert_eq!(scene.listed().await.size, 2);
}

#[tokio::test]
async fn nobody_shows_a_log_without_a_lease_and_only_operators_see_them() {
    let scene = Scene::open().await;
    let request = v1::ShowCheckpointRequest::default();
    let refused = scene.world.registry(None).show_checkpoint(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let request = tonic::Request::new(v1::ListCheckpointsRequest {});
    let refused = scene.world.operator().list_checkpoints(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

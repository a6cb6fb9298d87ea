//! Evidence that was made for one session: appraised for admitted runtimes, and for nobody else.

use cloister_api::v1;
use cloister_api::v1::appraise_session_response::Outcome;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use tonic::Code;

use crate::enclave::{Admitted, Enclave};
use crate::world::World;

const EXPORTER: [u8; 32] = [6; 32];

/// A Verifier, a runtime that asks it, and a peer that is asked about.
struct Asked {
    world: World,
    caller: Admitted,
    peer: Enclave,
}

impl Asked {
    async fn new() -> Self {
        let world = World::start().await;
        let (caller, peer) =
            (Enclave::boot(&world.pki, "caller"), Enclave::boot(&world.pki, "translator"));
        world.admit(&caller).await;
        world.admit(&peer).await;
        let caller = caller.admitted(&world).await;
        Self { world, caller, peer }
    }

    /// The peer's binding to the session.
    fn binding(&self) -> Binding {
        Binding { exporter: Some(EXPORTER), ..self.peer.binding(Nonce::new([9; 32])) }
    }

    async fn answer(&self, binding: &Binding, exporter: &[u8]) -> Outcome {
        self.about(self.peer.collect(binding).encode(), exporter).await.unwrap()
    }

    async fn about(&self, evidence: Vec<u8>, exporter: &[u8]) -> Result<Outcome, tonic::Status> {
        let request = v1::AppraiseSessionRequest { evidence, exporter: exporter.to_vec() };
        let credentials = Some((&self.caller.credentials, &self.caller.trust));
        let answer = self.world.registry(credentials).appraise_session(request).await?;
        Ok(answer.into_inner().outcome.unwrap())
    }
}

fn refused(outcome: Outcome) -> Vec<String> {
    let Outcome::Refused(refused) = outcome else { panic!("not refused: {outcome:?}") };
    refused.findings.into_iter().map(|finding| finding.id).collect()
}

#[tokio::test]
async fn evidence_for_a_session_is_appraised_as_for_a_lease() {
    let asked = Asked::new().await;
    let outcome = asked.answer(&asked.binding(), &EXPORTER).await;
    let Outcome::Appraised(appraised) = outcome else { panic!("{outcome:?}") };
    let lease = asked.peer.admitted(&asked.world).await.credentials.lease().clone();
    assert_eq!(appraised.reference, lease.claims().reference.as_bytes());
}

#[tokio::test]
async fn evidence_for_another_session_or_for_a_lease_is_refused() {
    let asked = Asked::new().await;
    let other = asked.answer(&asked.binding(), &[7; 32]).await;
    assert_eq!(refused(other), ["admission.other_session"]);
    let for_a_lease = Binding { exporter: None, ..asked.binding() };
    let refusal = refused(asked.answer(&for_a_lease, &EXPORTER).await);
    assert_eq!(refusal, ["admission.other_session"]);
    let manifest = Binding { manifest: Digest48::sha384(b"another"), ..asked.binding() };
    assert_eq!(refused(asked.answer(&manifest, &EXPORTER).await), ["binding.manifest"]);
}

/// The binding was written for this session, and the hardware signed another one.
#[tokio::test]
async fn a_binding_that_the_hardware_did_not_sign_is_refused() {
    let asked = Asked::new().await;
    let mut envelope = asked.peer.collect(&Binding { exporter: None, ..asked.binding() });
    envelope.binding = asked.binding().encode();
    let outcome = asked.about(envelope.encode(), &EXPORTER).await.unwrap();
    assert_eq!(refused(outcome), ["binding.report_data"]);
}

#[tokio::test]
async fn an_image_that_nobody_admitted_is_refused() {
    let asked = Asked::new().await;
    let stranger = Enclave::boot(&asked.world.pki, "stranger");
    let binding = Binding { exporter: Some(EXPORTER), ..stranger.binding(Nonce::new([9; 32])) };
    let outcome = asked.about(stranger.collect(&binding).encode(), &EXPORTER).await.unwrap();
    assert_eq!(refused(outcome), ["reference.match"]);
}

#[tokio::test]
async fn only_admitted_runtimes_ask() {
    let asked = Asked::new().await;
    let evidence = asked.peer.collect(&asked.binding()).encode();
    let request = v1::AppraiseSessionRequest { evidence, exporter: EXPORTER.to_vec() };
    let status = asked.world.registry(None).appraise_session(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    let short = asked.about(Vec::new(), &[6; 31]).await.unwrap_err();
    assert_eq!(short.code(), Code::InvalidArgument, "{short:?}");
}

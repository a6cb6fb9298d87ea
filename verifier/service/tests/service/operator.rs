//! What operators can do, and that nobody else can.

use cloister_api::v1;
use cloister_attestation::forecast::{Machine, MachineTcb};
use cloister_attestation::reference::ReferenceValues;
use tonic::{Code, Request, Status};

use crate::enclave::Enclave;
use crate::world::World;

/// Every operator call with `request` for its frame; the status each ends with.
async fn every_call(world: &World, header: Option<&str>) -> Vec<(&'static str, Code)> {
    macro_rules! call {
        ($method:ident, $message:expr) => {{
            let mut request = Request::new($message);
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            let code = match world.operator().$method(request).await {
                Ok(_) => Code::Ok,
                Err(status) => status.code(),
            };
            (stringify!($method), code)
        }};
    }
    vec![
        call!(admit_image, v1::AdmitImageRequest::default()),
        call!(list_images, v1::ListImagesRequest {}),
        call!(retire_image, v1::RetireImageRequest::default()),
        call!(revoke_image, v1::RevokeImageRequest::default()),
        call!(list_agents, v1::ListAgentsRequest {}),
        call!(show_agent, v1::ShowAgentRequest::default()),
        call!(quarantine_agent, v1::QuarantineAgentRequest::default()),
        call!(lift_quarantine, v1::LiftQuarantineRequest::default()),
        call!(retire_agent, v1::RetireAgentRequest::default()),
        call!(list_machines, v1::ListMachinesRequest {}),
    ]
}

#[tokio::test]
async fn every_operator_call_needs_the_token() {
    let world = World::start().await;
    let token = world.token();
    let wrong = [
        None,
        Some(String::new()),
        Some(token.clone()),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {token}")),
        Some(format!("BASIC: {token}")),
        Some(format!("Bearer {token}0")),
        Some(format!("Bearer {}", &token[1..])),
        Some(format!("Bearer {}", token.to_uppercase())),
    ];
    for header in wrong {
        for (method, code) in every_call(&world, header.as_deref()).await {
            assert_eq!(code, Code::Unauthenticated, "{method} with {header:?}");
        }
    }
    for (method, code) in every_call(&world, Some(&format!("bearer {token}"))).await {
        assert_ne!(code, Code::Unauthenticated, "{method}");
    }
}

fn code_of<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let stable = status.metadata().get("cloister-code").unwrap().to_str().unwrap().to_owned();
    assert!(status.metadata().get("cloister-remedy").is_some());
    (status.code(), stable)
}

#[tokio::test]
async fn images_are_admitted_listed_retired_and_revoked() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let admitted = world.admit(&enclave).await;
    assert_eq!(admitted.len(), 2, "one for each launch shape");
    assert_eq!(world.admit(&enclave).await, admitted, "admitting again changes nothing");
    let listed = world.operator().list_images(world.authorized(v1::ListImagesRequest {})).await;
    let mut listed = listed.unwrap().into_inner().images;
    listed.sort_by_key(|image| image.tee.clone());
    assert_eq!(listed, admitted);
    enclave.admitted(&world).await;

    let tuple = admitted[0].tuple.clone();
    let request = world.authorized(v1::RetireImageRequest { tuple: tuple.clone() });
    let retired = world.operator().retire_image(request).await.unwrap().into_inner().image.unwrap();
    assert_eq!(retired.state(), v1::ImageState::Retired);
    assert_eq!(enclave.refused(&world).await, ["reference.match", "image.retired"]);

    let request = world.authorized(v1::RevokeImageRequest { tuple });
    let revoked = world.operator().revoke_image(request).await.unwrap().into_inner();
    assert_eq!(revoked.revoked_instances, 1, "the lease from before was still live");
    assert_eq!(enclave.refused(&world).await, ["reference.match", "image.revoked"]);
    assert!(world.bundle().await.revocation(&enclave.identity.instance()).is_some());

    let reference_values = serde_json::to_vec(&enclave.reference_values()).unwrap();
    let request =
        world.authorized(v1::AdmitImageRequest { reference_values, ..Default::default() });
    let again = code_of(world.operator().admit_image(request).await);
    assert_eq!(again, (Code::FailedPrecondition, "service.image_revoked".to_owned()));
}

#[tokio::test]
async fn agents_are_shown_with_their_results() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;
    let request = world.authorized(v1::ShowAgentRequest { name: "translator".to_owned() });
    let shown = world.operator().show_agent(request).await.unwrap().into_inner();
    let agent = shown.agent.unwrap();
    assert_eq!(agent.state(), v1::AgentState::Active);
    let instance = &agent.instances[0];
    assert_eq!(instance.instance, admitted.answer.instance);
    assert_eq!(
        (instance.simulated, instance.revoked, instance.tier.as_str()),
        (true, false, "warning")
    );
    assert!(instance.platform.starts_with("chip "), "{}", instance.platform);
    let result: serde_json::Value = serde_json::from_str(&shown.results[0]).unwrap();
    assert_eq!((&result["simulated"], &result["tier"]), (&true.into(), &"warning".into()));
    assert!(!result["checks"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_retired_agent_gets_no_lease_and_does_not_come_back() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    enclave.admitted(&world).await;
    let name = "translator".to_owned();
    let request = v1::RetireAgentRequest { name: name.clone(), reason: "replaced".to_owned() };
    let retired = world.operator().retire_agent(world.authorized(request)).await.unwrap();
    assert_eq!(retired.into_inner().revoked_instances, 1);
    assert_eq!(enclave.refused(&world).await, ["agent.retired"]);
    let lift = world.authorized(v1::LiftQuarantineRequest { name: name.clone() });
    let refused = code_of(world.operator().lift_quarantine(lift).await);
    assert_eq!(refused, (Code::FailedPrecondition, "service.agent_state".to_owned()));
    let request = v1::QuarantineAgentRequest { name, reason: String::new() };
    let refused = code_of(world.operator().quarantine_agent(world.authorized(request)).await);
    assert_eq!(refused, (Code::FailedPrecondition, "service.agent_state".to_owned()));
}

#[tokio::test]
async fn what_does_not_read_or_does_not_exist_is_said_so() {
    let world = World::start().await;
    let argument = |code| (Code::InvalidArgument, String::from(code));
    let request = v1::RetireImageRequest { tuple: "12".to_owned() };
    let refused = code_of(world.operator().retire_image(world.authorized(request)).await);
    assert_eq!(refused, argument("service.argument"));
    let request = v1::RetireImageRequest { tuple: "00".repeat(48) };
    let refused = code_of(world.operator().retire_image(world.authorized(request)).await);
    assert_eq!(refused, (Code::NotFound, "service.not_found".to_owned()));
    let request = v1::QuarantineAgentRequest { name: "nobody".to_owned(), reason: String::new() };
    let refused = code_of(world.operator().quarantine_agent(world.authorized(request)).await);
    assert_eq!(refused, (Code::NotFound, "service.not_found".to_owned()));
    let request = v1::QuarantineAgentRequest { name: "a".to_owned(), reason: "x".repeat(1025) };
    let refused = code_of(world.operator().quarantine_agent(world.authorized(request)).await);
    assert_eq!(refused, argument("service.argument"));

    let enclave = Enclave::boot(&world.pki, "translator");
    let empty = ReferenceValues { shapes: vec![], ..enclave.reference_values() };
    for document in [b"{}".to_vec(), serde_json::to_vec(&empty).unwrap()] {
        let request = v1::AdmitImageRequest { reference_values: document, ..Default::default() };
        let refused = code_of(world.operator().admit_image(world.authorized(request)).await);
        assert_eq!(refused, argument("reference.malformed"));
    }
}

#[tokio::test]
async fn what_operators_do_is_on_record() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let images = world.admit(&enclave).await;
    enclave.admitted(&world).await;
    world.quarantine("translator").await;
    world.advance(std::time::Duration::from_secs(1));
    let request = world.authorized(v1::RevokeImageRequest { tuple: images[0].tuple.clone() });
    world.operator().revoke_image(request).await.unwrap();
    let mut operations = world.record().await.operations().await.unwrap();
    operations.sort();
    let actions: Vec<&str> = operations.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["agent.quarantine", "image.admit", "image.revoke"]);
}

#[tokio::test]
async fn machines_are_known_from_their_latest_good_evidence() {
    let mut world = World::start().await;
    let list = async |world: &World| {
        let request = world.authorized(v1::ListMachinesRequest {});
        world.operator().list_machines(request).await.unwrap().into_inner().machines
    };
    let enclave = Enclave::boot(&world.pki, "translator");
    enclave.refused(&world).await;
    assert_eq!(list(&world).await, [], "what was refused is not known");
    world.admit(&enclave).await;
    let first_seen = world.now();
    enclave.admitted(&world).await;
    world.advance(std::time::Duration::from_secs(60));
    enclave.admitted(&world).await;
    let machines = list(&world).await;
    let [machine] = machines.as_slice() else { panic!("{machines:?}") };
    assert!(machine.id.starts_with("chip "), "{}", machine.id);
    assert_eq!((machine.tee.as_str(), machine.simulated), ("snp", true));
    assert_eq!(machine.first_seen_at, first_seen.as_secs());
    assert_eq!(machine.last_seen_at, world.now().as_secs());
    let attested: Machine = serde_json::from_str(&machine.attested).unwrap();
    assert_eq!((attested.id(), attested.last_seen), (machine.id.clone(), world.now()));
    assert!(matches!(attested.tcb, MachineTcb::Snp { .. }));
    world.restart().await;
    assert_eq!(list(&world).await, machines, "the record outlives the service");
}

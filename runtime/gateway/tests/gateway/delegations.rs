//! Requests that are made for somebody else, over runtimes of one trust domain.

mod mesh;

use std::time::Duration;

use cloister_channel::delegation::{DelegationId, Grant};
use http::{HeaderMap, Response, StatusCode};

use crate::network::{EVERYTHING, json_of};
use mesh::{MESSAGE, Mesh};

fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// What an agent that was called saw last.
fn seen(mesh: &Mesh, agent: &str) -> HeaderMap {
    mesh.agent(agent).seen().last().unwrap().headers.clone()
}

/// The code that the local agent is told, and the status.
async fn refusal(response: Response<cloister_gateway::Body>) -> (StatusCode, String) {
    let (status, answer) = json_of(response).await;
    (status, answer["error"]["data"][0]["metadata"]["code"].as_str().unwrap_or("none").to_owned())
}

/// The planner lets the translator act; the handle that the translator's agent has for it.
async fn begun(mesh: &Mesh, scope: &str) -> String {
    let response = mesh.call("planner", "translator", &[("cloister-scope", scope)]).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    said(&seen(mesh, "translator"), "cloister-delegation").unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_lets_a_peer_act_for_it_and_both_ends_have_that_on_record() {
    let mesh = Mesh::open(EVERYTHING).await;
    begun(&mesh, "translate").await;
    let headers = seen(&mesh, "translator");
    for (name, value) in [
        ("cloister-peer-agent", "planner"),
        ("cloister-peer-scope", "translate"),
        ("cloister-origin-agent", "planner"),
        ("cloister-origin-trust-domain", "example.org"),
        ("cloister-origin-principal", "example.org"),
    ] {
        assert_eq!(said(&headers, name), Some(value), "{name}");
    }
    let [sent, received] = [mesh.calling("planner"), mesh.called("translator")];
    let sent = sent.operations().pop().unwrap().delegation.unwrap();
    assert_eq!((sent.agent.as_str(), &*sent.scope), ("planner", &["translate".to_owned()][..]));
    assert_eq!(received.operations().pop().unwrap().delegation, Some(sent));
}

#[tokio::test]
async fn what_was_passed_on_is_passed_on_with_its_origin_and_no_more_of_it() {
    let mesh = Mesh::open(EVERYTHING).await;
    let handle = begun(&mesh, "translate summarise").await;
    let passed = [("cloister-delegation", handle.as_str()), ("cloister-scope", "summarise")];
    let response = mesh.call("translator", "printer", &passed).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let headers = seen(&mesh, "printer");
    assert_eq!(said(&headers, "cloister-peer-agent"), Some("translator"));
    assert_eq!(said(&headers, "cloister-origin-agent"), Some("planner"));
    assert_eq!(said(&headers, "cloister-peer-scope"), Some("summarise"));
    assert_ne!(said(&headers, "cloister-delegation"), Some(handle.as_str()));
    // Without a scope of its own, the handle passes on all that it names.
    mesh.call("translator", "printer", &[("cloister-delegation", &handle)]).await;
    assert_eq!(said(&seen(&mesh, "printer"), "cloister-peer-scope"), Some("translate,summarise"));
}

#[tokio::test]
async fn without_a_handle_or_a_scope_an_agent_acts_for_itself() {
    let mesh = Mesh::open(EVERYTHING).await;
    begun(&mesh, "translate").await;
    let alike = [("cloister-origin-agent", "planner"), ("cloister-peer-scope", "everything")];
    mesh.call("translator", "printer", &alike).await;
    let headers = seen(&mesh, "printer");
    for name in ["cloister-delegation", "cloister-origin-agent", "cloister-scope"] {
        assert_eq!(said(&headers, name), None, "{name}");
    }
    assert_eq!(said(&headers, "cloister-peer-scope"), Some("translate,summarise"));
    assert_eq!(mesh.called("printer").operations().pop().unwrap().delegation, None);
}

#[tokio::test]
async fn more_than_there_is_and_handles_that_name_nothing_go_nowhere() {
    let mesh = Mesh::open(EVERYTHING).await;
    let handle = begun(&mesh, "translate").await;
    let before = mesh.agent("printer").seen().len();
    let of_another_runtime = "0".repeat(48);
    for (headers, status, code) in [
        (&[("cloister-scope", "admin")][..], 403, "delegation.scope"),
        // The translator's own lease has it, and it was not passed on.
        (
            &[("cloister-delegation", handle.as_str()), ("cloister-scope", "summarise")],
            403,
            "delegation.scope",
        ),
        (&[("cloister-delegation", &of_another_runtime)], 403, "gateway.delegation.handle"),
        (
            &[("cloister-scope", "translate"), ("cloister-scope", "summarise")],
            400,
            "gateway.delegation.header",
        ),
        (&[("cloister-scope", "%zz")], 400, "gateway.delegation.header"),
    ] {
        let response = mesh.call("translator", "printer", headers).await;
        // JSON-RPC says it inside.
        let (http, told) = refusal(response).await;
        assert_eq!((http.as_u16(), told.as_str()), (200, code), "{status}");
    }
    // The way back to whoever passed it on.
    let back = mesh.call("translator", "planner", &[("cloister-delegation", &handle)]).await;
    assert_eq!(refusal(back).await.1, "delegation.chain");
    assert_eq!(mesh.agent("printer").seen().len(), before, "something was delivered");
}

#[tokio::test]
async fn a_chain_that_a_peer_forges_steals_or_presents_too_late_delivers_nothing() {
    let mesh = Mesh::open(EVERYTHING).await;
    let audience = mesh.credentials("translator").lease().claims().spiffe_id();
    let id = DelegationId::new([5; 16]);
    let not_after = mesh.now().plus(Duration::from_secs(60));
    let grant = Grant { audience: &audience, scope: None, not_after, id };
    let chain = grant.begin(mesh.credentials("planner")).unwrap();
    let before = mesh.agent("translator").seen().len();
    let present = async |by: &str, chain: &[u8]| {
        let response = mesh.present(by, "translator", chain).await;
        let (_, answer) = json_of(response).await;
        answer["error"]["code"].as_i64()
    };
    assert_eq!(present("printer", &chain).await, Some(-31403), "presented by a third peer");
    let mut altered = chain.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    assert_eq!(present("planner", &altered).await, Some(-31403));
    assert_eq!(present("planner", b"not a chain").await, Some(-31403));
    assert_eq!(mesh.agent("translator").seen().len(), before);
    assert_eq!(present("planner", &chain).await, None, "and the genuine one is good");
    mesh.pass(Duration::from_secs(60));
    assert_eq!(present("planner", &chain).await, Some(-31403), "its time is over");
    assert_eq!(mesh.agent("translator").seen().len(), before + 1);
    let on_record = mesh.called("translator").operations().into_iter();
    let reasons: Vec<String> = on_record.map(|operation| operation.verdict.reason).collect();
    let refused = "delegation";
    assert_eq!(reasons, [refused, refused, refused, "permitted", refused]);
}

#[tokio::test]
async fn a_handle_ends_with_the_lease_of_its_origin_and_with_its_revocation() {
    let mesh = Mesh::open(EVERYTHING).await;
    let handle = begun(&mesh, "translate").await;
    let passed = [("cloister-delegation", handle.as_str())];
    assert_eq!(mesh.call("translator", "printer", &passed).await.status(), StatusCode::ACCEPTED);
    let before = mesh.agent("printer").seen().len();
    mesh.revoke("planner");
    let late = mesh.call("translator", "printer", &passed).await;
    assert_eq!(refusal(late).await.1, "lease.revoked");
    // Nor does a peer believe what a runtime presents that does not keep the rules.
    let audience = mesh.credentials("printer").lease().claims().spiffe_id();
    let (not_after, id) = (mesh.now().plus(Duration::from_secs(60)), DelegationId::new([5; 16]));
    let grant = Grant { audience: &audience, scope: None, not_after, id };
    let chain = grant.begin(mesh.credentials("planner")).unwrap();
    let (_, answer) = json_of(mesh.present("planner", "printer", &chain).await).await;
    assert_eq!(answer["error"]["code"], -31403);
    mesh.pass(Duration::from_secs(540));
    let late = mesh.call("translator", "printer", &passed).await;
    assert_eq!(refusal(late).await.1, "delegation.expired");
    assert_eq!(mesh.agent("printer").seen().len(), before);
    let on_record = mesh.calling("translator").operations();
    let denied = on_record.iter().filter(|operation| !operation.verdict.permitted);
    assert_eq!(denied.map(|it| it.verdict.reason.as_str()).collect::<Vec<_>>(), ["delegation"; 2]);
}

#[tokio::test]
async fn policy_decides_over_the_origin_and_over_what_was_passed_on() {
    let mesh = Mesh::open(
        r#"
        permit(principal, action == Action::"connect", resource);
        permit(principal, action == Action::"card", resource);
        permit(principal, action, resource) when { context.direction == Direction::"outbound" };
        permit(principal, action == Action::"send", resource == Agent::"translator");
        permit(principal == Agent::"translator", action == Action::"send", resource == Agent::"printer")
        when {
            context.delegated && context has on_behalf_of && context.on_behalf_of == Agent::"planner"
            && context.scope.contains("summarise")
        };
        "#,
    )
    .await;
    let code = async |headers: &[(&str, &str)]| {
        let (_, answer) = json_of(mesh.call("translator", "printer", headers).await).await;
        answer["error"]["code"].as_i64()
    };
    assert_eq!(code(&[]).await, Some(-31403), "for itself");
    assert_eq!(code(&[("cloister-scope", "summarise")]).await, Some(-31403), "of its own scope");
    let handle = begun(&mesh, "translate,summarise").await;
    let passed = ("cloister-delegation", handle.as_str());
    assert_eq!(code(&[passed, ("cloister-scope", "translate")]).await, Some(-31403));
    assert_eq!(code(&[passed, ("cloister-scope", "summarise")]).await, None);
    let denied = mesh.called("printer").operations();
    let denied = denied.iter().filter(|operation| !operation.verdict.permitted);
    let origins: Vec<Option<String>> =
        denied.map(|operation| operation.delegation.as_ref().map(|it| it.agent.clone())).collect();
    assert_eq!(origins, [None, Some("translator".into()), Some("planner".into())]);
    assert!(MESSAGE.contains("SendMessage"));
}

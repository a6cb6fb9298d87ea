//! The surface as an HTTP proxy for `http://NAME.cloister/`.

use cloister_gateway::empty;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::agent::Agent;
use crate::network::{Network, json_of};

/// What the surface answers to these bytes.
async fn raw(network: &Network, request: &str) -> String {
    let mut socket = TcpStream::connect(network.surface).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_agent_is_reached_by_its_host_in_both_forms() {
    let network = Network::open(Agent::echo().await).await;
    for (target, host) in [
        ("http://translator.cloister/a2a/rest/tasks/t?x=1", "translator.cloister"),
        ("http://Translator.Cloister:80/a2a/rest/tasks/t?x=1", "Translator.Cloister:80"),
        ("/a2a/rest/tasks/t?x=1", "translator.cloister"),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nproxy-authorization: Basic eDp5\r\n\
             proxy-connection: keep-alive\r\nconnection: close\r\n\r\n"
        );
        let answer = raw(&network, &request).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{target}: {answer}");
        let seen = network.agent.seen().pop().unwrap();
        assert_eq!(seen.uri.to_string(), "/a2a/rest/tasks/t?x=1");
        assert!(!seen.headers.keys().any(|name| name.as_str().starts_with("proxy-")));
    }
}

#[tokio::test]
async fn the_card_of_an_agent_leads_to_the_host_that_it_was_asked_by() {
    let network = Network::open(Agent::echo().await).await;
    let headers = [("host", "translator.cloister")];
    let path = "/.well-known/agent-card.json";
    let (status, card) = json_of(network.send("GET", path, &headers, empty()).await).await;
    assert_eq!(status, 200, "{card}");
    let url = &card["supportedInterfaces"][0]["url"];
    assert_eq!(url, "http://translator.cloister/a2a/jsonrpc");
}

#[tokio::test]
async fn nothing_else_is_proxied() {
    let network = Network::open(Agent::echo().await).await;
    for (request, status) in [
        ("GET http://evil.example/ HTTP/1.1\r\nhost: evil.example", 403),
        ("GET http://translator.cloister/a2a/rest/tasks/t HTTP/1.1\r\nhost: 127.0.0.1", 403),
        ("GET http://127.0.0.1/a2a/rest/tasks/t HTTP/1.1\r\nhost: translator.cloister", 403),
        (
            "GET http://x@translator.cloister/a2a/rest/tasks/t HTTP/1.1\r\nhost: translator.cloister",
            403,
        ),
        ("GET http://nobody.cloister/tasks/t HTTP/1.1\r\nhost: nobody.cloister", 404),
        ("GET http://translator.cloister/admin HTTP/1.1\r\nhost: translator.cloister", 404),
        (
            "GET http://translator.cloister/a2a/rest/tasks/t HTTP/1.1\r\nhost: translator.cloister\r\n\
             origin: http://translator.cloister",
            403,
        ),
        ("CONNECT translator.cloister:443 HTTP/1.1\r\nhost: translator.cloister:443", 400),
    ] {
        let answer = raw(&network, &format!("{request}\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
    }
    assert!(network.agent.seen().is_empty());
}

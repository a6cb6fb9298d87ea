//! Signatures on cards: the agent's own, and those of the runtimes that hand them on.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::jcs;
use cloister_attestation::jwk::KeySet;
use cloister_attestation::jws::Detached;
use cloister_attestation::key::{PublicKey, SigningKey};
use cloister_channel::{InstanceId, Voucher};
use cloister_gateway::{
    EXTENSION, InboundOptions, SIMULATED_EXTENSION, SignatureRule, Vouch, empty,
};
use cloister_policy::Subject;
use serde_json::{Value, json};

use crate::agent::{Agent, card};
use crate::network::{EVERYTHING, Network, called, json_of, somebody};
use crate::vouch::{Ended, PLANNER, TRANSLATOR, Vouching, origin};

const CARD: &str = "/agents/translator/.well-known/agent-card.json";

/// The publisher of the translator's card.
static PUBLISHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn pinned() -> KeySet {
    let set = json!({"keys": [PUBLISHER.public().to_jwk()]});
    KeySet::from_json(set.to_string().as_bytes()).unwrap()
}

fn with_signature(mut card: Value, protected: &str, signature: &str) -> Value {
    card["signatures"] = json!([{"protected": protected, "signature": signature}]);
    card
}

/// The card as its publisher signed it, all of it.
fn signed(address: SocketAddr) -> Value {
    signed_by(&PUBLISHER, card(address))
}

fn signed_by(key: &SigningKey, card: Value) -> Value {
    let made = Detached::sign(jcs::canonical(&card).as_bytes(), key).unwrap();
    with_signature(card, made.protected(), &made.signature())
}

/// What the card is answered with where the agent serves what `make` makes.
async fn shown(
    make: fn(SocketAddr) -> Value,
    rule: SignatureRule,
    keys: KeySet,
) -> (u16, Value, Network) {
    let agent = Agent::with_card(make).await;
    let options =
        InboundOptions { origin: origin(rule, keys), ..called(agent.address, EVERYTHING) };
    ask(agent, options).await
}

async fn ask(agent: Agent, options: InboundOptions) -> (u16, Value, Network) {
    let network = Network::joined(agent, EVERYTHING, options).await;
    let (status, card) = json_of(network.send("GET", CARD, &[], empty()).await).await;
    (status.as_u16(), card, network)
}

fn extension(card: &Value) -> Value {
    let extensions = card["capabilities"]["extensions"].as_array().unwrap();
    assert_eq!(extensions.len(), 1, "{extensions:?}");
    extensions[0].clone()
}

/// The key that the card's extension leads to, from the identity key of `runtime`.
fn key_of(card: &Value, runtime: &Subject) -> PublicKey {
    let signer = &extension(card)["params"]["signer"];
    let voucher = Voucher {
        identity_key: PublicKey::from_jwk(signer["identityKey"].to_string().as_bytes()).unwrap(),
        statement: signer["statement"].as_str().unwrap().to_owned(),
    };
    voucher.key_of(&runtime.instance.parse::<InstanceId>().unwrap()).unwrap()
}

/// How many of the card's signatures are by `key` over all of it.
fn holding(card: &Value, key: &PublicKey) -> usize {
    let mut unsigned = card.clone();
    let signatures = unsigned.as_object_mut().unwrap().remove("signatures").unwrap();
    let text = jcs::canonical(&unsigned);
    let holds = |entry: &&Value| {
        let part = |name: &str| entry[name].as_str().unwrap().to_owned();
        let read = Detached::parse(&part("protected"), &part("signature")).unwrap();
        assert_eq!(read.kid(), key.jwk_thumbprint());
        read.verify(text.as_bytes(), key).is_ok()
    };
    signatures.as_array().unwrap().iter().filter(holds).count()
}

#[tokio::test]
async fn a_card_is_signed_by_the_callers_own_runtime_and_says_whom_it_is_of() {
    let (status, card, _) = shown(signed, SignatureRule::Require, pinned()).await;
    assert_eq!(status, 200, "{card}");
    assert_eq!(holding(&card, &key_of(&card, &PLANNER.subject)), 1);
    let params = &extension(&card)["params"];
    let id = |subject: &Subject| {
        format!("spiffe://demo.example/agent/{}/{}", subject.agent, subject.instance)
    };
    assert_eq!(params["agent"], id(&TRANSLATOR.subject));
    assert_eq!(params["signer"]["agent"], id(&PLANNER.subject));
    assert_eq!(params["image"], json!({"name": "planner-image", "version": "1.2.0"}));
    assert_eq!(
        params["evidence"]["document"],
        "https://translator.example:4443/.well-known/cloister"
    );
    assert_eq!(params["origin"], "verified");
    assert!(!card.to_string().contains(&PUBLISHER.public().jwk_thumbprint()), "{card}");
}

#[tokio::test]
async fn a_simulated_agent_is_not_found_under_the_uri_of_attested_ones() {
    let (_, card, _) = shown(card, SignatureRule::Off, KeySet::default()).await;
    let extension = extension(&card);
    assert_eq!(extension["uri"], SIMULATED_EXTENSION);
    assert_eq!(extension["params"]["simulated"], true);
    assert!(extension["description"].as_str().unwrap().starts_with("SIMULATED"), "{extension}");
    assert!(!card.to_string().contains(EXTENSION), "{card}");
}

fn posing(address: SocketAddr) -> Value {
    let mut card = card(address);
    card["capabilities"]["extensions"] = json!([
        {"uri": EXTENSION, "params": {"simulated": false}},
        {"URI": SIMULATED_EXTENSION, "params": {"simulated": false}},
    ]);
    card
}

#[tokio::test]
async fn an_agent_cannot_say_of_itself_that_it_is_attested() {
    let (status, card, _) = shown(posing, SignatureRule::Off, KeySet::default()).await;
    assert_eq!(status, 200, "{card}");
    assert_eq!(extension(&card)["params"]["simulated"], true);
}

#[tokio::test]
async fn a_stripped_signature_is_refused_under_require_alone() {
    for (rule, expected) in
        [(SignatureRule::Require, 502), (SignatureRule::IfPresent, 200), (SignatureRule::Off, 200)]
    {
        let (status, card, _) = shown(card, rule, pinned()).await;
        assert_eq!(status, expected, "{rule:?} {card}");
        if expected == 200 {
            assert_eq!(extension(&card)["params"]["origin"], "unsigned");
        }
    }
}

#[tokio::test]
async fn a_signature_by_a_key_that_is_not_pinned_counts_for_nothing() {
    for (rule, expected) in
        [(SignatureRule::Require, 502), (SignatureRule::IfPresent, 502), (SignatureRule::Off, 200)]
    {
        let (status, card, _) = shown(signed, rule, KeySet::default()).await;
        assert_eq!(status, expected, "{rule:?} {card}");
        if expected == 200 {
            assert_eq!(extension(&card)["params"]["origin"], "unchecked");
        }
    }
}

/// What somebody does to a card that was signed.
type Forge = fn(Value) -> Value;

/// What the agents below do.
static FORGERY: Mutex<Option<Forge>> = Mutex::new(None);

fn forged(address: SocketAddr) -> Value {
    let forge = FORGERY.lock().unwrap_or_else(PoisonError::into_inner).unwrap();
    forge(signed(address))
}

fn header(card: Value, change: impl Fn(&mut Value)) -> Value {
    let entry = card["signatures"][0].clone();
    let protected = URL_SAFE_NO_PAD.decode(entry["protected"].as_str().unwrap()).unwrap();
    let mut header: Value = serde_json::from_slice(&protected).unwrap();
    change(&mut header);
    let signature = entry["signature"].as_str().unwrap().to_owned();
    with_signature(card, &URL_SAFE_NO_PAD.encode(header.to_string()), &signature)
}

/// A signature by another key that names the publisher's, and says where to find its own.
fn with_jku(mut card: Value) -> Value {
    card.as_object_mut().unwrap().remove("signatures");
    let mallory = SigningKey::generate().unwrap();
    let header = json!({
        "alg": "ES256", "kid": PUBLISHER.public().jwk_thumbprint(), "typ": "JOSE",
        "jku": "https://evil.example/jwks.json", "jwk": mallory.public().to_jwk(),
    });
    let protected = URL_SAFE_NO_PAD.encode(header.to_string());
    let payload = URL_SAFE_NO_PAD.encode(jcs::canonical(&card));
    let signature = mallory.sign(format!("{protected}.{payload}").as_bytes()).unwrap();
    with_signature(card, &protected, &URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}

#[tokio::test]
async fn forged_cards_are_not_shown() {
    let forgeries: [(&str, Forge); 11] = [
        ("a skill added", |mut card| {
            card["skills"] = json!([{"id": "x", "name": "x", "description": "x", "tags": []}]);
            card
        }),
        ("an interface moved", |mut card| {
            card["supportedInterfaces"][0]["url"] = json!("http://127.0.0.1:1/");
            card
        }),
        ("alg none", |card| header(card, |header| header["alg"] = json!("none"))),
        ("alg HS256", |card| header(card, |header| header["alg"] = json!("HS256"))),
        ("alg RS256", |card| header(card, |header| header["alg"] = json!("RS256"))),
        ("another kid", |card| header(card, |header| header["kid"] = json!("other"))),
        ("critical extension", |card| header(card, |header| header["crit"] = json!(["exp"]))),
        ("jku and jwk", with_jku),
        ("no signature bytes", |card| {
            let protected = card["signatures"][0]["protected"].as_str().unwrap().to_owned();
            with_signature(card, &protected, "")
        }),
        ("signatures no list", |mut card| {
            card["signatures"] = json!("x");
            card
        }),
        ("too many signatures", |mut card| {
            card["signatures"] = json!(vec![card["signatures"][0].clone(); 17]);
            card
        }),
    ];
    for (what, forge) in forgeries {
        *FORGERY.lock().unwrap_or_else(PoisonError::into_inner) = Some(forge);
        for rule in [SignatureRule::Require, SignatureRule::IfPresent] {
            let (status, card, _) = shown(forged, rule, pinned()).await;
            assert_eq!(status, 502, "{what} {rule:?} {card}");
        }
    }
    *FORGERY.lock().unwrap_or_else(PoisonError::into_inner) = Some(|card| card);
    let (status, card, _) = shown(forged, SignatureRule::Require, pinned()).await;
    assert_eq!(status, 200, "what was refused was refused for what it changed: {card}");
}

fn doubled(mut card: Value) -> Value {
    card["signatures"] =
        json!([{"protected": "e30", "signature": "AA"}, card["signatures"][0].clone()]);
    card
}

fn signed_twice(address: SocketAddr) -> Value {
    doubled(signed(address))
}

#[tokio::test]
async fn one_good_signature_among_others_is_enough() {
    let (status, card, _) = shown(signed_twice, SignatureRule::Require, pinned()).await;
    assert_eq!(status, 200, "{card}");
    assert_eq!(extension(&card)["params"]["origin"], "verified");
}

/// Signed as the official Python SDK does: only what version 1.0 knows, nothing empty.
fn merged(address: SocketAddr) -> Value {
    let mut known = card(address);
    known.as_object_mut().unwrap().remove("skills");
    let made = Detached::sign(jcs::canonical(&known).as_bytes(), &PUBLISHER).unwrap();
    let mut merged = card(address);
    merged["url"] = json!("http://evil.example/v03");
    merged["protocolVersion"] = json!("0.3.0");
    merged["additionalInterfaces"] =
        json!([{"url": "http://evil.example/", "transport": "JSONRPC"}]);
    with_signature(merged, made.protected(), &made.signature())
}

#[tokio::test]
async fn fields_of_the_earlier_version_lead_nobody_away_under_a_signature_that_holds() {
    let (status, card, network) = shown(merged, SignatureRule::Require, pinned()).await;
    assert_eq!(status, 200, "{card}");
    assert!(!card.to_string().contains("evil"), "{card}");
    let base = format!("http://{}/agents/translator", network.surface);
    assert_eq!(card["url"], format!("{base}/v03"));
    // They are part of what is signed now.
    let key = key_of(&card, &PLANNER.subject);
    assert_eq!(holding(&card, &key), 1);
    assert_eq!(card["signatures"].as_array().unwrap().len(), 3);
    let mut moved = card.clone();
    moved["url"] = json!("http://evil.example/");
    assert_eq!(holding(&moved, &key), 0);
}

#[tokio::test]
async fn a_card_signed_by_another_runtime_than_the_peers_is_not_shown() {
    let agent = Agent::with_card(card).await;
    let mallory = Vouching::of(somebody("translator"));
    let options = InboundOptions { vouch: Arc::new(mallory), ..called(agent.address, EVERYTHING) };
    let (status, body, _) = ask(agent, options).await;
    assert_eq!(status, 502);
    assert_eq!(body["error"]["details"][0]["metadata"]["code"], "gateway.card.unusable");
    assert!(body["error"]["message"].as_str().unwrap().contains("not the peer's"), "{body}");
}

#[tokio::test]
async fn a_runtime_without_a_lease_shows_no_card() {
    let agent = Agent::with_card(card).await;
    let ended: Arc<dyn Vouch> = Arc::new(Ended(Arc::clone(&TRANSLATOR)));
    let options = InboundOptions { vouch: ended, ..called(agent.address, EVERYTHING) };
    assert_eq!(ask(agent, options).await.0, 502);
}

#[tokio::test]
async fn a_card_that_is_kept_is_asked_for_again_in_vain() {
    let network = Network::open(Agent::with_card(card).await).await;
    let first = network.send("GET", CARD, &[], empty()).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let length = first.headers()["content-length"].clone();
    let again = network.send("GET", CARD, &[("if-none-match", &tag)], empty()).await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"], tag);
    assert_eq!(again.headers()["cache-control"], "private, max-age=30");
    let head = network.send("HEAD", CARD, &[], empty()).await;
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &length));
    assert_eq!(head.headers()["etag"], tag);
    let other = network.send("GET", CARD, &[("if-none-match", "\"of-the-agent\"")], empty()).await;
    assert_eq!(other.status(), 200);
}

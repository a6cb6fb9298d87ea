use std::sync::Arc;
use std::time::Duration;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::jwk::KeySet;
use cloister_attestation::result::Tier;
use cloister_attestation::time::UnixTime;
use cloister_channel::{CardSigner, IdentityKey};
use cloister_policy::Subject;
use proptest::prelude::*;
use serde_json::Value;

use super::super::decode::decoded;
use super::super::{
    Attested, CardError, Front, OriginPolicy, Plan, SignatureRule, Vouch, show::Source,
};
use super::{entries, put};
use crate::operation::{V0_3, V1_0};

/// A card as the official Python SDK writes it, and a field that no version has.
const CARD: &str = "0a02c39c1201641a1d0a0d31302e302e302e373a393030311204475250431a01742203312e301a290a13687474703a2f2f31302e302e302e372f6f776e120d68747470733a2f2f782f6f776e2203312e301a280a18687474703a2f2f31302e302e302e373a393030302f72706312074a534f4e5250432203302e332a01313a3d080110001a370a0575726e3a78222e0a230a0161121e321c0a0911000000000000f83f0a0208000a0b2a090a070a0162120220010a070a017a12021a0042120a016b120d0a0b12066865616465721a0158421e0a016f12191a17121512130a0968747470733a2f2f741a060a01731201534a110a050a016512000a080a016b12030a0161520a746578742f706c61696e5a0a746578742f706c61696e620c0a016912016e1a01642201746a090a036533301202414172009a06036e6577";

/// The same as the SDK says it in JSON.
const JSON: &str = r#"{"capabilities":{"extensions":[{"params":{"a":[1.5,null,{"b":true}],"z":""},"uri":"urn:x"}],"pushNotifications":false,"streaming":true},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"description":"d","iconUrl":"","name":"Ü","securityRequirements":[{"schemes":{"e":{},"k":{"list":["a"]}}}],"securitySchemes":{"k":{"apiKeySecurityScheme":{"location":"header","name":"X"}},"o":{"oauth2SecurityScheme":{"flows":{"clientCredentials":{"scopes":{"s":"S"},"tokenUrl":"https://t"}}}}},"signatures":[{"protected":"e30","signature":"AA"}],"skills":[{"description":"d","id":"i","name":"n","tags":["t"]}],"supportedInterfaces":[{"protocolBinding":"GRPC","protocolVersion":"1.0","tenant":"t","url":"10.0.0.7:9001"},{"protocolBinding":"https://x/own","protocolVersion":"1.0","url":"http://10.0.0.7/own"},{"protocolBinding":"JSONRPC","protocolVersion":"0.3","url":"http://10.0.0.7:9000/rpc"}],"version":"1"}"#;

/// A card of version 0.3, from the same SDK.
const EARLIER: &str = "0a034f6c641a13687474703a2f2f31302e302e302e372f763033720d68747470733a2f2f782f6f776e7a150a0d31302e302e302e373a39303031120447525043820105302e332e308a01090a0365333012024141";

const UNKNOWN: &[u8] = &[0x9a, 0x06, 0x03, b'n', b'e', b'w'];

#[derive(Debug)]
struct Runtime {
    signer: CardSigner,
    subject: Arc<Subject>,
}

impl Runtime {
    fn new(agent: &str) -> Arc<Self> {
        let identity = IdentityKey::generate().unwrap();
        let signer = CardSigner::generate(&identity).unwrap();
        let subject = Subject {
            agent: agent.into(),
            trust_domain: "demo.example".into(),
            instance: identity.instance().to_string(),
            principal: "p".into(),
            scope: Vec::new(),
            image: "image".into(),
            version: "1".into(),
            tee: Tee::Tdx,
            simulated: false,
            tier: Tier::Affirming,
            tcb_status: None,
            region_claim: None,
            on_behalf_of: None,
        };
        Arc::new(Self { signer, subject: Arc::new(subject) })
    }
}

impl Vouch for Runtime {
    fn attested(&self) -> Option<Attested> {
        Some(Attested {
            subject: Arc::clone(&self.subject),
            lease: Digest48::sha384(b"lease"),
            expires_at: UnixTime::from_secs(2_000_000_000),
            remaining: Duration::from_secs(60),
            document: "https://d".to_owned(),
        })
    }

    fn signer(&self) -> &CardSigner {
        &self.signer
    }
}

fn at(base: &str, grpc: &str) -> Front {
    Front { base: base.to_owned(), grpc: Some(grpc.to_owned()) }
}

/// How the callee's runtime hands a card on.
fn called(runtime: &Arc<Runtime>, rule: SignatureRule) -> Plan {
    let source = Source::Agent(Arc::new(OriginPolicy { rule, keys: KeySet::default() }));
    let front = at("https://translator.cloister", "translator.cloister:443");
    let vouch: Arc<dyn Vouch> = runtime.clone();
    Plan { source, front, vouch: Some(vouch) }
}

/// How the caller's runtime hands on a card of `peer`.
fn calling(runtime: &Arc<Runtime>, peer: &Runtime) -> Plan {
    let source = Source::Peer(Arc::clone(&peer.subject));
    let front = at("http://127.0.0.1:4600/agents/translator", "127.80.7.1:4600");
    let vouch: Arc<dyn Vouch> = runtime.clone();
    Plan { source, front, vouch: Some(vouch) }
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

#[test]
fn a_card_says_in_json_what_the_official_sdk_says() {
    let expected: Value = serde_json::from_str(JSON).unwrap();
    assert_eq!(decoded(&bytes(CARD)).unwrap(), expected);
}

#[test]
fn a_card_crosses_two_runtimes_and_each_signs_what_it_shows() {
    let (caller, callee) = (Runtime::new("planner"), Runtime::new("translator"));
    let crossed = called(&callee, SignatureRule::Off).show_protobuf(&bytes(CARD), V1_0).unwrap();
    let shown = calling(&caller, &callee).show_protobuf(&crossed, V1_0).unwrap();
    for card in [&crossed, &shown] {
        assert!(card.windows(UNKNOWN.len()).any(|window| window == UNKNOWN));
        assert!(!String::from_utf8_lossy(card).contains("10.0.0.7"));
    }
    let card = decoded(&shown).unwrap();
    let interfaces = card["supportedInterfaces"].as_array().unwrap();
    assert_eq!(interfaces.len(), 2, "{interfaces:?}");
    assert_eq!(
        (&interfaces[0]["url"], &interfaces[0]["tenant"]),
        (&"127.80.7.1:4600".into(), &"t".into())
    );
    assert_eq!(interfaces[1]["url"], "http://127.0.0.1:4600/agents/translator/rpc");
    let extensions = card["capabilities"]["extensions"].as_array().unwrap();
    assert_eq!(extensions.len(), 2, "{extensions:?}");
    assert_eq!(extensions[1]["params"]["simulated"], false);
    assert_eq!(extensions[1]["params"]["origin"], "unchecked");
    // Whoever calls the caller would believe the same of it.
    assert!(calling(&callee, &caller).show_protobuf(&shown, V1_0).is_ok());
}

#[test]
fn a_card_that_was_changed_on_the_way_or_is_of_another_runtime_is_not_shown() {
    let (caller, callee) = (Runtime::new("planner"), Runtime::new("translator"));
    let crossed = called(&callee, SignatureRule::Off).show_protobuf(&bytes(CARD), V1_0).unwrap();
    let at = crossed.windows(3).position(|window| window == b"/rp").unwrap();
    let mut changed = crossed.clone();
    changed[at + 1] = b'x';
    let show = |peer: &Runtime, card: &[u8]| calling(&caller, peer).show_protobuf(card, V1_0);
    assert_eq!(show(&callee, &changed), Err(CardError::Signature));
    assert_eq!(show(&Runtime::new("translator"), &crossed), Err(CardError::Voucher));
    assert_eq!(show(&callee, &bytes(CARD)), Err(CardError::Voucher));
    assert!(show(&callee, &crossed).is_ok());
}

#[test]
fn signatures_of_an_agent_that_nobody_can_verify_are_refused() {
    let callee = Runtime::new("translator");
    for version in [V1_0, V0_3] {
        let card = if version == V1_0 { bytes(CARD) } else { bytes(EARLIER) };
        let shown = |rule| called(&callee, rule).show_protobuf(&card, version);
        assert_eq!(shown(SignatureRule::IfPresent), Err(CardError::Signature), "{version}");
        assert!(shown(SignatureRule::Require).is_err(), "{version}");
        assert!(shown(SignatureRule::Off).is_ok(), "{version}");
    }
}

#[test]
fn an_earlier_card_leads_through_the_gateway_and_is_not_signed() {
    let callee = Runtime::new("translator");
    let plan = called(&callee, SignatureRule::Off);
    let shown = plan.show_protobuf(&bytes(EARLIER), V0_3).unwrap();
    let text = String::from_utf8_lossy(&shown).into_owned();
    assert!(!text.contains("10.0.0.7") && !text.contains("own"), "{text}");
    assert!(!entries(&shown).unwrap().iter().any(|field| field.number == 17));
    assert_eq!(plan.show_protobuf(&shown, V0_3).unwrap(), shown);
}

#[test]
fn fields_that_come_twice_are_refused() {
    let callee = Runtime::new("translator");
    let twice = |number: u32, value: &[u8]| {
        let mut card = bytes(CARD);
        put(&mut card, number, value);
        called(&callee, SignatureRule::Off).show_protobuf(&card, V1_0)
    };
    for number in [1, 7] {
        assert_eq!(twice(number, b""), Err(CardError::Protobuf), "{number}");
    }
    assert_eq!(twice(3, b"\x0a\x01a\x0a\x01b"), Err(CardError::Protobuf));
}

#[test]
fn a_card_that_breaks_off_anywhere_is_refused_or_has_whole_fields() {
    let card = bytes(CARD);
    let starts: Vec<usize> = entries(&card)
        .unwrap()
        .iter()
        .scan(0, |at, field| {
            *at += field.whole.len();
            Some(*at)
        })
        .collect();
    for end in 1..card.len() {
        assert_eq!(entries(&card[..end]).is_ok(), starts.contains(&end), "{end}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_fields_are_all_of_the_bytes(noise in prop::collection::vec(any::<u8>(), 0..96)) {
        if let Ok(fields) = entries(&noise) {
            let whole: Vec<u8> = fields.iter().flat_map(|field| field.whole).copied().collect();
            prop_assert_eq!(&whole, &noise);
        }
        drop(decoded(&noise));
        let callee = Runtime::new("translator");
        for version in [V1_0, V0_3] {
            drop(called(&callee, SignatureRule::Off).show_protobuf(&noise, version));
        }
    }
}

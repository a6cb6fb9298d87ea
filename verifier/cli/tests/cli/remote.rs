//! `cloister verify`: a runtime that is asked what it is, honest and otherwise.

use std::net::TcpListener;

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::manifest::Manifest;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_channel::trust::Revocation;
use cloister_domain::world::World;
use cloister_simulator::{Guest, Pki, ProcessImage};
use serde_json::Value;

use crate::bundle::publisher;
use crate::program::{Run, cloister};
use crate::runtime::{Answer, Lie, Runtime, manifest, now, pem, pki};

/// Everything that can be at hand without asking a Verifier.
const ALL: [&str; 6] =
    ["--trust", "@bundle.json", "--reference", "@image.json", "--simulator-anchor", "@anchor.json"];

/// The checks of this code, by their state.
fn states<'a>(verdict: &'a Value, id: &str) -> Vec<&'a str> {
    let checks = verdict["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["id"] == id).map(|it| it["state"].as_str().unwrap()).collect()
}

fn failed(run: &Run) -> Vec<String> {
    assert_eq!(run.exit, 2, "{run:?}");
    failed_or_none(run)
}

fn failed_or_none(run: &Run) -> Vec<String> {
    let verdict = run.json();
    let checks = verdict["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["state"] == "fail")
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect()
}

const OWN: [&str; 10] = [
    "cli.remote.certificates",
    "cli.remote.chain",
    "cli.remote.lease",
    "binding.nonce",
    "binding.key",
    "cli.remote.instance",
    "binding.manifest",
    "cli.remote.connection",
    "cli.remote.agent",
    "binding.report_data",
];

#[test]
fn an_honest_runtime_is_acceptable_and_every_check_was_made() {
    let runtime = Runtime::honest();
    let run = runtime.verify(&ALL);
    assert_eq!(run.exit, 0, "{run:?}");
    let verdict = run.json();
    for id in OWN {
        let states = states(&verdict, id);
        assert!(
            !states.is_empty() && states.iter().all(|state| *state == "pass"),
            "{id}: {states:?}"
        );
    }
    assert_eq!(verdict["stages"]["appraise"], "warning");
    assert_eq!(verdict["simulated"], true);
    let connection = &verdict["connection"];
    assert_eq!(connection["key_exchange"], "X25519MLKEM768");
    assert_eq!(connection["spiffe_id"], runtime.claims.spiffe_id().to_string());
    assert_eq!(connection["lease"]["agent"], "translator");
    // A file cannot say what was revoked since.
    assert_eq!(states(&verdict, "cli.remote.revocation"), ["not_asserted"]);
    assert!(verdict["not_asserted"].as_array().unwrap().contains(&"cli.remote.revocation".into()));
}

#[test]
fn people_read_what_passed_what_is_open_and_that_it_was_simulated() {
    let run = Runtime::honest().run(&["--agent", "translator"], &ALL);
    assert_eq!(run.exit, 0, "{run:?}");
    for words in [
        "simulated: this says nothing about hardware",
        "passed      cli.remote.connection",
        "open        cli.remote.revocation",
        "nobody vouches for",
        "acceptable under the policy given",
        "image 1.2.3",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
}

#[test]
fn the_verifiers_certificate_alone_vouches_for_the_name_and_not_for_the_lease() {
    let run =
        Runtime::honest().verify(&["--trust", "@trust.pem", "--simulator-anchor", "@anchor.json"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let verdict = run.json();
    assert_eq!(states(&verdict, "cli.remote.chain"), ["pass"]);
    assert_eq!(states(&verdict, "cli.remote.agent"), ["pass"]);
    assert_eq!(states(&verdict, "cli.remote.lease"), ["not_asserted"]);
    assert_eq!(states(&verdict, "reference.match"), ["not_asserted"]);
    assert_eq!(verdict["connection"]["lease"], Value::Null);
}

#[test]
fn a_key_set_beside_the_certificate_vouches_for_the_lease_and_not_for_revocation() {
    let runtime = Runtime::honest();
    runtime.put_jwks("jwks.json", "lease");
    let words = ["--trust", "@trust.pem", "--jwks", "@jwks.json"];
    let anchor = ["--simulator-anchor", "@anchor.json"];
    let run = runtime.verify(&[&words[..], &anchor].concat());
    assert_eq!(run.exit, 0, "{run:?}");
    let verdict = run.json();
    assert_eq!(states(&verdict, "cli.remote.lease"), ["pass"]);
    assert_eq!(states(&verdict, "cli.remote.revocation"), ["not_asserted"]);
    // A set whose keys sign something else says nothing about leases.
    runtime.put_jwks("jwks.json", "result");
    assert_eq!(runtime.verify(&words).exit, 1);
    // Another Verifier's key did not sign this lease.
    let other = Runtime::honest();
    other.put_jwks("jwks.json", "lease");
    runtime.put("jwks.json", &std::fs::read(other.path("jwks.json")).unwrap());
    let run = runtime.verify(&[&words[..], &anchor].concat());
    assert_eq!(failed(&run), ["lease.unknown_key"]);
}

#[test]
fn what_a_td_does_not_carry_is_missing_and_can_be_fetched() {
    let runtime = Runtime::on_tdx();
    let run = runtime.verify(&ALL);
    assert_eq!(run.exit, 3, "{run:?}");
    let verdict = run.json();
    assert_eq!(verdict["stages"]["verify"], "incomplete");
    assert!(!verdict["missing"].as_array().unwrap().is_empty());
    assert!(states(&verdict, "cli.remote.connection") == ["pass"], "the rest is judged: {verdict}");

    let (_runtime, publisher) = publisher(&pki());
    let url = publisher.url();
    let fetch = ["--fetch", "--kds", &url, "--pcs", &url];
    let run = runtime.verify(&[&ALL[..], &fetch].concat());
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(run.json()["connection"]["lease"]["tee"], "tdx");
}

#[test]
fn reference_values_alone_vouch_for_the_name() {
    let run = Runtime::honest().verify(&[
        "--reference",
        "@image.json",
        "--simulator-anchor",
        "@anchor.json",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
    let verdict = run.json();
    assert_eq!(states(&verdict, "cli.remote.agent"), ["pass"]);
    for open in ["cli.remote.chain", "cli.remote.lease", "cli.remote.revocation"] {
        assert_eq!(states(&verdict, open), ["not_asserted"], "{open}");
    }
}

#[test]
fn a_name_that_nobody_vouches_for_is_no_conclusion() {
    let run = Runtime::honest().verify(&["--simulator-anchor", "@anchor.json"]);
    assert_eq!(run.exit, 3, "{run:?}");
    let verdict = run.json();
    assert_eq!(states(&verdict, "cli.remote.agent"), ["not_asserted"]);
    assert!(verdict["missing"][0]["what"].as_str().unwrap().contains("--trust"));
}

#[test]
fn a_simulator_that_is_not_named_is_refused() {
    let runtime = Runtime::honest();
    let run = runtime.verify(&["--trust", "@bundle.json", "--reference", "@image.json"]);
    let failed = failed(&run);
    assert!(failed.iter().any(|id| id == "lease.anchor"), "{failed:?}");
    assert!(failed.iter().any(|id| id.starts_with("snp.")), "{failed:?}");
    // Without a lease the Evidence alone is enough to refuse.
    assert_eq!(runtime.verify(&["--trust", "@trust.pem"]).exit, 2);
}

/// Each lie, and the one check that sees it.
const LIES: [(&str, Lie, &str); 13] = [
    ("Evidence for another nonce", |it| it.binding.nonce = Nonce::new([9; 32]), "binding.nonce"),
    (
        "Evidence for another connection",
        |it| it.binding.exporter = Some([9; 32]),
        "cli.remote.connection",
    ),
    ("Evidence for a lease", |it| it.binding.exporter = None, "cli.remote.connection"),
    (
        "Evidence for another channel key",
        |it| it.binding.channel_key = Digest48::sha384(b"other"),
        "binding.key",
    ),
    (
        "Evidence for another identity key",
        |it| it.binding.identity_key = Digest48::sha384(b"other"),
        "cli.remote.instance",
    ),
    (
        "Evidence for another manifest",
        |it| it.binding.manifest = Digest48::sha384(b"other"),
        "binding.manifest",
    ),
    (
        "another manifest than was measured",
        |it| {
            it.manifest = other_workload();
            it.binding.manifest = Manifest::digest(&it.manifest);
        },
        "reference.match",
    ),
    (
        "another agent's manifest",
        |it| {
            it.manifest = manifest("planner");
            it.binding.manifest = Manifest::digest(&it.manifest);
        },
        "cli.remote.agent",
    ),
    (
        "a binding that the hardware did not sign",
        |it| {
            it.afterwards = |envelope| {
                // The last byte is one of the exporter's.
                *envelope.binding.last_mut().unwrap() ^= 1;
            };
        },
        "binding.report_data",
    ),
    (
        "a report that was changed",
        |it| it.afterwards = |envelope| envelope.hardware[0x90] ^= 1,
        "snp.signature",
    ),
    ("a JWT that nobody signed", |it| it.lease_jwt.truncate(it.lease_jwt.len() - 8), "lease."),
    ("another lease than the certificate's", |it| it.lease[60] ^= 1, "cli.remote.lease"),
    (
        "other certificates than the connection's",
        |it| it.certificates[0][30] ^= 1,
        "cli.remote.certificates",
    ),
];

/// The agent's name is right, and nothing else.
fn other_workload() -> Vec<u8> {
    let mut manifest = Manifest::decode(&manifest("translator")).unwrap();
    manifest.principal = "mallory.example".to_owned();
    manifest.encode().unwrap()
}

#[test]
fn every_lie_is_seen_by_its_check() {
    let unseen = LIES.iter().filter(|(_, lie, id)| {
        let failed = failed_or_none(&Runtime::lying(*lie).verify(&ALL));
        !failed.iter().any(|failed| failed.starts_with(id))
    });
    let unseen: Vec<_> = unseen.map(|(what, _, _)| *what).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn evidence_of_another_machine_with_another_image_is_refused() {
    let run = Runtime::lying(|it| {
        let digest = |name: &str| Digest48::sha384(name.as_bytes());
        let image = ProcessImage {
            runtime: digest("other"),
            agent: digest("agent"),
            policy: digest("policy"),
            manifest: digest("manifest"),
        };
        let day = core::time::Duration::from_secs(24 * 60 * 60);
        let pki = Pki::from_seed("cloister tests", now().minus(day));
        it.guest = Some(Guest::snp(&pki, Product::Milan, &image));
    })
    .verify(&ALL);
    assert_eq!(failed(&run), ["reference.match"]);
}

#[test]
fn a_runtime_that_gives_no_evidence_is_no_conclusion() {
    let run = Runtime::lying(|it| it.guest = None).verify(&ALL);
    assert_eq!(run.exit, 3, "{run:?}");
    assert!(run.json()["missing"][0]["what"].as_str().unwrap().contains("Evidence"));
}

#[test]
fn another_agent_than_is_meant_is_refused() {
    let run = Runtime::honest().run(&["--json", "--agent", "planner"], &ALL);
    assert_eq!(failed(&run), ["cli.remote.agent"]);
}

#[test]
fn another_verifiers_runtime_is_refused() {
    let runtime = Runtime::honest();
    let other = World::new();
    runtime.put_bundle("other.json", &other, other.parts());
    let anchor = ["--simulator-anchor", "@anchor.json"];
    let run = runtime.verify(&[["--trust", "@other.json"], anchor].concat());
    let found = failed(&run);
    assert!(found.iter().any(|id| id == "lease.unknown_key"), "{found:?}");
    assert!(found.iter().any(|id| id == "svid.chain"), "{found:?}");
    runtime.put("other.pem", pem(other.ca.der()).as_bytes());
    let run = runtime.verify(&[["--trust", "@other.pem"], anchor].concat());
    assert_eq!(failed(&run), ["svid.chain"]);
}

#[test]
fn a_revoked_instance_is_refused() {
    let runtime = Runtime::honest();
    let mut parts = runtime.world.parts();
    let why = Revocation {
        agent: runtime.claims.agent.clone(),
        reason: "agent.quarantined".to_owned(),
        forget_after: runtime.claims.expires_at,
    };
    parts.revoked.push((runtime.claims.instance(), why));
    runtime.put_bundle("bundle.json", &runtime.world, parts);
    assert_eq!(failed(&runtime.verify(&ALL)), ["lease.revoked"]);
}

#[test]
fn a_lease_that_has_ended_is_refused() {
    let runtime = Runtime::with_lease(Answer::Document(|_| {}), |claims| {
        claims.issued_at = UnixTime::from_secs(now().as_secs() - 1200);
        claims.expires_at = UnixTime::from_secs(now().as_secs() - 600);
    });
    let found = failed(&runtime.verify(&ALL));
    assert!(found.iter().any(|id| id == "lease.expired"), "{found:?}");
    assert!(found.iter().any(|id| id == "svid.chain"), "{found:?}");
}

#[test]
fn a_busy_runtime_is_no_conclusion_and_says_when_to_ask_again() {
    let busy = Answer::Raw(429, "{\"message\":\"too often\\u001b[31m\"}");
    let run = Runtime::telling(busy).verify(&ALL);
    assert_eq!(run.exit, 3, "{run:?}");
    let error = &run.json()["error"];
    assert_eq!(error["id"], "cli.remote.declined");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("too often") && message.contains("ask again after 7 s"), "{message}");
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn what_is_no_document_is_refused() {
    for body in ["", "{}", "[]", "{\"profile\":\"tag:cloister.invalid,2026:document/1\"}"] {
        let run = Runtime::telling(Answer::Raw(200, body)).verify(&ALL);
        assert_eq!(run.exit, 2, "{run:?}");
        assert_eq!(run.json()["error"]["id"], "document.malformed");
    }
}

#[test]
fn nobody_there_is_no_conclusion() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("https://{closed}");
    let run = cloister(["verify", &url, "--agent", "translator", "--json"]);
    assert_eq!(run.exit, 3, "{run:?}");
    assert_eq!(run.json()["error"]["id"], "cli.remote.unreachable");
}

#[test]
fn arguments_of_no_use_are_misuse() {
    let runtime = Runtime::honest();
    runtime.put("garbage.pem", b"nothing");
    runtime.put("garbage.json", b"{\"trust_domain\":1}");
    for more in [
        ["--trust", "@garbage.pem"].as_slice(),
        &["--trust", "@garbage.json"],
        &["--trust", "@absent.pem"],
        &["--reference", "@garbage.json"],
        &["--verifier", "https://127.0.0.1:1"],
        &["--trust", "@bundle.json", "--verifier", "https://127.0.0.1:1"],
        &["--trust", "@trust.pem", "--verifier", "http://127.0.0.1:1"],
    ] {
        assert_eq!(runtime.verify(more).exit, 1, "{more:?}");
    }
    let signer = "00".repeat(48);
    let both = ["--fetch", "--bundle", "@b", "--bundle-signer", &signer];
    let run = runtime.run(&["--agent", "translator"], &both);
    assert!(run.exit == 1 && run.stderr.contains("cannot be used with"), "{run:?}");
    for url in ["http://127.0.0.1:1", "https://127.0.0.1:1/path", "127.0.0.1:1"] {
        assert_eq!(cloister(["verify", url, "--agent", "translator"]).exit, 1, "{url}");
    }
    assert_eq!(cloister(["verify", "https://127.0.0.1:1"]).exit, 1, "no agent is named");
    assert_eq!(cloister(["verify", "https://127.0.0.1:1", "--agent", "A b"]).exit, 1);
}

#[test]
fn a_verifier_that_does_not_answer_is_no_conclusion() {
    let runtime = Runtime::honest();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run =
        runtime.verify(&["--trust", "@trust.pem", "--verifier", &format!("https://{closed}")]);
    assert_eq!(run.exit, 3, "{run:?}");
    assert_eq!(run.json()["error"]["id"], "cli.verifier.unreachable");
}

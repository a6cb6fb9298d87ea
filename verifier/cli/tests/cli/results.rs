//! `cloister result`, and results that `cloister evidence verify` makes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::SigningKey;
use pem_rfc7468::LineEnding;
use serde_json::json;

use crate::azure::azure;
use crate::program::{Run, cloister};
use crate::simulated::{AT, Case};

const AUDIENCE: &str = "https://me.example";
const NONCE: &str = "000102030405060708090a0b0c0d0e0f";

/// A case with a key of its own, and a result made of it.
struct Made {
    case: Case,
    run: Run,
}

impl Made {
    fn of(case: Case, format: &str, more: &[&str]) -> Self {
        keys(&case, "verifier");
        let words = ["--ear", "--key", "--reference"].map(Path::new);
        let files = ["result", "verifier.key", "image.json"].map(|name| case.path(name));
        let mut arguments = Vec::new();
        words.iter().zip(&files).for_each(|(word, file)| arguments.extend([word, file.as_path()]));
        let rest = ["--audience", AUDIENCE, "--nonce", NONCE, "--format", format];
        arguments.extend(rest.iter().chain(more).map(Path::new));
        let run = case.verify(&arguments);
        Self { case, run }
    }

    /// `cloister result verify` with this audience and these words.
    fn verify(&self, audience: &str, more: &[&str]) -> Run {
        let path = |name: &str| self.case.path(name).to_str().unwrap().to_owned();
        let (result, key) = (path("result"), path("verifier.pem"));
        let words = [
            "result",
            "verify",
            "--json",
            &result,
            "--key",
            &key,
            "--audience",
            audience,
            "--at",
            AT,
        ];
        cloister(words.iter().chain(more))
    }
}

fn keys(case: &Case, name: &str) {
    let pkcs8 = SigningKey::generate_pkcs8().unwrap();
    let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
    let pem = |label, der: &[u8]| pem_rfc7468::encode_string(label, LineEnding::LF, der).unwrap();
    let private = format!("{name}.key");
    case.put(&private, pem("PRIVATE KEY", &pkcs8).as_bytes());
    fs::set_permissions(case.path(&private), Permissions::from_mode(0o600)).unwrap();
    case.put(&format!("{name}.pem"), pem("PUBLIC KEY", key.public().spki()).as_bytes());
}

#[test]
fn a_result_made_here_verifies_and_is_refused_as_simulated_unless_that_is_allowed() {
    for format in ["jwt", "cwt"] {
        for case in [Case::snp(), Case::tdx()] {
            let made = Made::of(case, format, &[]);
            assert_eq!(made.run.exit, 0, "{}", made.run.stdout);
            let refused = made.verify(AUDIENCE, &[]);
            let shown = refused.json();
            assert_eq!((refused.exit, &shown["verified"]), (2, &json!(true)), "{shown}");
            let submodule = &shown["submodules"]["runtime"];
            assert_eq!(submodule["status"], "warning");
            assert_eq!(submodule["facts"]["cloister.simulated"], true);
            assert_eq!(submodule["vector"]["hardware"]["value"], -33);
            assert_eq!(submodule["vector"]["executables"]["words"], "no claim");
            let allowed = made.verify(AUDIENCE, &["--allow-simulated", "--nonce", NONCE]);
            assert_eq!((allowed.exit, &allowed.json()["acceptable"]), (0, &json!(true)));
            let other = made.verify(AUDIENCE, &["--allow-warning"]);
            assert_eq!(other.exit, 2, "a simulator is no mere warning");
        }
    }
}

#[test]
fn a_result_about_a_guest_behind_azures_paravisor_says_so() {
    for format in ["jwt", "cwt"] {
        let made = Made::of(azure(), format, &[]);
        assert_eq!(made.run.exit, 0, "{}", made.run.stdout);
        let run = made.verify(AUDIENCE, &["--allow-simulated", "--nonce", NONCE]);
        let submodule = &run.json()["submodules"]["runtime"];
        assert_eq!((run.exit, &submodule["status"]), (0, &json!("warning")), "{submodule}");
        let facts = &submodule["facts"];
        assert_eq!(
            (&facts["cloister.tee"], &facts["cloister.route"]),
            (&json!("snp"), &json!("azure_vtpm"))
        );
        let open = facts["cloister.not-asserted"].as_array().unwrap();
        assert!(open.contains(&json!("appraise.hardware_owner")), "{open:?}");
        assert!(!open.contains(&json!("azure.paravisor")), "{open:?}");
    }
    let case = azure();
    let other = fs::read_to_string(case.path("image.json")).unwrap();
    let measurement = Digest48::sha384(b"paravisor").to_string();
    case.put("image.json", other.replace(&measurement, &"17".repeat(48)).as_bytes());
    let made = Made::of(case, "jwt", &[]);
    let run = made.verify(AUDIENCE, &["--allow-simulated", "--allow-warning"]);
    let submodule = &run.json()["submodules"]["runtime"];
    assert_eq!((run.exit, &submodule["status"]), (2, &json!("contraindicated")));
    assert_eq!(submodule["vector"]["hardware"]["value"], 97, "unknown firmware");
    assert_eq!(submodule["vector"]["executables"]["value"], 33);
    let failed = &submodule["facts"]["cloister.failed"];
    let expected = ["reference.match", "azure.paravisor"];
    assert!(expected.iter().all(|id| failed.as_array().unwrap().contains(&json!(id))), "{failed}");
}

#[test]
fn refuses_another_audience_nonce_key_and_time() {
    let made = Made::of(Case::snp(), "jwt", &[]);
    let refused = |run: Run, id: &str| {
        assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &json!(id)));
    };
    refused(made.verify("https://you.example", &["--allow-simulated"]), "result.audience");
    refused(made.verify(AUDIENCE, &["--nonce", "ffffffffffffffff"]), "result.nonce");
    keys(&made.case, "verifier");
    refused(made.verify(AUDIENCE, &["--allow-simulated"]), "result.unknown_key");
    let made = Made::of(Case::snp(), "cwt", &[]);
    for (at, id) in [
        ("2026-06-02T00:05:00Z", "result.expired"),
        ("2026-06-01T23:59:00Z", "result.not_yet_valid"),
    ] {
        let path = |name: &str| made.case.path(name).to_str().unwrap().to_owned();
        let (result, key) = (path("result"), path("verifier.pem"));
        let words = ["result", "verify", "--json", &result, "--key", &key];
        let run = cloister(words.into_iter().chain(["--audience", AUDIENCE, "--at", at]));
        refused(run, id);
    }
}

#[test]
fn refuses_a_result_with_one_byte_changed_and_what_is_no_result() {
    let made = Made::of(Case::snp(), "jwt", &[]);
    let mut token = fs::read(made.case.path("result")).unwrap();
    let middle = token.len() / 2;
    token[middle] = if token[middle] == b'A' { b'B' } else { b'A' };
    for bytes in [token.as_slice(), b"{}", b"", b"a.b.c"] {
        made.case.put("result", bytes);
        let run = made.verify(AUDIENCE, &["--allow-simulated"]);
        assert_eq!(run.exit, 2, "{}", run.stdout);
    }
}

#[test]
fn a_contraindicated_result_is_written_and_refused_whatever_is_allowed() {
    let case = Case::snp();
    let wrong = "00".repeat(64);
    let made = Made::of(case, "jwt", &["--report-data", &wrong]);
    assert_eq!((made.run.exit, &made.run.json()["ear"].is_string()), (2, &true));
    let run = made.verify(AUDIENCE, &["--allow-simulated", "--allow-warning"]);
    let submodule = &run.json()["submodules"]["runtime"];
    assert_eq!((run.exit, &submodule["status"]), (2, &json!("contraindicated")));
    assert_eq!(submodule["facts"]["cloister.failed"], json!(["binding.report_data"]));
}

#[test]
fn without_a_conclusion_nothing_is_written() {
    let made = Made::of(Case::snp().without("vcek.der"), "jwt", &[]);
    assert_eq!((made.run.exit, &made.run.json()["ear"]), (3, &json!(null)));
    assert!(!made.case.path("result").exists());
}

#[test]
fn misuse_names_the_key_the_set_or_the_word() {
    let made = Made::of(Case::snp(), "jwt", &[]);
    let path = |name: &str| made.case.path(name).to_str().unwrap().to_owned();
    let (result, private) = (path("result"), path("verifier.key"));
    let verify = |option: &str, file: &str| {
        cloister(["result", "verify", "--json", &result, option, file, "--audience", "a"])
    };
    let run = verify("--key", &private);
    assert_eq!(
        (run.exit, &run.json()["error"]["id"]),
        (1, &json!("key.malformed")),
        "a private key"
    );
    let run = verify("--jwks", &path("image.json"));
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("result.key_set")));
    for words in [
        vec!["result", "verify", &result, "--audience", "a"],
        vec!["result", "verify", &result, "--key", &private],
        vec!["result", "verify", &result, "--key", &private, "--audience", "a", "--nonce", "xyz"],
    ] {
        assert_eq!(cloister(&words).exit, 1, "{words:?}");
    }
}

#[test]
fn inspect_shows_signed_and_bare_claims_and_calls_them_unverified() {
    let made = Made::of(Case::snp(), "cwt", &[]);
    let path = made.case.path("result").to_str().unwrap().to_owned();
    let run = cloister(["result", "inspect", "--json", &path]);
    let shown = run.json();
    assert_eq!((run.exit, &shown["verified"]), (0, &json!(false)));
    assert_eq!((&shown["audience"], &shown["nonce"]), (&json!(AUDIENCE), &json!(NONCE)));
    made.case.put(
        "result",
        br#"{"eat_profile":"x","iat":5,"ear_verifier_id":{"developer":"a","build":"b"},
            "submods":{"m":{"ear_status":"none"}}}"#,
    );
    let run = cloister(["result", "inspect", &path]);
    assert!(run.stdout.contains("nothing of it is verified"), "{}", run.stdout);
    made.case.put("result", b"nonsense");
    assert_eq!(cloister(["result", "inspect", &path]).exit, 2);
}

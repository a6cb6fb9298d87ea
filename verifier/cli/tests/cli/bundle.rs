//! `cloister bundle`, and Evidence judged with a bundle.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cloister_simulator::Pki;
use cloister_simulator::publisher::{Catalogue, Fault, Publisher};
use serde_json::{Value, json};

use crate::program::{Run, cloister};
use crate::recorded::case;
use crate::simulated::{AT, Case, pki};

/// A folder in which an operator works, with a key.
struct Desk {
    folder: tempfile::TempDir,
    signer: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("operator.pem");
        let run = cloister(["bundle", "keygen", "--json", "--out", key.to_str().unwrap()]);
        assert_eq!(run.exit, 0, "{}", run.stdout);
        let signer = run.json()["fingerprint"].as_str().unwrap().to_owned();
        Self { folder, signer }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn create(&self, at: &str, more: &[&str]) -> Run {
        let (key, out) = (self.path("operator.pem"), self.path("fleet.bundle"));
        let words = ["bundle", "create", "--json", "--at", at, "--key", &key, "--out", &out];
        cloister(words.iter().chain(more))
    }

    fn verify(&self, at: &str, more: &[&str]) -> Run {
        let bundle = self.path("fleet.bundle");
        let words = ["bundle", "verify", &bundle, "--json", "--at", at, "--signer", &self.signer];
        cloister(words.iter().chain(more))
    }

    /// `cloister evidence verify` with the bundle and nothing else.
    fn judge(&self, evidence: &Path, at: &str, more: &[&str]) -> Run {
        let (folder, bundle) = (evidence.to_str().unwrap(), self.path("fleet.bundle"));
        let words = ["evidence", "verify", folder, "--json", "--at", at, "--bundle", &bundle];
        let signer = ["--bundle-signer", &self.signer];
        cloister(words.iter().chain(&signer).chain(more))
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A copy of the Evidence alone, so that nothing but the bundle can endorse it.
fn bare(case: &Case) -> PathBuf {
    let folder = case.path("bare");
    fs::create_dir_all(&folder).unwrap();
    for name in ["report.bin", "quote.bin"] {
        let from = case.path("evidence").join(name);
        if from.is_file() {
            fs::copy(from, folder.join(name)).unwrap();
        }
    }
    folder
}

fn error(run: &Run) -> &'static str {
    Box::leak(run.json()["error"]["id"].as_str().unwrap_or("none").to_owned().into_boxed_str())
}

#[test]
fn evidence_is_judged_with_a_bundle_as_with_its_own_folder() {
    let desk = Desk::new();
    let (snp, tdx) = (Case::snp(), Case::tdx());
    let [snp_folder, tdx_folder] = [&snp, &tdx].map(|case| text(&case.path("evidence")));
    let (anchor, image) = (text(&snp.path("anchor.json")), text(&snp.path("image.json")));
    let anchored = ["--simulator-anchor", &anchor];
    let more = [&snp_folder, &tdx_folder, "--reference", &image];
    let run = desk.create(AT, &[&more[..], &anchored[..]].concat());
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let run = desk.verify(AT, &anchored);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let states: Vec<Value> = run.json()["parts"].as_array().unwrap().clone();
    assert!(states.iter().all(|part| part["state"] == "verified" || part["state"] == "operator's"));
    for case in [&snp, &tdx] {
        let run = desk.judge(&bare(case), AT, &anchored);
        let verdict = run.json();
        assert_eq!((run.exit, &verdict["stages"]["appraise"]), (0, &json!("warning")), "{verdict}");
    }
}

#[test]
fn recorded_evidence_is_judged_with_a_bundle_alone() {
    for (name, at) in [
        ("snp/milan-v3-ms-teeav", "2026-08-04T01:04:33Z"),
        ("snp/turin-v5-ms-teeav", "2026-08-04T01:04:33Z"),
        ("tdx/v4-dcapqvl", "2025-07-04T10:16:31Z"),
    ] {
        let Some(folder) = case(name) else { return };
        let desk = Desk::new();
        let run = desk.create(at, &[&text(&folder)]);
        assert_eq!(run.exit, 0, "{name}: {}", run.stdout);
        let bare = desk.folder.path().join("bare");
        fs::create_dir(&bare).unwrap();
        for file in ["report.bin", "quote.bin"] {
            let _absent = fs::copy(folder.join(file), bare.join(file));
        }
        assert_eq!(desk.verify(at, &[]).exit, 0, "{name}");
        let run = desk.judge(&bare, at, &[]);
        assert_eq!((run.exit, &run.json()["simulated"]), (0, &json!(false)), "{name}");
        let run = desk.judge(&bare, "2039-01-01T00:00:00Z", &[]);
        assert_eq!((run.exit, error(&run)), (2, "bundle.expired"), "{name}");
    }
}

#[test]
fn what_is_missing_is_named_and_no_bundle_is_made() {
    let desk = Desk::new();
    let case = Case::tdx();
    let path = case.path("evidence/collateral.json");
    let mut collateral: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for part in ["qe_identity", "qe_identity_signature", "qe_identity_issuer_chain"] {
        collateral.as_object_mut().unwrap().remove(part);
    }
    case.put("evidence/collateral.json", &serde_json::to_vec(&collateral).unwrap());
    let (folder, anchor) = (text(&case.path("evidence")), text(&case.path("anchor.json")));
    let run = desk.create(AT, &[&folder, "--simulator-anchor", &anchor]);
    assert_eq!(run.exit, 3, "{}", run.stdout);
    assert_eq!(run.json()["missing"][0]["what"], "TD QE identity");
    assert!(!Path::new(&desk.path("fleet.bundle")).exists());
}

#[test]
fn a_machine_that_is_not_in_the_bundle_is_no_conclusion() {
    let desk = Desk::new();
    let (snp, tdx) = (Case::snp(), Case::tdx());
    let (folder, anchor) = (text(&snp.path("evidence")), text(&snp.path("anchor.json")));
    let anchored = ["--simulator-anchor", &anchor];
    assert_eq!(desk.create(AT, &[&[folder.as_str()], &anchored[..]].concat()).exit, 0);
    // The collateral that lies beside the quote does not count: the bundle, and nothing else.
    let run = desk.judge(&tdx.path("evidence"), AT, &anchored);
    let verdict = run.json();
    assert_eq!((run.exit, &verdict["stages"]["verify"]), (3, &json!("incomplete")), "{verdict}");
    assert_eq!(verdict["missing"].as_array().unwrap().len(), 4, "{verdict}");
}

#[test]
fn another_signer_a_changed_byte_and_an_older_bundle_are_refused() {
    let desk = Desk::new();
    let case = Case::tdx();
    let (folder, anchor) = (text(&case.path("evidence")), text(&case.path("anchor.json")));
    let anchored = ["--simulator-anchor", &anchor];
    assert_eq!(desk.create(AT, &[&[folder.as_str()], &anchored[..]].concat()).exit, 0);

    let run = desk.verify(AT, &[&anchored[..], &["--not-older-than", AT]].concat());
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let newer = ["--not-older-than", "2026-06-02T00:00:01Z"];
    assert_eq!(desk.verify(AT, &[&anchored[..], &newer].concat()).exit, 2);
    let run = desk.judge(&bare(&case), AT, &[&anchored[..], &newer].concat());
    assert_eq!((run.exit, error(&run)), (2, "bundle.rollback"));
    let run = desk.judge(&bare(&case), "2026-06-01T23:59:59Z", &anchored);
    assert_eq!((run.exit, error(&run)), (2, "bundle.not_yet"));

    let other = Desk::new();
    fs::copy(desk.path("fleet.bundle"), other.path("fleet.bundle")).unwrap();
    let run = other.verify(AT, &anchored);
    assert_eq!((run.exit, error(&run)), (2, "bundle.signer"));
    let run = other.judge(&bare(&case), AT, &anchored);
    assert_eq!((run.exit, error(&run)), (2, "bundle.signer"));

    let mut bytes = fs::read(desk.path("fleet.bundle")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(desk.path("fleet.bundle"), bytes).unwrap();
    let run = desk.verify(AT, &anchored);
    assert_eq!((run.exit, error(&run)), (2, "key.signature"));
}

#[test]
fn a_bundle_of_a_simulator_holds_nothing_for_hardware() {
    let desk = Desk::new();
    let case = Case::snp();
    let (folder, anchor) = (text(&case.path("evidence")), text(&case.path("anchor.json")));
    assert_eq!(desk.create(AT, &[&folder]).exit, 2, "without the anchor");
    assert_eq!(desk.create(AT, &[&folder, "--simulator-anchor", &anchor]).exit, 0);
    assert_eq!(desk.verify(AT, &[]).exit, 2);
    assert_eq!(desk.judge(&bare(&case), AT, &[]).exit, 2);
}

#[test]
fn each_part_says_until_when_it_holds_and_the_first_ends_the_bundle() {
    let desk = Desk::new();
    let case = Case::tdx();
    let (folder, anchor) = (text(&case.path("evidence")), text(&case.path("anchor.json")));
    let anchored = ["--simulator-anchor", anchor.as_str()];
    assert_eq!(desk.create(AT, &[&[folder.as_str()], &anchored[..]].concat()).exit, 0);
    let listed = desk.verify(AT, &anchored).json();
    let ends = listed["parts"].as_array().unwrap().iter().filter_map(|part| part["until"].as_str());
    assert_eq!(listed["expires"].as_str(), ends.min());
    assert_eq!(listed["expires"], "2026-07-01T00:00:00Z");
    assert_eq!(desk.verify("2026-07-01T00:00:00Z", &anchored).exit, 0);
    let run = desk.verify("2026-07-01T00:00:01Z", &anchored);
    assert_eq!(run.exit, 2);
    let (key, bundle) = (desk.path("operator.pem.pub"), desk.path("fleet.bundle"));
    let words = ["bundle", "verify", &bundle, "--key", &key, "--at", AT];
    let shown = cloister(words.iter().chain(&anchored));
    assert_eq!(shown.exit, 0, "{}", shown.stdout);
    assert!(shown.stdout.contains("2026-07-01T00:00:00Z"), "{}", shown.stdout);
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 80), "{}", shown.stdout);
}

#[test]
fn the_private_key_is_its_owners_alone_and_is_never_replaced() {
    let desk = Desk::new();
    let key = desk.path("operator.pem");
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    let before = fs::read(&key).unwrap();
    let run = cloister(["bundle", "keygen", "--json", "--out", &key]);
    assert_eq!((run.exit, error(&run)), (1, "cli.write"));
    assert_eq!(fs::read(&key).unwrap(), before);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let run = desk.create(AT, &[&text(&Case::tdx().path("evidence"))]);
    assert_eq!((run.exit, error(&run)), (1, "cli.key"));
    assert!(!run.stdout.contains("PRIVATE KEY"));
}

#[test]
fn a_bundle_takes_the_place_of_policy_and_reference_and_does_not_mix_with_them() {
    let words = ["evidence", "verify", "x", "--bundle", "b", "--policy", "p"];
    let signer = "00".repeat(48);
    for more in [&["--bundle-signer", signer.as_str()][..], &[]] {
        assert_eq!(cloister(words.iter().chain(more)).exit, 1);
    }
    assert_eq!(cloister(["evidence", "verify", "x", "--bundle", "b"]).exit, 1);
    assert_eq!(cloister(["bundle", "verify", "b"]).exit, 1);
}

/// The vendors' services, on loopback, for as long as the runtime lives.
pub(crate) fn publisher(pki: &Pki) -> (tokio::runtime::Runtime, Publisher) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let publisher = runtime.block_on(Publisher::start(Catalogue::new(pki))).unwrap();
    (runtime, publisher)
}

#[test]
fn what_the_folders_lack_is_fetched() {
    let (_runtime, publisher) = publisher(&pki());
    let url = publisher.url();
    for case in [Case::snp(), Case::tdx()] {
        let desk = Desk::new();
        let (folder, anchor) = (text(&bare(&case)), text(&case.path("anchor.json")));
        let anchored = ["--simulator-anchor", anchor.as_str()];
        let more = [&[folder.as_str()], &anchored[..]].concat();
        assert_eq!(desk.create(AT, &more).exit, 2, "nothing to put in it");
        let fetch = ["--fetch", "--kds", &url, "--pcs", &url];
        let run = desk.create(AT, &[&more[..], &fetch].concat());
        assert_eq!(run.exit, 0, "{}", run.stdout);
        let run = desk.judge(&bare(&case), AT, &anchored);
        assert_eq!(run.exit, 0, "{}", run.stdout);
        let open = run.json()["not_asserted"].to_string();
        assert!(
            !open.contains("snp.revocation.intermediate") && !open.contains("revoked"),
            "{open}"
        );
    }
    assert!(!publisher.requests().is_empty());
}

#[test]
fn what_cannot_be_fetched_is_missing_also_where_verification_would_do_without() {
    let (_runtime, publisher) = publisher(&pki());
    let url = publisher.url();
    let (desk, case) = (Desk::new(), Case::snp().without("crl.der"));
    let (folder, anchor) = (text(&case.path("evidence")), text(&case.path("anchor.json")));
    let more = [&folder, "--simulator-anchor", &anchor];
    assert_eq!(desk.create(AT, &more).exit, 0, "a CRL is not needed");
    fs::remove_file(desk.path("fleet.bundle")).unwrap();
    publisher.misbehave(Fault::Status(503, None));
    let fetch = ["--fetch", "--kds", &url, "--pcs", &url];
    let run = desk.create(AT, &[&more[..], &fetch].concat());
    assert_eq!(run.exit, 3, "{}", run.stdout);
    assert!(run.json()["missing"][0]["what"].as_str().unwrap().contains("503"), "{}", run.stdout);
    assert!(!Path::new(&desk.path("fleet.bundle")).exists());
}

//! `cloister audit`: logs that a runtime could have written, and others.

use std::fs;
use std::path::PathBuf;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{Began, Omitted};
use cloister_audit::{
    AuditError, Checkpoint, Event, Frame, Frames, Head, Kind, Origin, Range, Record,
    SignedCheckpoint,
};
use tempfile::TempDir;

use crate::program::{Run, cloister};

struct Logged {
    _folder: TempDir,
    path: PathBuf,
    origin: Origin,
    key: SigningKey,
    checkpoint: SignedCheckpoint,
}

/// A log of five records, signed after the third.
fn logged() -> Logged {
    let (folder, key) = (tempfile::tempdir().unwrap(), SigningKey::generate().unwrap());
    let origin = Origin {
        trust_domain: "example.org".into(),
        agent: "translator".into(),
        identity_key: key.public().spki().to_vec(),
    };
    let mut tree = Range::from(0);
    let mut bytes = Head::new(origin.clone(), &tree).frame().unwrap().to_bytes();
    let mut kept = None;
    for sequence in 0..5 {
        let event = if sequence == 0 { began() } else { omitted(sequence) };
        let record = Record::new(sequence, UnixTime::from_secs(1_800_000_000), event);
        let frame = Frame::new(Kind::Record, record.encode().unwrap()).unwrap();
        tree.append(frame.hash());
        bytes.extend(frame.to_bytes());
        if sequence == 2 {
            let at = UnixTime::from_secs(1_800_000_000);
            let checkpoint = Checkpoint::new(origin.clone(), tree.end(), tree.root(), at);
            let signed = signed(&key, &checkpoint);
            bytes.extend(Frame::new(Kind::Checkpoint, signed.bytes().to_vec()).unwrap().to_bytes());
            kept = Some(signed);
        }
    }
    let path = folder.path().join(format!("0000000000-{}.audit", origin.instance()));
    fs::write(&path, bytes).unwrap();
    Logged { _folder: folder, path, origin, key, checkpoint: kept.unwrap() }
}

fn signed(key: &SigningKey, checkpoint: &Checkpoint) -> SignedCheckpoint {
    SignedCheckpoint::sign::<AuditError>(checkpoint, |typ, payload| {
        let header = Header { kid: b"", typ: Some(typ) };
        Ok(cose::sign(&header, payload, |form| key.sign(form)).unwrap())
    })
    .unwrap()
}

fn began() -> Event {
    Event::Began(Began {
        image: "translator".into(),
        version: "1.0.0".into(),
        manifest: Digest48::sha384(b"manifest"),
        policy: Digest48::sha384(b"policy"),
        runtime: "0.1.0".into(),
        durable: true,
        predecessor: None,
    })
}

fn omitted(count: u64) -> Event {
    Event::Omitted(Omitted { what: "authentication".into(), count })
}

fn audit(words: &[&str]) -> Run {
    cloister(["audit"].iter().chain(words))
}

impl Logged {
    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn folder(&self) -> &str {
        self.path.parent().unwrap().to_str().unwrap()
    }

    /// Writes it again from what `change` leaves of its entries, each with a hash that fits.
    fn rewrite(&self, change: impl Fn(Frame) -> Option<Frame>) {
        let whole = fs::read(&self.path).unwrap();
        let mut frames = Frames::new(whole.as_slice());
        let mut bytes = Vec::new();
        while let Some(frame) = frames.next_frame().unwrap() {
            bytes.extend(change(frame).iter().flat_map(Frame::to_bytes));
        }
        fs::write(&self.path, bytes).unwrap();
    }
}

#[test]
fn a_log_of_the_expected_runtime_is_verified() {
    let log = logged();
    let instance = log.origin.instance();
    let run = audit(&["verify", log.folder(), "--instance", &instance]);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 160));
    let told = audit(&["verify", log.path(), "--instance", &instance, "--json"]).json();
    assert_eq!((&told["size"], &told["unsigned"]), (&5.into(), &2.into()));
    assert_eq!(told["checkpoint"], hex::encode(log.checkpoint.bytes()));
    let key = log.path.with_extension("pem");
    fs::write(&key, log.key.public().to_pem()).unwrap();
    assert_eq!(audit(&["verify", log.path(), "--key", key.to_str().unwrap()]).exit, 0);
}

#[test]
fn a_log_of_nobody_in_particular_is_no_conclusion_and_of_another_a_refusal() {
    let log = logged();
    assert_eq!(audit(&["verify", log.path()]).exit, 3);
    let other = audit(&["verify", log.path(), "--instance", &"00".repeat(16), "--json"]);
    assert_eq!((other.exit, &other.json()["error"]["id"]), (2, &"audit.origin".into()));
    assert_eq!(audit(&["verify", log.path(), "--instance", "0011"]).exit, 1);
}

#[test]
fn a_log_without_a_checkpoint_is_nobodys_yet() {
    let log = logged();
    log.rewrite(|frame| (frame.kind() != Kind::Checkpoint).then_some(frame));
    let run = audit(&["verify", log.path(), "--instance", &log.origin.instance(), "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &"cli.audit.unsigned".into()));
}

#[test]
fn a_checkpoint_whose_signature_does_not_hold_is_refused() {
    let log = logged();
    let mut forged = log.checkpoint.bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    log.rewrite(|frame| match frame.kind() {
        Kind::Checkpoint => Some(Frame::new(Kind::Checkpoint, forged.clone()).unwrap()),
        Kind::Record | Kind::Head | _ => Some(frame),
    });
    let run = audit(&["verify", log.path(), "--instance", &log.origin.instance(), "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &"audit.signature".into()));
}

#[test]
fn a_changed_byte_and_a_cut_are_found_with_the_record_and_the_remedy() {
    let log = logged();
    let whole = fs::read(&log.path).unwrap();
    for (bytes, id) in [
        ([&whole[..whole.len() - 1], &[whole[whole.len() - 1] ^ 1]].concat(), "audit.altered"),
        (whole[..whole.len() - 1].to_vec(), "audit.torn"),
    ] {
        fs::write(&log.path, bytes).unwrap();
        let run = audit(&["verify", log.path(), "--json"]);
        assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &id.into()));
        let message = run.json()["error"]["message"].to_string();
        assert!(message.contains("after 4 good records"), "{message}");
    }
}

#[test]
fn a_checkpoint_that_somebody_kept_shows_a_rewritten_and_a_shortened_log() {
    let log = logged();
    let kept = log.path.with_extension("cose");
    let with =
        |path: &str| audit(&["verify", path, "--checkpoint", kept.to_str().unwrap(), "--json"]);
    fs::write(&kept, log.checkpoint.bytes()).unwrap();
    assert_eq!(with(log.path()).exit, 3);
    let said = log.checkpoint.checkpoint();
    for (size, root) in [(said.size, cloister_audit::Hash::of(b"other")), (9, said.root)] {
        let other = Checkpoint::new(log.origin.clone(), size, root, said.at);
        fs::write(&kept, signed(&log.key, &other).bytes()).unwrap();
        let run = with(log.path());
        assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &"audit.disagrees".into()));
    }
    fs::write(&kept, logged().checkpoint.bytes()).unwrap();
    assert_eq!(with(log.path()).json()["error"]["id"], "audit.origin");
}

#[test]
fn proofs_are_of_what_is_there() {
    let log = logged();
    let told = audit(&["prove", log.path(), "--record", "3", "--json"]).json();
    assert_eq!((&told["inclusion"]["index"], &told["inclusion"]["size"]), (&3.into(), &5.into()));
    assert_eq!(told["inclusion"]["path"].as_array().unwrap().len(), 3);
    let told = audit(&["prove", log.path(), "--from", "3", "--json"]).json();
    assert_eq!(told["earlier"], log.checkpoint.checkpoint().root.to_string());
    for words in [["--record", "5"], ["--from", "6"]] {
        let run = audit(&["prove", log.path(), words[0], words[1], "--json"]);
        assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &"cli.audit.no_record".into()));
    }
    assert_eq!(audit(&["prove", log.path()]).exit, 1);
    assert_eq!(audit(&["prove", log.path(), "--record", "3", "--from", "3"]).exit, 1);
}

#[test]
fn records_are_shown_and_exported() {
    let log = logged();
    let tail = audit(&["tail", log.path(), "--last", "2"]);
    assert_eq!((tail.exit, tail.stdout.lines().count()), (0, 3), "{}", tail.stdout);
    let lines = audit(&["export", log.path()]).stdout;
    let records: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((records.len(), &records[0]["event"]), (5, &"began".into()));
    let otlp = audit(&["export", log.path(), "--format", "otlp"]).json();
    let records = &otlp["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    assert_eq!(records.as_array().unwrap().len(), 5);
    assert_eq!(records[4]["timeUnixNano"], "1800000000000000000");
    assert_eq!(records[4]["attributes"][0]["value"]["intValue"], "4");
}

#[test]
fn a_folder_without_a_log_is_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let run = audit(&["tail", folder.path().to_str().unwrap(), "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &"cli.audit.no_log".into()));
}

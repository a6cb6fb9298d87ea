//! `cloister audit`: logs that a runtime could have written, and others.

use std::fs;
use std::path::PathBuf;

use cloister_api::v1::{AuditCheckpoint, AuditConflict};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{
    Began, Direction, Ending, Omitted, Operation, Outcome, Payload, PeerFacts, Predecessor,
    Subjects, Verdict, Vouched,
};
use cloister_audit::{
    AuditError, Checkpoint, Cosignature, Event, Frame, Frames, Head, Kind, Origin, Range, Record,
    Signed, SignedCheckpoint, Statement,
};
use tempfile::TempDir;

use crate::operator::Desk;
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
    sign_as(key, checkpoint)
}

fn sign_as<T: Statement>(key: &SigningKey, statement: &T) -> Signed<T> {
    Signed::sign::<AuditError>(statement, |typ, payload| {
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
    /// Takes what follows the checkpoint away.
    fn cut_after_checkpoint(&self) {
        let left = std::cell::Cell::new(false);
        self.rewrite(|frame| {
            let kept = !left.get();
            left.set(left.get() || frame.kind() == Kind::Checkpoint);
            kept.then_some(frame)
        });
    }

    fn append(&self, sequence: u64, event: Event) {
        let record = Record::new(sequence, UnixTime::from_secs(1_800_000_000), event);
        let frame = Frame::new(Kind::Record, record.encode().unwrap()).unwrap();
        let bytes = [fs::read(&self.path).unwrap(), frame.to_bytes()].concat();
        fs::write(&self.path, bytes).unwrap();
    }

    /// Makes it a log of two records that began beside `predecessor`, signed after the first.
    fn begin_after(&self, predecessor: Predecessor) -> SignedCheckpoint {
        let mut tree = Range::from(0);
        let mut bytes = Head::new(self.origin.clone(), &tree).frame().unwrap().to_bytes();
        let at = UnixTime::from_secs(1_800_000_000);
        let Event::Began(first) = began() else { unreachable!() };
        let first = Event::Began(Began { predecessor: Some(predecessor), ..first });
        let record = Record::new(0, at, first).encode().unwrap();
        let frame = Frame::new(Kind::Record, record).unwrap();
        tree.append(frame.hash());
        bytes.extend(frame.to_bytes());
        let checkpoint = Checkpoint::new(self.origin.clone(), tree.end(), tree.root(), at);
        let signed = signed(&self.key, &checkpoint);
        bytes.extend(Frame::new(Kind::Checkpoint, signed.bytes().to_vec()).unwrap().to_bytes());
        fs::write(&self.path, bytes).unwrap();
        self.append(1, omitted(1));
        signed
    }

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
    let run = audit(&["verify", log.folder(), "--instance", &instance, "--allow-unsigned-tail"]);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 160));
    let told = audit(&["verify", log.path(), "--instance", &instance, "--json"]).json();
    assert_eq!((&told["size"], &told["unsigned"]), (&5.into(), &2.into()));
    assert_eq!(told["checkpoint"], hex::encode(log.checkpoint.bytes()));
    let key = log.path.with_extension("pem");
    fs::write(&key, log.key.public().to_pem()).unwrap();
    let allowed = "--allow-unsigned-tail";
    assert_eq!(audit(&["verify", log.path(), "--key", key.to_str().unwrap(), allowed]).exit, 0);
}

#[test]
fn records_that_nobody_signed_are_four_unless_they_are_allowed() {
    let log = logged();
    let instance = log.origin.instance();
    let run = audit(&["verify", log.path(), "--instance", &instance, "--json"]);
    assert_eq!((run.exit, &run.json()["unsigned"]), (4, &2.into()));
    assert_eq!(audit(&["verify", log.path(), "--allow-unsigned-tail"]).exit, 3, "nobody's yet");
    // Up to its last checkpoint it is a log without such an end.
    log.cut_after_checkpoint();
    let run = audit(&["verify", log.path(), "--instance", &instance, "--json"]);
    assert_eq!((run.exit, &run.json()["unsigned"]), (0, &0.into()));
}

/// A stand-in Verifier that was shown this much of `log`.
fn desk(log: &Logged, shown: &SignedCheckpoint) -> Desk {
    let desk = Desk::new();
    desk.verifier.logs.lock().unwrap().push(AuditCheckpoint {
        agent: "translator".into(),
        instance: log.origin.instance(),
        size: shown.checkpoint().size,
        root: shown.checkpoint().root.to_string(),
        signed: shown.bytes().to_vec(),
        ..AuditCheckpoint::default()
    });
    desk
}

#[test]
fn a_log_is_held_against_what_the_verifier_was_shown() {
    let log = logged();
    let verify = ["audit", "verify", log.path(), "--against-verifier", "--json"];
    let said = log.checkpoint.checkpoint();
    let shown = desk(&log, &log.checkpoint);
    let run = shown.run(&verify);
    assert_eq!((run.exit, &run.json()["verifier"]["size"]), (4, &3.into()), "{}", run.stdout);
    assert_eq!(run.json()["expected"], true);
    // More of it than is there, or another one.
    for (size, root) in [(9, said.root), (said.size, cloister_audit::Hash::of(b"other"))] {
        let other = Checkpoint::new(log.origin.clone(), size, root, said.at);
        let run = desk(&log, &signed(&log.key, &other)).run(&verify);
        assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &"audit.disagrees".into()));
    }
    // Nothing of it, and two of it.
    let run = desk(&logged(), &log.checkpoint).run(&verify);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &"cli.audit.unknown".into()));
    let conflict = AuditConflict { reason: "audit.fork".into(), ..AuditConflict::default() };
    shown.verifier.logs.lock().unwrap()[0].conflicts.push(conflict);
    let run = shown.run(&verify);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &"cli.audit.conflict".into()));
    assert_eq!(shown.run(&["fleet", "checkpoints"]).exit, 2);
}

#[test]
fn a_boot_that_found_less_than_the_one_before_had_shown_is_told_so() {
    let (before, log) = (logged(), logged());
    let shown = desk(&log, &log.checkpoint);
    let of_before = AuditCheckpoint {
        instance: before.origin.instance(),
        size: 3,
        signed: before.checkpoint.bytes().to_vec(),
        ..AuditCheckpoint::default()
    };
    shown.verifier.logs.lock().unwrap().push(of_before);
    let verify = ["audit", "verify", log.path(), "--against-verifier", "--json"];
    for (found, exit) in [(2, 2), (3, 4)] {
        let root = before.checkpoint.checkpoint().root;
        let instance = before.origin.instance();
        let predecessor = Predecessor { instance, size: found, root, bytes_cut: 0 };
        let checkpoint = log.begin_after(predecessor);
        shown.verifier.logs.lock().unwrap()[0].signed = checkpoint.bytes().to_vec();
        assert_eq!(shown.run(&verify).exit, exit, "{found}");
    }
}

#[test]
fn witnesses_are_told_with_how_far_they_saw_and_whether_they_are_leased() {
    let (log, witness) = (logged(), logged());
    let shown = desk(&log, &log.checkpoint);
    let at = UnixTime::from_secs(1_800_000_000);
    let said = log.checkpoint.checkpoint();
    let word = Cosignature::over(said, witness.origin.clone(), 1, at);
    let word = sign_as(&witness.key, &word);
    let peer = PeerFacts {
        agent: "translator".into(),
        instance: witness.origin.instance(),
        trust_domain: "example.org".into(),
        image: "image".into(),
        version: "1".into(),
        tee: "snp".into(),
        tier: "affirming".into(),
        simulated: false,
    };
    log.append(5, Event::Vouched(Vouched { peer, cosignature: word.bytes().to_vec() }));
    let run = audit(&["verify", log.path(), "--json"]);
    let told = &run.json()["witnesses"][0];
    assert_eq!((&told["since"], &told["size"]), (&1.into(), &3.into()), "{}", run.stdout);
    assert_eq!(told["instance"], witness.origin.instance());
    let words = ["audit", "verify", log.path(), "--against-verifier"];
    let run = shown.run(&words);
    assert!(run.stdout.contains("which the Verifier does not know"), "{}", run.stdout);
    let leased =
        AuditCheckpoint { instance: witness.origin.instance(), ..AuditCheckpoint::default() };
    shown.verifier.logs.lock().unwrap().push(leased);
    let run = shown.run(&words);
    assert!(run.stdout.contains("records 1 to 3, a leased runtime"), "{}", run.stdout);
}

const ASKED: &[u8] = b"request";
const ANSWERED: &[u8] = b"response";

fn payload(bytes: &[u8]) -> Payload {
    let sha256 = cloister_audit::Hash::of(bytes);
    Payload { bytes: u64::try_from(bytes.len()).unwrap(), sha256 }
}

fn tool() -> cloister_audit::Hash {
    cloister_audit::record::name_digest("tool", "mail/send")
}

/// An operation of a protocol, with or without a tool.
fn asked(protocol: &str, direction: Direction, permitted: bool) -> Event {
    let tool = (protocol == "MCP").then(tool);
    let verdict = Verdict {
        permitted,
        reason: "permitted".into(),
        policies: Vec::new(),
        bundle: Digest48::sha384(b"policy"),
        epoch: 1,
    };
    Event::Operation(Box::new(Operation {
        direction,
        peer: None,
        protocol: protocol.into(),
        version: "1.0".into(),
        binding: "JSONRPC".into(),
        name: "send".into(),
        delegation: None,
        subjects: Subjects { tool, ..Subjects::default() },
        verdict,
        request: Some(payload(ASKED)),
    }))
}

fn became(of: u64) -> Event {
    let ending = Ending::Answered { status: 200 };
    let (request, response) = (payload(ASKED), payload(ANSWERED));
    Event::Outcome(Outcome { of, ending, request, response })
}

#[test]
fn agentleak_is_told_who_said_how_much_to_whom_and_never_what() {
    let log = logged();
    log.append(5, asked("A2A", Direction::Outbound, true));
    log.append(6, asked("A2A", Direction::Inbound, false));
    log.append(7, asked("MCP", Direction::Outbound, true));
    log.append(8, became(5));
    log.append(9, became(7));
    let run = audit(&["export", log.path(), "--format", "agentleak"]);
    let trace: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(trace["run_id"], log.origin.instance());
    let events = trace["events"].as_array().unwrap();
    assert_eq!(events.len(), 10, "{}", run.stdout);
    let said: Vec<(&str, &str, &str)> = events[5..]
        .iter()
        .map(|event| {
            let word = |key: &str| event[key].as_str().unwrap();
            (word("channel"), word("source"), word("target"))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("inter_agent_message", "translator", "visitor"),
            ("log", "translator", "audit"),
            ("tool_call", "translator", "visitor"),
            ("inter_agent_message", "visitor", "translator"),
            ("tool_response", "visitor", "translator"),
        ]
    );
    assert_eq!(events[5]["content"], format!("sha256:{} (7 bytes)", payload(ASKED).sha256));
    assert_eq!(events[8]["content"], format!("sha256:{} (8 bytes)", payload(ANSWERED).sha256));
    assert_eq!(events[7]["metadata"]["tool"], format!("sha256:{}", tool()));
    assert_eq!(events[6]["content"]["verdict"]["permitted"], false);
    assert!(!run.stdout.contains("mail/send"), "the name of a tool");
    let help = audit(&["export", "--help"]).stdout;
    assert!(help.contains("Its detectors therefore find"), "{help}");
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

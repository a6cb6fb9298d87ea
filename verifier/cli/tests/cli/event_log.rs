//! Event logs: alone, beside a quote, and what tells two boots apart.

use std::path::{Path, PathBuf};

use cloister_attestation::bytes::Digest48;
use cloister_simulator::{Ccel, ProcessImage, TdxGuest};
use serde_json::json;

use crate::program::{Run, cloister};
use crate::simulated::{AT, Case, image, pki, report_data};

/// The log of [`image`], as [`Case::tdx`] measured it.
fn log() -> Ccel {
    image().event_log()
}

/// A case of the TDX guest with its log in the folder.
fn with_log(log: &Ccel) -> Case {
    let case = Case::tdx();
    case.put("evidence/ccel_data.bin", &log.encode());
    case
}

fn words(command: &str, paths: &[&Path]) -> Run {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    cloister(["evidence", command, "--json"].into_iter().chain(paths))
}

fn ids(run: &Run, state: &str) -> Vec<String> {
    let verdict = run.json();
    let checks = verdict["checks"].as_array().unwrap();
    let found = checks.iter().filter(|check| check["state"] == state);
    found.map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_log_beside_a_quote_is_replayed_and_its_absence_shows() {
    let run = with_log(&log()).verify(&[]);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let passed = ids(&run, "pass");
    assert_eq!(passed.iter().filter(|id| *id == "eventlog.replay").count(), 4);
    let without = Case::tdx().verify(&[]);
    assert_eq!(without.exit, 0);
    assert!(ids(&without, "not_asserted").contains(&"eventlog.absent".to_owned()));
}

#[test]
fn a_log_that_was_tampered_with_is_refused_wherever_it_comes_from() {
    let mut less = log();
    less.events.pop();
    let run = with_log(&less).verify(&[]);
    assert_eq!((run.exit, ids(&run, "fail")), (2, vec!["eventlog.replay".to_owned()]));
    let case = with_log(&log());
    case.put("other.bin", &less.encode());
    let other = case.path("other.bin");
    assert_eq!(case.verify(&[Path::new("--event-log"), &other]).exit, 2);
    assert_eq!(case.verify(&[]).exit, 0);
}

#[test]
fn two_logs_in_one_folder_are_not_guessed_at() {
    let case = with_log(&log());
    case.put("evidence/event_log.bin", &log().encode());
    let run = case.verify(&[]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.folder")));
}

#[test]
fn a_log_alone_is_shown_with_its_registers_and_what_speaks_against_it() {
    let case = Case::tdx();
    let honest = log().measuring(0, 4, &[0; 4]);
    let put = |log: &Ccel| -> PathBuf {
        case.put("log.bin", &log.encode());
        case.path("log.bin")
    };
    let run = words("log", &[&put(&honest)]);
    let shown = run.json();
    assert_eq!(
        (run.exit, &shown["verified"], &shown["bank"]),
        (0, &json!(false), &json!("sha384"))
    );
    assert_eq!(shown["registers"]["RTMR2"], json!(honest.rtmr()[2].to_string()));
    assert_eq!(shown["events"][1]["label"], "runtime");
    assert_eq!(shown["padding_bytes"], 512);
    let run = words("log", &[&put(&honest.measuring(0, 4, &[0; 4]))]);
    assert_eq!((run.exit, ids(&run, "fail")), (2, vec!["eventlog.separators".to_owned()]));
    case.put("log.bin", b"not a log");
    let run = words("log", &[&case.path("log.bin")]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &json!("eventlog.header")));
    let run = words("log", &[&case.path("absent.bin")]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.file")));
}

#[test]
fn a_bank_that_the_log_does_not_have_is_misuse() {
    let case = with_log(&log());
    let path = case.path("evidence/ccel_data.bin");
    let run = words("log", &[&path, Path::new("--bank"), Path::new("sha256")]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.bank")));
}

/// The same guest with another agent.
fn other() -> (Case, Ccel) {
    let image = ProcessImage { agent: Digest48::sha384(b"another agent"), ..image() };
    let guest = TdxGuest::new(&pki()).with_measurements(image.mr_td(), image.rtmr());
    let case = with_log(&image.event_log());
    case.put("evidence/quote.bin", &guest.quote(&report_data()));
    (case, image.event_log())
}

#[test]
fn two_boots_are_told_apart_by_name() {
    let (one, (two, _)) = (with_log(&log()), other());
    let folders = [one.path("evidence"), two.path("evidence")];
    let same = words("diff", &[&folders[0], &folders[0]]);
    assert_eq!((same.exit, &same.json()["differences"]), (0, &json!([])));
    let run = words("diff", &[&folders[0], &folders[1]]);
    let found = run.json()["differences"].clone();
    assert_eq!((run.exit, found.as_array().unwrap().len()), (2, 1));
    assert_eq!(found[0]["component"], "RTMR2");
    assert_eq!(
        found[0]["explanation"]["events"],
        json!([{ "change": "changed", "label": "agent", "first": 3, "second": 3 }])
    );
    let logs = folders.each_ref().map(|folder| folder.join("ccel_data.bin"));
    assert_eq!(words("diff", &[&logs[0], &logs[1]]).exit, 2);
}

#[test]
fn what_is_no_evidence_is_not_compared() {
    let case = with_log(&log());
    let folder = case.path("evidence");
    assert_eq!(words("diff", &[&folder, &case.path("absent")]).exit, 1);
    case.put("noise.bin", b"noise");
    assert_eq!(words("diff", &[&folder, &case.path("noise.bin")]).exit, 2);
}

#[test]
fn a_diagnosis_names_what_keeps_evidence_from_its_reference_value() {
    let (case, _) = other();
    let (anchor, reference) = (case.path("anchor.json"), case.path("image.json"));
    let folder = case.path("evidence");
    let more = [
        Path::new("--at"),
        Path::new(AT),
        Path::new("--simulator-anchor"),
        &anchor,
        Path::new("--reference"),
        &reference,
    ];
    let run = words("diagnose", &[&[folder.as_path()], more.as_slice()].concat());
    let shown = run.json();
    assert_eq!(run.exit, 2);
    assert_eq!(shown["nearest"]["image"], "translator");
    assert_eq!(shown["differences"][0]["component"], "RTMR2");
    let candidates = json!({ "one_of": ["agent", "policy", "manifest"] });
    assert_eq!(shown["differences"][0]["explanation"], candidates);
    assert_eq!(shown["failed"], json!(["reference.match"]));
    assert_eq!(shown["tcb_gap"], json!(null));
    let good = with_log(&log());
    let run = words("diagnose", &[&[good.path("evidence").as_path()], more.as_slice()].concat());
    assert_eq!((run.exit, &run.json()["differences"]), (0, &json!([])));
}

#[test]
fn text_for_people_fits_a_terminal_and_is_plain_in_a_pipe() {
    let (one, (two, _)) = (with_log(&log()), other());
    let (a, b) = (one.path("evidence"), two.path("evidence"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    let log = format!("{a}/ccel_data.bin");
    for words in [
        vec!["evidence", "diff", a, b],
        vec!["evidence", "diagnose", b],
        vec!["evidence", "log", &log],
        vec!["evidence", "diff", "--help"],
        vec!["evidence", "diagnose", "--help"],
        vec!["evidence", "log", "--help"],
    ] {
        let run = cloister(&words);
        assert!(!run.stdout.is_empty() && !run.stdout.contains('\u{1b}'), "{words:?}");
        let widest = run.stdout.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{words:?}: {widest}");
    }
}

//! The binary as a process: its command line, its signals, its log.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../../verifier.example.toml");

fn verifier(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloister-verifier"));
    command.arg("--config").arg(config).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn configured(text: &str) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verifier.toml");
    let text = text
        .replace("127.0.0.1:4400", "127.0.0.1:0")
        .replace("/var/lib/cloister-verifier", "data")
        .replace("\"info\"", "\"trace\"");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn check(text: &str) -> Output {
    let (_folder, path) = configured(text);
    verifier(&path).arg("--check-config").output().unwrap()
}

#[test]
fn a_configuration_can_be_checked_without_starting() {
    let (folder, path) = configured(EXAMPLE);
    let output = verifier(&path).arg("--check-config").output().unwrap();
    assert!(output.status.success());
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_wrong_configuration_is_explained_with_line_code_and_remedy() {
    let output = check(&EXAMPLE.replace("listen =", "lisen ="));
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    for part in ["error[config.malformed]", "line ", "lisen", "fault: operator", "help: "] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

/// Waits for `found` to return something.
fn eventually<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < deadline, "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn terminate(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

#[test]
fn it_ends_well_when_told_to_and_logs_no_secret() {
    let (folder, path) = configured(&EXAMPLE.replace("\"text\"", "\"json\""));
    let data = folder.path().join("data");
    let mut child = verifier(&path).spawn().unwrap();
    let mut log = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text)
    });
    eventually(|| fs::read_to_string(data.join("address")).ok());
    let token = fs::read_to_string(data.join("operator.token")).unwrap();
    terminate(&child);
    assert!(eventually(|| child.try_wait().unwrap()).success());
    let log = reading.join().unwrap().unwrap();
    assert!(log.lines().any(|line| line.contains("listening")), "{log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert!(!log.contains(token.trim()));
}

#[test]
fn a_data_folder_serves_one_process() {
    let (folder, path) = configured(EXAMPLE);
    let mut first = verifier(&path).spawn().unwrap();
    eventually(|| fs::read_to_string(folder.path().join("data/address")).ok());
    let second = verifier(&path).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8(second.stderr).unwrap().contains("error[state.in_use]"));
    terminate(&first);
    assert!(eventually(|| first.try_wait().unwrap()).success());
}

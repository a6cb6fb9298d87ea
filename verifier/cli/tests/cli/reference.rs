//! Completion scripts and manual pages.

use crate::program::cloister;

#[test]
fn completions_of_every_shell_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = cloister(["completions", shell]);
        assert_eq!(run.exit, 0);
        assert!(run.stdout.contains("quarantine"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    assert!(cloister(["man"]).stdout.contains(".TH cloister 1"));
    let folder = tempfile::tempdir().unwrap();
    let run = cloister(["man", "--directory", folder.path().to_str().unwrap()]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let page = std::fs::read_to_string(folder.path().join("cloister-evidence-verify.1")).unwrap();
    assert!(page.contains("simulator\\-anchor"), "{page}");
    let gone = folder.path().join("gone");
    let run = cloister(["man", "--directory", gone.to_str().unwrap()]);
    assert_eq!(run.exit, 1);
    assert!(run.stderr.contains("cli.man"), "{}", run.stderr);
}

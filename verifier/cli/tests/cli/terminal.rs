//! Colours only where they belong.

use crate::program::{command, finish};
use crate::simulated::{AT, Case};

const ESCAPE: char = '\u{1b}';

#[test]
fn a_pipe_gets_no_escape_codes_and_a_forced_terminal_does() {
    let case = Case::tdx();
    let folder = case.path("evidence");
    let folder = folder.to_str().unwrap();
    let commands: [&[&str]; 6] = [
        &["--help"],
        &["evidence", "verify", folder, "--at", AT],
        &["evidence", "inspect", folder],
        &["evidence", "verify", "/nowhere"],
        &["explain", "cli.file"],
        &["explain", "cli.fil"],
    ];
    for words in commands {
        let run = finish(command().args(words));
        assert!(!run.stdout.contains(ESCAPE) && !run.stderr.contains(ESCAPE), "{words:?}");
        let run = finish(command().args(words).env("CLICOLOR_FORCE", "1"));
        assert!(run.stdout.contains(ESCAPE) || run.stderr.contains(ESCAPE), "{words:?}");
        let run = finish(command().args(words).env("NO_COLOR", "1"));
        assert!(!run.stdout.contains(ESCAPE) && !run.stderr.contains(ESCAPE), "{words:?}");
    }
}

#[test]
fn text_fits_eighty_columns() {
    let case = Case::snp().flipped("report.bin", 0x90);
    let folder = case.path("evidence");
    for words in [
        vec!["evidence", "verify", folder.to_str().unwrap(), "--at", AT],
        vec!["evidence", "inspect", folder.to_str().unwrap()],
        vec!["explain"],
        vec!["explain", "reference.match"],
        vec!["evidence", "verify", "--help"],
    ] {
        let run = finish(command().args(&words));
        let wide = run.stdout.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{words:?}");
    }
}

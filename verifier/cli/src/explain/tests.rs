use super::{entries, every, list, programs, run, unknown};
use crate::answer::Exit;
use crate::text::COLUMNS;

#[test]
fn no_code_of_a_program_hides_one_of_a_library() {
    assert_eq!(entries().len(), every().count(), "two codes have one name");
    assert!(!programs::CODES.is_empty());
}

#[test]
fn every_code_is_explained_by_its_own_name() {
    for (id, entry) in entries() {
        let answer = run(Some(&id));
        assert_eq!(answer.exit, Exit::Acceptable);
        assert_eq!(answer.json["id"], id.as_str());
        assert!(!entry.explanation.is_empty() && !entry.remedy.is_empty(), "{id}");
    }
}

#[test]
fn a_near_miss_is_answered_with_what_was_meant() {
    let answer = unknown("cli.fil", &entries());
    assert_eq!(answer.exit, Exit::Misuse);
    assert_eq!(answer.json["error"]["nearest"][0], "cli.file");
    assert!(answer.text.contains("did you mean cli.file"));
}

#[test]
fn the_list_fits_the_terminal_and_names_every_code() {
    let entries = entries();
    let answer = list(&entries);
    assert!(answer.text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)));
    assert_eq!(answer.json.as_array().unwrap().len(), entries.len());
}

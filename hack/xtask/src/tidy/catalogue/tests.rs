use super::{check, declared};
use crate::codes::CATALOGUE;
use crate::tidy::tree::Tree;

const EXPLAINS: (&str, &str) =
    ("c/src/explain.rs", "fn all() { cloister_attestation::code::codes(); crate::codes(); }");
const LISTS: &str = "pub fn codes() { CODES.iter() }";

fn entry(id: &str, remedy: &str, explanation: &str) -> String {
    format!(
        "codes! {{ /// Doc.\n A = \"{id}\", Peer, \"spec\", \"{remedy}\", \"{explanation}\"; }} {LISTS}"
    )
}

/// The catalogue when every code is linked.
fn empty() -> String {
    crate::codes::catalogue(&Tree::of(&[]))
}

fn good(id: &str) -> String {
    entry(id, "Do this now.", "It comes about like this, sometimes.")
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let empty = empty();
    let all: Vec<(&str, &str)> = [&[EXPLAINS, (CATALOGUE, &empty)], files].concat();
    let tree = Tree::of(&all).with("cloister", "c", &["cloister-attestation"]).with(
        "cloister-attestation",
        "a",
        &[],
    );
    check(&tree).into_iter().map(|finding| finding.problem).collect()
}

#[test]
fn a_well_declared_code_passes() {
    assert_eq!(problems(&[("a/src/lib.rs", &good("a.b"))]), Vec::<String>::new());
}

#[test]
fn an_id_declared_twice_is_found() {
    let found = problems(&[("a/src/lib.rs", &good("a.b")), ("a/src/other.rs", &good("a.b"))]);
    assert!(
        found.iter().any(|problem| problem.contains("also declared at a/src/lib.rs")),
        "{found:?}"
    );
}

#[test]
fn words_that_say_nothing_are_found() {
    let explanation = "It comes about like this, sometimes.";
    for (source, problem) in [
        (good("nodot"), "is not dotted"),
        (good("a.Upper"), "is not dotted"),
        (entry("a.b", "Do this", explanation), "not one sentence"),
        (entry("a.b", "Do this. Then that.", explanation), "not one sentence"),
        (entry("a.b", "do this now.", explanation), "not one sentence"),
        (entry("a.b", "Do this now.", ""), "has no explanation"),
        (entry("a.b", "Do this now and so on.", "Do this now and so on."), "has no explanation"),
    ] {
        let found = problems(&[("a/src/lib.rs", &source)]);
        assert!(found.len() == 1 && found[0].contains(problem), "{source}: {found:?}");
    }
}

#[test]
fn a_declaration_that_codes_does_not_list_is_found() {
    let source = good("a.b").replace(LISTS, "");
    let found = problems(&[("a/src/lib.rs", &source)]);
    assert_eq!(found, ["1 `codes!` declarations, 0 of them listed by `codes()`."]);
}

#[test]
fn a_crate_that_explain_does_not_ask_is_found() {
    let tree =
        Tree::of(&[("a/src/lib.rs", &good("a.b")), ("c/src/main.rs", ""), (CATALOGUE, &empty())])
            .with("cloister", "c", &["cloister-attestation"])
            .with("cloister-attestation", "a", &[]);
    assert_eq!(
        check(&tree)[0].problem,
        "`cloister explain` does not ask cloister-attestation for its codes."
    );
}

#[test]
fn a_program_that_explain_does_not_link_has_to_stand_in_the_catalogue() {
    let tree = Tree::of(&[EXPLAINS, (CATALOGUE, &empty()), ("v/src/lib.rs", &good("v.b"))])
        .with("cloister", "c", &[])
        .with("cloister-verifier", "v", &[]);
    assert_eq!(check(&tree)[0].file, CATALOGUE);
    let catalogue = crate::codes::catalogue(&tree);
    assert!(catalogue.contains("\"v.b\""));
    let tree = Tree::of(&[EXPLAINS, (CATALOGUE, &catalogue), ("v/src/lib.rs", &good("v.b"))])
        .with("cloister", "c", &[])
        .with("cloister-verifier", "v", &[]);
    assert_eq!(check(&tree), []);
}

#[test]
fn codes_of_tests_and_tools_do_not_count() {
    let inner = format!("#[cfg(test)]\nmod tests {{ {} }}", good("a.b"));
    let tree = Tree::of(&[("a/src/lib.rs", &inner), ("x/src/main.rs", &good("x.b"))])
        .with("cloister-attestation", "a", &[])
        .with("xtask", "x", &[]);
    assert_eq!(declared(&tree), []);
}

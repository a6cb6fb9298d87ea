use super::{Dependency, Rules, banned_and_shipped, examine};

const RULES: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0"]
[bans]
deny = [{ crate = "ring", wrappers = ["oracle"] }, { crate = "openssl" }]
skip = [{ crate = "syn" }]
[sources]
allow-registry = ["https://github.com/rust-lang/crates.io-index"]
"#;

/// A graph with the one listed duplicate, and more.
fn with(more: impl IntoIterator<Item = Dependency>) -> Vec<Dependency> {
    let listed = ["1.0.0", "2.0.0"].map(|version| dependency("syn", version));
    listed.into_iter().chain(more).collect()
}

fn rules() -> Rules {
    toml::from_str(RULES).unwrap()
}

fn dependency(name: &str, version: &str) -> Dependency {
    Dependency {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: Some("MIT OR GPL-3.0-only".to_owned()),
        source: Some("registry+https://github.com/rust-lang/crates.io-index".to_owned()),
        wanted_by: ["oracle".to_owned()].into(),
    }
}

#[test]
fn a_crate_that_is_listed_and_no_duplicate_is_found() {
    let found = examine(&rules(), &[dependency("syn", "2.0.0")]);
    assert_eq!(found, ["syn is listed under `skip` and is there once at most"]);
}

#[test]
fn a_graph_within_the_rules_passes() {
    assert_eq!(examine(&rules(), &with([dependency("ring", "1.0.0")])), Vec::<String>::new());
}

#[test]
fn a_licence_outside_the_list_and_a_missing_one_are_found() {
    let mut other = dependency("a", "1.0.0");
    other.licence = Some("MIT AND GPL-3.0-only".to_owned());
    let mut none = dependency("b", "1.0.0");
    none.licence = None;
    assert_eq!(examine(&rules(), &with([other, none])).len(), 2);
}

#[test]
fn git_and_other_registries_are_found_and_our_own_crates_are_not() {
    let mut graph = [dependency("a", "1.0.0"), dependency("b", "1.0.0"), dependency("c", "1.0.0")];
    graph[0].source = Some("git+https://example.org/a".to_owned());
    graph[1].source = Some("registry+https://example.org/index".to_owned());
    graph[2].source = None;
    assert_eq!(examine(&rules(), &with(graph)).len(), 2);
}

#[test]
fn a_banned_crate_is_found_unless_only_its_wrapper_wants_it() {
    let mut ring = dependency("ring", "1.0.0");
    ring.wanted_by.insert("cloisterd".to_owned());
    assert_eq!(examine(&rules(), &with([ring])), ["ring is banned and wanted by cloisterd"]);
}

#[test]
fn a_banned_crate_in_a_shipped_binary_is_found_whoever_wants_it() {
    let linked = ["ring 1.0.0".to_owned(), "ringbuffer 1.0.0".to_owned()].into();
    assert_eq!(
        banned_and_shipped(&rules(), &linked),
        ["ring is banned and linked into a shipped binary"]
    );
}

#[test]
fn two_versions_are_found_unless_listed() {
    let graph = [dependency("a", "1.0.0"), dependency("a", "2.0.0")];
    assert_eq!(examine(&rules(), &with(graph)), ["a is there in 2 versions: 1.0.0, 2.0.0"]);
}

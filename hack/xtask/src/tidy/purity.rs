//! The pure crates do no IO, read no clock and no environment, and start nothing.

use super::finding::Finding;
use super::paths::used;
use super::tree::Tree;

/// What a path in a pure crate may not begin with.
const FORBIDDEN_PREFIXES: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "tokio",
    "rustix",
    "libc",
];

/// What a path in a pure crate may not end with, however it begins.
const FORBIDDEN_SUFFIXES: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "OffsetDateTime::now_utc",
    "thread::spawn",
    "thread::sleep",
];

/// Crates that a pure crate may not depend on.
const FORBIDDEN_CRATES: &[&str] = &[
    "axum",
    "fuser",
    "hyper",
    "hyper-util",
    "libc",
    "mio",
    "nix",
    "reqwest",
    "rustix",
    "sev",
    "socket2",
    "sqlx",
    "tokio",
    "tokio-rustls",
    "tokio-util",
];

const REMEDY: &str = "Take it as an argument, or move this into an adapter crate.";

/// Checks sources and manifests of every crate marked pure.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in &tree.pure {
        let Some(member) = tree.member(name) else {
            findings.push(unknown(name));
            continue;
        };
        let manifest = format!("{}/Cargo.toml", member.folder);
        for dependency in member.normal.iter().filter(|d| FORBIDDEN_CRATES.contains(&d.as_str())) {
            let problem = format!("the pure crate {name} depends on {dependency}.");
            findings.push(Finding::new((&manifest, 1), "purity", problem, REMEDY));
        }
        for (file, syntax) in tree.product(member) {
            for used in used(syntax).into_iter().filter(|used| forbidden(&used.path)) {
                let problem = format!("the pure crate {name} uses `{}`.", used.path);
                findings.push(Finding::new((&file.path, used.line), "purity", problem, REMEDY));
            }
        }
    }
    findings
}

fn forbidden(path: &str) -> bool {
    let inside = |prefix: &&str| {
        path.strip_prefix(*prefix).is_some_and(|r| r.is_empty() || r.starts_with("::"))
    };
    let at_end = |suffix: &&str| {
        path.strip_suffix(*suffix).is_some_and(|r| r.is_empty() || r.ends_with("::"))
    };
    FORBIDDEN_PREFIXES.iter().any(inside) || FORBIDDEN_SUFFIXES.iter().any(at_end)
}

fn unknown(name: &str) -> Finding {
    let problem =
        format!("[workspace.metadata.tidy] marks {name} as pure, and no crate has that name.");
    Finding::new(("Cargo.toml", 1), "purity", problem, "Correct the name.")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn findings(source: &str, dependencies: &[&str]) -> Vec<String> {
        let mut tree = Tree::of(&[("p/src/lib.rs", source)]).with("p", "p", dependencies);
        tree.pure = vec!["p".to_owned()];
        check(&tree).into_iter().map(|f| f.problem).collect()
    }

    #[test]
    fn a_clock_a_file_an_environment_and_a_thread_are_found() {
        for source in [
            "fn a() { std::time::SystemTime::now(); }",
            "use std::time::Instant; fn a() { Instant::now(); }",
            "use std::fs;",
            "fn a() { std::env::var(\"A\"); }",
            "use std::thread; fn a() { thread::spawn(|| ()); }",
            "fn a() -> std::net::TcpStream { todo() }",
            "fn a() { tokio::spawn(b()); }",
            "#[cfg(not(test))] fn a() { std::env::var(\"A\"); }",
            "#[cfg(any(test, unix))] fn a() { std::env::var(\"A\"); }",
        ] {
            assert!(!findings(source, &[]).is_empty(), "{source}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_left_alone() {
        let source = "use core::net::IpAddr; use std::time::Duration; mod envelope; fn a() { environment::now(); }";
        assert_eq!(findings(source, &["serde"]), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_that_does_io_is_found() {
        assert_eq!(findings("", &["tokio"]), ["the pure crate p depends on tokio."]);
    }

    #[test]
    fn a_mark_on_a_crate_that_does_not_exist_is_found() {
        let mut tree = Tree::of(&[]);
        tree.pure = vec!["gone".to_owned()];
        assert_eq!(check(&tree).len(), 1);
    }
}

//! Which crate may import which: the table of `ARCHITECTURE.md`, as data.

use super::finding::Finding;
use super::tree::Tree;
use crate::workspace::Member;

/// A crate of the workspace and the crates of ours that it may depend on.
struct Edges {
    name: &'static str,
    may_import: &'static [&'static str],
}

/// Shipped code. Everything else in the workspace is a tool.
const EDGES: &[Edges] = &[
    Edges { name: "cloister-attestation", may_import: &[] },
    Edges { name: "cloister-api", may_import: &["cloister-attestation"] },
    Edges { name: "cloister-audit", may_import: &["cloister-attestation"] },
    Edges { name: "cloister-policy", may_import: &["cloister-attestation"] },
    Edges { name: "cloister-channel", may_import: &["cloister-api", "cloister-attestation"] },
    Edges { name: "cloister-attester", may_import: &["cloister-attestation"] },
    Edges { name: "cloister-endorsements", may_import: &["cloister-attestation"] },
    Edges {
        name: "cloister-gateway",
        may_import: &[
            "cloister-api",
            "cloister-attestation",
            "cloister-audit",
            "cloister-channel",
            "cloister-policy",
        ],
    },
    Edges { name: "cloister-guest", may_import: &["cloister-attestation"] },
    Edges { name: "cloister-image", may_import: &["cloister-attestation"] },
    Edges {
        name: "cloisterd",
        may_import: &[
            "cloister-api",
            "cloister-attestation",
            "cloister-attester",
            "cloister-audit",
            "cloister-channel",
            "cloister-gateway",
            "cloister-guest",
            "cloister-policy",
        ],
    },
    Edges {
        name: "cloister-verifier",
        may_import: &[
            "cloister-api",
            "cloister-attestation",
            "cloister-audit",
            "cloister-channel",
            "cloister-endorsements",
            "cloister-policy",
        ],
    },
    Edges {
        name: "cloister",
        may_import: &[
            "cloister-api",
            "cloister-attestation",
            "cloister-attester",
            "cloister-audit",
            "cloister-channel",
            "cloister-endorsements",
            // `cloister connect` carries A2A by the same steps as a runtime does.
            "cloister-gateway",
            "cloister-image",
            "cloister-policy",
        ],
    },
];

/// Tools that are held to a list. The others may import anything.
const HELD_TOOLS: &[Edges] = &[
    Edges {
        name: "cloister-simulator",
        may_import: &["cloister-attestation", "cloister-attester"],
    },
    // It has to run while the others do not compile.
    Edges { name: "xtask", may_import: &[] },
];

/// Tools that may import anything.
const FREE_TOOLS: &[&str] = &[
    "cloister-bench",
    "cloister-boot",
    "cloister-devnet",
    "cloister-domain",
    "cloister-fleet",
    "cloister-fuzz",
    "cloister-small-agent",
    "cloister-tests",
];

/// Shipped code that another crate's tests start beside it; never linked into that crate.
const TESTED_WITH: &[(&str, &str)] = &[("cloisterd", "cloister-verifier")];

const REMEDY: &str =
    "Turn the dependency around, or pass what is needed as data; see ARCHITECTURE.md.";

/// Checks every manifest against the table. Development dependencies may also be tools,
/// and what is named to be tested with.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let ours: Vec<&str> = tree.members.iter().map(|member| member.name.as_str()).collect();
    tree.members.iter().flat_map(|member| check_member(member, &ours)).collect()
}

/// Whether the crate is one that only development and tests link.
pub(super) fn is_tool(name: &str) -> bool {
    FREE_TOOLS.contains(&name) || HELD_TOOLS.iter().any(|edges| edges.name == name)
}

/// Whether the table lets `importer` depend on `imported`.
pub(super) fn may_import(importer: &str, imported: &str) -> bool {
    FREE_TOOLS.contains(&importer)
        || edges(importer).is_some_and(|edges| edges.may_import.contains(&imported))
}

fn edges(name: &str) -> Option<&'static Edges> {
    EDGES.iter().chain(HELD_TOOLS).find(|edges| edges.name == name)
}

fn check_member(member: &Member, ours: &[&str]) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", member.folder);
    let finding =
        |problem: String, remedy| Finding::new((&manifest, 1), "imports", problem, remedy);
    if edges(&member.name).is_none() && !FREE_TOOLS.contains(&member.name.as_str()) {
        let problem = format!("the import table does not know {}.", member.name);
        return vec![finding(
            problem,
            "Give the crate a line in the import table of tidy and of ARCHITECTURE.md.",
        )];
    }
    let forbidden = |imported: &&String| {
        ours.contains(&imported.as_str()) && !may_import(&member.name, imported)
    };
    let normal = member.normal.iter().filter(forbidden);
    let tested_with = |imported: &String| TESTED_WITH.contains(&(&member.name, imported));
    let dev = member
        .dev
        .iter()
        .filter(forbidden)
        .filter(|imported| !is_tool(imported) && !tested_with(imported));
    normal
        .chain(dev)
        .map(|imported| finding(format!("{} may not import {imported}.", member.name), REMEDY))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn problems(tree: &Tree) -> Vec<String> {
        check(tree).into_iter().map(|finding| finding.problem).collect()
    }

    fn tree() -> Tree {
        Tree::of(&[]).with("cloister-verifier", "v", &[]).with(
            "cloister-simulator",
            "s",
            &["cloister-attester"],
        )
    }

    #[test]
    fn an_import_against_the_direction_is_found() {
        let tree = tree().with("cloister-channel", "c", &["cloister-verifier", "serde"]);
        assert_eq!(problems(&tree), ["cloister-channel may not import cloister-verifier."]);
    }

    #[test]
    fn shipped_code_may_not_link_the_simulator_and_its_tests_may() {
        let mut tree = tree().with("cloisterd", "n", &["cloister-simulator"]);
        assert_eq!(problems(&tree), ["cloisterd may not import cloister-simulator."]);
        let member = tree.members.last_mut().unwrap();
        member.dev = core::mem::take(&mut member.normal);
        assert_eq!(problems(&tree), Vec::<String>::new());
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        let tree = Tree::of(&[]).with("cloister-new", "new", &[]);
        assert_eq!(problems(&tree), ["the import table does not know cloister-new."]);
    }
}

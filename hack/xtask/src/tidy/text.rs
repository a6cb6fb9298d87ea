//! Words that have no place in the repository.

use super::finding::Finding;
use super::tree::Tree;

/// Text that is refused, why, and what to do. Split so that this file does not find itself.
struct Refused {
    rule: &'static str,
    text: [&'static str; 2],
    remedy: &'static str,
}

const UNFINISHED: &str = "Finish it, or open an issue and take the marker out.";
const MACHINE: &str = "Write the path relative to the workspace, or let the user choose it.";
const REGISTRY: &str =
    "Take it out: which registry serves a machine is that machine's configuration.";

const REFUSED: &[Refused] = &[
    Refused { rule: "unfinished", text: ["TO", "DO"], remedy: UNFINISHED },
    Refused { rule: "unfinished", text: ["FIX", "ME"], remedy: UNFINISHED },
    Refused { rule: "unfinished", text: ["XX", "X:"], remedy: UNFINISHED },
    Refused { rule: "unfinished", text: ["unimplemented", "!("], remedy: UNFINISHED },
    Refused { rule: "unfinished", text: ["todo", "!("], remedy: UNFINISHED },
    Refused { rule: "unfinished", text: ["Under cons", "truction"], remedy: UNFINISHED },
    Refused { rule: "machine-path", text: ["/ho", "me/"], remedy: MACHINE },
    Refused { rule: "machine-path", text: ["/ro", "ot/"], remedy: MACHINE },
    Refused { rule: "machine-path", text: ["/Us", "ers/"], remedy: MACHINE },
    Refused { rule: "machine-path", text: ["/wo", "rk/"], remedy: MACHINE },
    Refused { rule: "registry-host", text: ["index", "-url"], remedy: REGISTRY },
    Refused { rule: "registry-host", text: ["replace", "-with"], remedy: REGISTRY },
    Refused { rule: "registry-host", text: ["arti", "factory"], remedy: REGISTRY },
    Refused { rule: "registry-host", text: ["pypi", ".org"], remedy: REGISTRY },
    Refused { rule: "registry-host", text: ["index.", "crates.io"], remedy: REGISTRY },
];

/// Files that hold other people's words.
const LEFT_OUT: &[&str] = &["LICENSE", "Cargo.lock"];

/// Checks every line of every text file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.files.iter().filter(|file| !LEFT_OUT.contains(&file.path.as_str()));
    files
        .flat_map(|file| {
            file.text.lines().enumerate().map(move |(at, line)| (file, at.saturating_add(1), line))
        })
        .flat_map(|(file, at, line)| {
            REFUSED.iter().filter_map(move |refused| finding(&file.path, at, line, refused))
        })
        .collect()
}

fn finding(path: &str, at: usize, line: &str, refused: &Refused) -> Option<Finding> {
    let text = refused.text.concat();
    stands_alone(line, &text).then(|| {
        Finding::new((path, at), refused.rule, format!("the line has `{text}`."), refused.remedy)
    })
}

/// Whether `text` occurs other than as the inside of a longer word or path.
fn stands_alone(line: &str, text: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    line.match_indices(text)
        .any(|(at, _)| !line.get(..at).and_then(|before| before.chars().last()).is_some_and(inside))
}

#[cfg(test)]
mod tests {
    use super::{REFUSED, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn every_refused_text_is_found_in_any_kind_of_file() {
        for refused in REFUSED {
            let line = format!("# {} x\n", refused.text.concat());
            let found = check(&Tree::of(&[("docs/a.md", &line)]));
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!((found[0].line, found[0].rule), (1, refused.rule));
        }
    }

    #[test]
    fn the_middle_of_a_longer_word_is_left_alone() {
        let text = ["AUTO", "DO"].concat() + " ../frame" + "wo" + "rk/ a/ho" + "me/b";
        assert!(
            check(&Tree::of(&[("a.md", &text), ("LICENSE", &["TO", "DO"].concat())])).is_empty()
        );
    }
}

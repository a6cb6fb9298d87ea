//! The table of checks in `CHECKS.md` says what the code does, and all of it.

use std::collections::BTreeSet;

use super::catalogue::declared;
use super::finding::Finding;
use super::tree::Tree;

const TABLE: &str = "attestation/core/CHECKS.md";
/// Where the table's tests stand unless it names them from the root.
const TESTS: &str = "attestation/core/tests/";
/// Who declares the codes that may not be left out, and how these begin.
const COMPLETE: (&str, [&str; 3]) = ("cloister-attestation", ["snp.", "tdx.", "azure."]);

const RULE: &str = "checklist";

/// One row: a step, its codes and its tests.
struct Row<'a> {
    line: usize,
    codes: Vec<&'a str>,
    tests: Vec<&'a str>,
}

/// Checks the table against the declarations and the tests. A tree without the crate has none.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    if tree.member(COMPLETE.0).is_none() {
        return Vec::new();
    }
    let Some(table) = tree.files.iter().find(|file| file.path == TABLE) else {
        return vec![Finding::new((TABLE, 1), RULE, "it is absent.", "Write the table of checks.")];
    };
    let rows: Vec<Row<'_>> = rows(&table.text).collect();
    let declared = declared(tree);
    let known: BTreeSet<&str> = declared.iter().map(|code| code.id.as_str()).collect();
    let mut findings: Vec<_> = rows.iter().flat_map(|row| broken(tree, &known, row)).collect();
    let listed: BTreeSet<&str> = rows.iter().flat_map(|row| row.codes.iter().copied()).collect();
    let (owner, prefixes) = COMPLETE;
    let demanded = declared.iter().filter(|code| {
        code.declared_by == owner && prefixes.iter().any(|prefix| code.id.starts_with(prefix))
    });
    let lacking = demanded.filter(|code| !listed.contains(code.id.as_str()));
    findings.extend(lacking.map(|code| {
        let problem = format!("`{}` is not in the table.", code.id);
        Finding::new((TABLE, 1), RULE, problem, "Add it to the step that it belongs to.")
    }));
    findings
}

/// The rows of all tables; their heads and rules have no code.
fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    let numbered = text.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    numbered.filter_map(|(at, line)| {
        let cells: Vec<&str> = line.split('|').collect();
        let [_, _step, _what, codes, tests, _] = cells.as_slice() else {
            return Some(Row { line: at.saturating_add(1), codes: Vec::new(), tests: Vec::new() });
        };
        let head = codes.trim() == "codes" || codes.trim() == "---";
        let (codes, tests) = (quoted(codes), quoted(tests));
        (!head).then_some(Row { line: at.saturating_add(1), codes, tests })
    })
}

/// The words between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// What is wrong with one row.
fn broken(tree: &Tree, known: &BTreeSet<&str>, row: &Row<'_>) -> Vec<Finding> {
    let at = |problem, remedy| Finding::new((TABLE, row.line), RULE, problem, remedy);
    if row.codes.is_empty() || row.tests.is_empty() {
        let problem = "the row is not a step, what it is, codes and tests.".to_owned();
        return vec![at(problem, "Name at least one code and one test file, between backticks.")];
    }
    let texts: Vec<_> = row.tests.iter().map(|test| (*test, test_text(tree, test))).collect();
    let absent = texts.iter().filter(|(_, text)| text.is_none()).map(|(test, _)| {
        at(format!("there is no test file `{test}`."), "Name it relative to `tests/` or the root.")
    });
    let unknown = row.codes.iter().filter(|code| !known.contains(*code)).map(|code| {
        at(format!("`{code}` is not declared."), "Name the code as its declaration does.")
    });
    let untested = row.codes.iter().filter(|code| {
        let literal = format!("\"{code}\"");
        !texts.iter().any(|(_, text)| text.is_some_and(|text| text.contains(&literal)))
    });
    let untested = untested.map(|code| {
        at(format!("no test of the row names `{code}`."), "Name the test file that expects it.")
    });
    absent.chain(unknown).chain(untested).collect()
}

fn test_text<'a>(tree: &'a Tree, test: &str) -> Option<&'a str> {
    let below = format!("{TESTS}{test}");
    let file = tree.files.iter().find(|file| file.path == below || file.path == test)?;
    Some(&file.text)
}

#[cfg(test)]
mod tests {
    use super::{TABLE, check};
    use crate::tidy::tree::Tree;

    const CODES: &str =
        r#"codes! { A = "snp.a", Peer, "", "r", "e"; B = "other.b", Peer, "", "r", "e"; }"#;
    const HEAD: &str = "| step | what | codes | tests |\n| --- | --- | --- | --- |\n";

    fn problems(table: &str) -> Vec<String> {
        let table = format!("{HEAD}{table}");
        let files = [
            ("attestation/core/src/codes.rs", CODES),
            ("attestation/core/tests/snp/a.rs", "fn a() { refused(\"snp.a\") }"),
            ("attestation/core/tests/snp/b.rs", "fn b() {}"),
            (TABLE, table.as_str()),
        ];
        let tree = Tree::of(&files).with("cloister-attestation", "attestation/core", &[]);
        check(&tree).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn a_table_with_every_code_and_its_test_has_no_finding() {
        assert_eq!(problems("| 1 | a | `snp.a` | `snp/a.rs` |"), [""; 0]);
        let from_root = "| 1 | a | `snp.a` | `attestation/core/tests/snp/a.rs` |";
        assert_eq!(problems(from_root), [""; 0]);
    }

    #[test]
    fn a_code_that_is_left_out_is_found_if_it_is_of_a_tee() {
        assert_eq!(problems(""), ["`snp.a` is not in the table."]);
    }

    #[test]
    fn codes_and_test_files_have_to_exist_and_belong_together() {
        let row = |codes: &str, tests: &str| problems(&format!("| 1 | a | {codes} | {tests} |"));
        assert_eq!(
            row("`snp.a`, `snp.c`", "`snp/a.rs`"),
            ["`snp.c` is not declared.", "no test of the row names `snp.c`."]
        );
        assert_eq!(row("`snp.a`", "`snp/a.rs`, `snp/c.rs`"), ["there is no test file `snp/c.rs`."]);
        assert_eq!(row("`snp.a`", "`snp/b.rs`"), ["no test of the row names `snp.a`."]);
    }

    #[test]
    fn a_row_without_codes_or_of_another_shape_is_found() {
        let good = "| 1 | a | `snp.a` | `snp/a.rs` |\n";
        for row in ["| 2 | b | | `snp/a.rs` |", "| 2 | b | `snp.a` | |", "| 2 | b | `snp.a` |"] {
            assert_eq!(problems(&format!("{good}{row}")).len(), 1, "{row}");
        }
    }

    #[test]
    fn a_crate_without_a_table_is_found() {
        let tree = Tree::of(&[]).with("cloister-attestation", "attestation/core", &[]);
        assert_eq!(check(&tree).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 0);
    }
}

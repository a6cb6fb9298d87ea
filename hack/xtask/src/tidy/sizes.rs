//! How long files and functions are.

use core::fmt;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::attributes::is_test;
use super::finding::Finding;
use super::tree::Tree;

/// Lines that a file may have.
const FILE_LINES_MAX: usize = 600;

/// Lines that a function may have, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// How a size is distributed, in lines. Tests are held to the limits and left out of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Spread {
    count: usize,
    median: usize,
    p95: usize,
    longest: usize,
}

impl Spread {
    fn of(mut sizes: Vec<usize>) -> Self {
        sizes.sort_unstable();
        let at = |percent: usize| {
            let rank = sizes.len().saturating_sub(1).saturating_mul(percent).div_ceil(100);
            sizes.get(rank).copied().unwrap_or(0)
        };
        Self { count: sizes.len(), median: at(50), p95: at(95), longest: at(100) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, median, p95, longest } = self;
        write!(f, "{count}, lines: median {median}, p95 {p95}, longest {longest}")
    }
}

/// The spread over files, over functions, and everything that is too long.
pub(super) fn check(tree: &Tree) -> (Spread, Spread, Vec<Finding>) {
    let (mut files, mut functions, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for (file, syntax) in tree.rust() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(long_file(&file.path, lines));
        }
        let mut visitor = Functions { in_test: file.is_test(), seen: Vec::new() };
        visitor.visit_file(syntax);
        findings.extend(
            visitor
                .seen
                .iter()
                .filter(|f| f.lines > FUNCTION_LINES_MAX)
                .map(|f| long_function(&file.path, f)),
        );
        if !file.is_test() {
            files.push(lines);
        }
        functions.extend(visitor.seen.iter().filter(|f| !f.test).map(|f| f.lines));
    }
    (Spread::of(files), Spread::of(functions), findings)
}

fn long_file(path: &str, lines: usize) -> Finding {
    let problem = format!("{lines} lines, at most {FILE_LINES_MAX} are allowed.");
    Finding::new((path, 1), "file-size", problem, "Move one noun into a module of its own.")
}

fn long_function(path: &str, function: &Function) -> Finding {
    let problem = format!(
        "`{}` has {} lines, at most {FUNCTION_LINES_MAX} are allowed.",
        function.name, function.lines
    );
    Finding::new(
        (path, function.line),
        "function-size",
        problem,
        "Give its steps names and functions.",
    )
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    test: bool,
}

struct Functions {
    in_test: bool,
    seen: Vec<Function>,
}

impl Functions {
    fn record(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        end: proc_macro2::Span,
    ) {
        let line = signature.fn_token.span.start().line;
        self.seen.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end.end().line.saturating_sub(line).saturating_add(1),
            test: self.in_test || is_test(attributes),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let before = self.in_test;
        self.in_test |= is_test(&module.attrs);
        visit::visit_item_mod(self, module);
        self.in_test = before;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.record(&function.attrs, &function.sig, function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.record(&function.attrs, &function.sig, function.block.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.record(&function.attrs, &function.sig, block.span());
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn a_function_of_71_lines_is_found_and_one_of_70_is_not() {
        let body = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
        let tree = Tree::of(&[("a/src/long.rs", &body(71)), ("a/src/fits.rs", &body(70))]);
        let (_, functions, findings) = check(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].file.as_str(), findings[0].rule),
            ("a/src/long.rs", "function-size")
        );
        assert_eq!(functions, Spread { count: 2, median: 71, p95: 71, longest: 71 });
    }

    #[test]
    fn a_file_of_601_lines_is_found_and_one_of_600_is_not() {
        let tree = Tree::of(&[
            ("a/src/long.rs", &"//\n".repeat(601)),
            ("a/src/fits.rs", &"//\n".repeat(600)),
        ]);
        let found: Vec<_> = check(&tree).2.into_iter().map(|f| (f.file, f.rule)).collect();
        assert_eq!(found, [("a/src/long.rs".to_owned(), "file-size")]);
    }

    #[test]
    fn methods_count_and_tests_stay_out_of_the_spread() {
        let source = "impl A {\n fn a() {\n }\n}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n";
        let (files, functions, _) =
            check(&Tree::of(&[("a/src/lib.rs", source), ("a/tests/x.rs", "fn c() {}\n")]));
        assert_eq!((files.count, functions.count, functions.longest), (1, 1, 2));
    }
}

//! Rules about attributes: a lint is switched off only with a reason, and what tests look like.

use syn::visit::{self, Visit};
use syn::{Attribute, Meta};

use super::finding::Finding;
use super::tree::Tree;

/// Every `allow` and `expect` says why.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust() {
        let mut visitor = Suppressions { lines: Vec::new() };
        visitor.visit_file(syntax);
        findings.extend(visitor.lines.into_iter().map(|line| {
            Finding::new(
                (&file.path, line),
                "lint-reason",
                "a lint is switched off and nothing says why.",
                "Add `reason = \"...\"`, or write code that the lint accepts.",
            )
        }));
    }
    findings
}

struct Suppressions {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for Suppressions {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let path = attribute.path();
        if (path.is_ident("allow") || path.is_ident("expect"))
            && !has_word(&attribute.meta, "reason")
        {
            self.lines.push(attribute.pound_token.span.start().line);
        }
        visit::visit_attribute(self, attribute);
    }
}

/// Whether these attributes keep the item out of everything but tests: `#[test]`, `#[cfg(test)]`.
/// What stands behind `cfg(not(test))` or `cfg(any(test, ..))` is held to the rules.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        path.is_ident("test") || (path.is_ident("cfg") && has_word(&attribute.meta, "test"))
    })
}

/// Whether the word stands directly inside the attribute's brackets.
fn has_word(meta: &Meta, word: &str) -> bool {
    let Meta::List(list) = meta else { return false };
    list.tokens
        .clone()
        .into_iter()
        .any(|token| matches!(token, proc_macro2::TokenTree::Ident(i) if i == word))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn a_suppression_without_a_reason_is_found() {
        let tree = Tree::of(&[(
            "a/src/lib.rs",
            "#![allow(missing_docs)]\n#[expect(clippy::panic, reason = \"shown\")]\nfn a() {\n    #[allow(unused)]\n    let b = 1;\n}\n",
        )]);
        let lines: Vec<usize> = check(&tree).iter().map(|f| f.line).collect();
        assert_eq!(lines, [1, 4]);
    }
}

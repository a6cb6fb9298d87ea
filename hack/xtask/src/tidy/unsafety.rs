//! Unsafe code is in one module, and every crate root says so.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::finding::Finding;
use super::tree::Tree;

/// The one crate that may deny instead of forbid, because it talks to `/dev` by ioctl.
const IOCTL_CRATE: &str = "cloister-attester";

/// Where unsafe code may stand, relative to that crate's folder.
const IOCTL_MODULE: &str = "src/ioctl";

/// Checks crate roots and every block, function, impl and trait.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        let may_ioctl = member.name == IOCTL_CRATE;
        let accepted: &[&str] = if may_ioctl { &["forbid", "deny"] } else { &["forbid"] };
        for (file, syntax) in
            tree.product(member).filter(|(file, _)| is_root(&file.path, &member.folder))
        {
            if !syntax.attrs.iter().any(|attribute| restricts(attribute, accepted)) {
                findings.push(unrestricted(&file.path, accepted));
            }
        }
        let module = format!("{}/{IOCTL_MODULE}", member.folder);
        for (file, syntax) in
            tree.product(member).filter(|(f, _)| !(may_ioctl && f.path.starts_with(&module)))
        {
            let mut blocks = Unsafe { lines: Vec::new() };
            blocks.visit_file(syntax);
            findings.extend(blocks.lines.into_iter().map(|line| misplaced(&file.path, line)));
        }
    }
    findings
}

fn is_root(path: &str, folder: &str) -> bool {
    let Some(inside) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix("/src/")) else {
        return false;
    };
    inside == "lib.rs"
        || inside == "main.rs"
        || (inside.starts_with("bin/") && inside.matches('/').count() == 1)
}

fn restricts(attribute: &syn::Attribute, accepted: &[&str]) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    accepted.iter().any(|level| list.path.is_ident(level))
        && list
            .tokens
            .clone()
            .into_iter()
            .any(|t| matches!(t, TokenTree::Ident(i) if i == "unsafe_code"))
}

fn unrestricted(path: &str, accepted: &[&str]) -> Finding {
    let problem = format!("the crate root does not {} unsafe code.", accepted.join(" or "));
    Finding::new((path, 1), "unsafe-root", problem, "Add `#![forbid(unsafe_code)]`.")
}

fn misplaced(path: &str, line: usize) -> Finding {
    let problem = format!("unsafe code outside of {IOCTL_MODULE} of {IOCTL_CRATE}.");
    Finding::new(
        (path, line),
        "unsafe-place",
        problem,
        "Use a safe function, or move it into that module.",
    )
}

struct Unsafe {
    lines: Vec<usize>,
}

impl Unsafe {
    fn note(&mut self, token: Option<&syn::Token![unsafe]>) {
        self.lines.extend(token.map(|token| token.span.start().line));
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) if word == "unsafe" => {
                    self.lines.push(word.span().start().line)
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Unsafe {
    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.note(Some(&block.unsafe_token));
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.note(signature.unsafety.as_ref());
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.note(item.unsafety.as_ref());
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.note(item.unsafety.as_ref());
        visit::visit_item_trait(self, item);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn rules(name: &str, path: &str, source: &str) -> Vec<&'static str> {
        check(&Tree::of(&[(path, source)]).with(name, "a", &[]))
            .into_iter()
            .map(|f| f.rule)
            .collect()
    }

    #[test]
    fn a_root_that_does_not_forbid_is_found() {
        assert_eq!(rules("x", "a/src/lib.rs", ""), ["unsafe-root"]);
        assert_eq!(rules("x", "a/src/bin/b.rs", "#![deny(unsafe_code)]"), ["unsafe-root"]);
        assert!(rules("x", "a/src/main.rs", "#![forbid(unsafe_code)]").is_empty());
        assert!(rules("cloister-attester", "a/src/lib.rs", "#![deny(unsafe_code)]").is_empty());
    }

    #[test]
    fn unsafe_code_is_found_everywhere_but_in_the_ioctl_module() {
        for source in [
            "fn a() { unsafe { b() } }",
            "unsafe fn a() {}",
            "unsafe impl A for B {}",
            "m!(unsafe { b() });",
        ] {
            assert_eq!(rules("x", "a/src/ioctl.rs", source), ["unsafe-place"], "{source}");
            assert_eq!(
                rules("cloister-attester", "a/src/b.rs", source),
                ["unsafe-place"],
                "{source}"
            );
            assert!(rules("cloister-attester", "a/src/ioctl.rs", source).is_empty(), "{source}");
        }
    }
}

//! The share of public items that are documented, and each one that is not.

use core::fmt;

use syn::visit::{self, Visit};
use syn::{Attribute, Visibility};

use super::attributes::is_test;
use super::finding::Finding;
use super::imports::is_tool;
use super::tree::Tree;

/// How many public items there are, and how many of them are documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Share {
    public: usize,
    documented: usize,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.documented.saturating_mul(100).checked_div(self.public).unwrap_or(100);
        write!(f, "{} of {} public items ({percent} %)", self.documented, self.public)
    }
}

/// Counts over the crates that are not tools. The compiler's `missing_docs` looks only at what a
/// crate exports; this also looks at `pub` items that no path from outside reaches.
pub(super) fn check(tree: &Tree) -> (Share, Vec<Finding>) {
    let (mut share, mut findings) = (Share::default(), Vec::new());
    for member in tree.members.iter().filter(|member| !is_tool(&member.name)) {
        for (file, syntax) in tree.product(member) {
            let mut items = Items::default();
            items.visit_file(syntax);
            share.public = share.public.saturating_add(items.public);
            share.documented =
                share.documented.saturating_add(items.public.saturating_sub(items.bare.len()));
            findings.extend(
                items.bare.into_iter().map(|(line, name)| undocumented(&file.path, line, &name)),
            );
        }
    }
    (share, findings)
}

fn undocumented(path: &str, line: usize, name: &str) -> Finding {
    let problem = format!("public `{name}` has no documentation.");
    Finding::new((path, line), "docs", problem, "Say what it is, in which unit, and when it fails.")
}

#[derive(Default)]
struct Items {
    public: usize,
    bare: Vec<(usize, String)>,
}

impl Items {
    fn item(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &syn::Ident) {
        if matches!(visibility, Visibility::Public(_)) {
            self.count(attributes, name);
        }
    }

    fn count(&mut self, attributes: &[Attribute], name: &syn::Ident) {
        self.public = self.public.saturating_add(1);
        if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.bare.push((name.span().start().line, name.to_string()));
        }
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        // The documentation of a module in a file of its own stands in that file.
        if item.content.is_some() {
            self.item(&item.vis, &item.attrs, &item.ident);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.item(&item.vis, &item.attrs, &item.sig.ident);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.item(&item.vis, &item.attrs, &item.sig.ident);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.item(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.item(&item.vis, &item.attrs, &item.ident);
        if matches!(item.vis, Visibility::Public(_)) {
            for field in &item.fields {
                if let Some(name) = &field.ident {
                    self.item(&field.vis, &field.attrs, name);
                }
            }
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.item(&item.vis, &item.attrs, &item.ident);
        if matches!(item.vis, Visibility::Public(_)) {
            item.variants.iter().for_each(|variant| self.count(&variant.attrs, &variant.ident));
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.item(&item.vis, &item.attrs, &item.ident);
        if matches!(item.vis, Visibility::Public(_)) {
            for method in &item.items {
                if let syn::TraitItem::Fn(method) = method {
                    self.count(&method.attrs, &method.sig.ident);
                }
            }
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.item(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.item(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.item(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let exported = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
        if let (true, Some(name)) = (exported, &item.ident) {
            self.count(&item.attrs, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn undocumented_public_items_are_found_by_name() {
        let source = "pub struct A { pub b: u8, c: u8 }\n/// Said.\npub enum D {\n/// Said.\nE,\nF }\nfn g() {}\n\
                      impl A { pub fn h() {} }\n#[cfg(test)]\nmod tests { pub fn i() {} }\n";
        let (share, findings) = check(&Tree::of(&[("a/src/lib.rs", source)]).with("a", "a", &[]));
        let named: Vec<_> = findings.iter().map(|f| f.problem.split('`').nth(1).unwrap()).collect();
        assert_eq!(named, ["A", "b", "F", "h"]);
        assert_eq!(share, Share { public: 6, documented: 2 });
    }

    #[test]
    fn tools_and_tests_are_not_counted() {
        let tree =
            Tree::of(&[("x/src/lib.rs", "pub fn a() {}"), ("a/src/b/tests.rs", "pub fn a() {}")]);
        let (share, _) = check(&tree.with("xtask", "x", &[]).with("a", "a", &[]));
        assert_eq!(share, Share::default());
    }
}

//! Every path that a file names outside of its tests, written out in full.

use std::collections::HashMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::UseTree;
use syn::visit::{self, Visit};

use super::attributes::is_test;

/// A path as used, with what `use` made of its first word undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) path: String,
    pub(super) line: usize,
}

/// Paths of `use` declarations, expressions, types and the inside of macro calls.
pub(super) fn used(file: &syn::File) -> Vec<Used> {
    let mut imports = Imports::default();
    imports.visit_file(file);
    let mut uses = Uses { names: imports.names, seen: imports.seen };
    uses.visit_file(file);
    uses.seen
}

#[derive(Default)]
struct Imports {
    /// What a name in scope stands for.
    names: HashMap<String, String>,
    seen: Vec<Used>,
}

impl Imports {
    fn tree(&mut self, prefix: &str, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.tree(&join(prefix, &path.ident.to_string()), &path.tree),
            UseTree::Name(name) => {
                let last = name.ident.to_string();
                // `use std::fs::{self}` names the module itself.
                let full = if last == "self" { prefix.to_owned() } else { join(prefix, &last) };
                let known_as = full.rsplit("::").next().unwrap_or(&full).to_owned();
                self.add(known_as, full, name.ident.span().start().line);
            }
            UseTree::Rename(rename) => {
                let full = join(prefix, &rename.ident.to_string());
                let full = full.strip_suffix("::self").unwrap_or(&full).to_owned();
                self.add(rename.rename.to_string(), full, rename.ident.span().start().line);
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans.first().map_or(1, |span| span.start().line);
                self.seen.push(Used { path: join(prefix, "*"), line });
            }
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(prefix, item)),
        }
    }

    fn add(&mut self, known_as: String, full: String, line: usize) {
        self.seen.push(Used { path: full.clone(), line });
        self.names.insert(known_as, full);
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree("", &item.tree);
        }
    }
}

struct Uses {
    names: HashMap<String, String>,
    seen: Vec<Used>,
}

impl Uses {
    fn add(&mut self, written: &str, line: usize) {
        let (first, rest) = written.split_once("::").map_or((written, None), |(f, r)| (f, Some(r)));
        let full = self.names.get(first).map_or(first, String::as_str);
        let path = rest.map_or_else(|| full.to_owned(), |rest| join(full, rest));
        self.seen.push(Used { path, line });
    }

    /// Words joined by `::` inside a macro call, whose grammar is not known here.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut line, mut colons) = (String::new(), 0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(word) if colons == 2 && !path.is_empty() => {
                    path = join(&path, &word.to_string());
                    colons = 0;
                }
                TokenTree::Ident(word) => {
                    self.finish(&mut path, line);
                    (path, line, colons) = (word.to_string(), word.span().start().line, 0);
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.finish(&mut path, line);
                    colons = 0;
                }
            }
        }
        self.finish(&mut path, line);
    }

    fn finish(&mut self, path: &mut String, line: usize) {
        if !path.is_empty() {
            self.add(&core::mem::take(path), line);
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments.first().map_or(1, |segment| segment.ident.span().start().line);
        self.add(&words.join("::"), line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") }
}

#[cfg(test)]
mod tests {
    use super::used;

    fn paths(source: &str) -> Vec<String> {
        used(&syn::parse_file(source).unwrap()).into_iter().map(|used| used.path).collect()
    }

    #[test]
    fn a_renamed_import_does_not_hide_what_is_called() {
        let found = paths("use std::time::SystemTime as Clock;\nfn a() { Clock::now(); }");
        assert!(found.contains(&"std::time::SystemTime::now".to_owned()), "{found:?}");
    }

    #[test]
    fn the_inside_of_a_macro_call_is_seen() {
        let found = paths("fn a() { assert!(x == std::env::var(\"A\").is_ok(), \"{}\", b); }");
        assert!(found.contains(&"std::env::var".to_owned()), "{found:?}");
    }

    #[test]
    fn tests_are_left_out() {
        let found = paths("#[cfg(test)]\nmod tests { fn a() { std::fs::read(\"b\"); } }");
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn groups_and_self_are_written_out() {
        let found = paths("use std::{fs::{self, File}, net};");
        assert_eq!(found, ["std::fs", "std::fs::File", "std::net"]);
    }
}

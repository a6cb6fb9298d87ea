//! Error codes: each explained once, and all of them known to `cloister explain`.

use std::collections::BTreeMap;

use syn::parse::{Parse, ParseStream};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, LitStr, Token};

use super::attributes::is_test;
use super::finding::Finding;
use super::imports::is_tool;
use super::paths::used;
use super::tree::Tree;
use crate::codes;
use crate::workspace::Member;

/// One code as it stands in a `codes!` declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) id: String,
    pub(crate) fault: String,
    pub(crate) spec: String,
    pub(crate) remedy: String,
    pub(crate) explanation: String,
    /// The crate that declares it.
    pub(crate) declared_by: String,
    file: String,
    line: usize,
}

/// The crate whose `explain` shows every code.
const CLI: &str = "cloister";

/// Every code that a crate of the workspace declares outside of tests, tools left out.
pub(crate) fn declared(tree: &Tree) -> Vec<Declared> {
    tree.members
        .iter()
        .filter(|member| !is_tool(&member.name))
        .flat_map(|member| scan(tree, member).0)
        .collect()
}

/// Checks every declaration, every crate's `codes()`, and what `explain` can show.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut places = BTreeMap::new();
    for member in tree.members.iter().filter(|member| !is_tool(&member.name)) {
        let (codes, declarations, broken) = scan(tree, member);
        findings.extend(broken);
        findings.extend(codes.iter().flat_map(check_words));
        for code in &codes {
            if let Some(first) =
                places.insert(code.id.clone(), format!("{}:{}", code.file, code.line))
            {
                findings.push(at(
                    code,
                    format!("`{}` is also declared at {first}.", code.id),
                    "Choose another id.",
                ));
            }
        }
        if declarations > 0 {
            findings.extend(check_listing(tree, member, declarations));
        }
    }
    findings.extend(check_catalogue(tree));
    findings
}

/// Whether `explain` cannot link this crate and therefore has its codes in the catalogue.
pub(crate) fn is_catalogued(tree: &Tree, name: &str) -> bool {
    !is_tool(name)
        && name != CLI
        && !tree.member(CLI).is_some_and(|cli| cli.normal.iter().any(|d| d == name))
}

fn at(code: &Declared, problem: String, remedy: &'static str) -> Finding {
    Finding::new((&code.file, code.line), "codes", problem, remedy)
}

fn check_words(code: &Declared) -> Vec<Finding> {
    let rules = [
        (
            is_dotted(&code.id),
            "is not dotted lower-case words",
            "Name it like `snp.tcb.below_floor`.",
        ),
        (
            is_one_sentence(&code.remedy),
            "has a remedy that is not one sentence",
            "Say in one sentence what to do.",
        ),
        (
            is_prose(&code.explanation) && code.explanation != code.remedy,
            "has no explanation",
            "Explain what it means and how it comes about, in sentences.",
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, _, _)| !holds);
    broken
        .map(|(_, problem, remedy)| at(code, format!("`{}` {problem}.", code.id), remedy))
        .collect()
}

fn is_dotted(id: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    id.contains('.') && id.split('.').all(word)
}

fn is_one_sentence(text: &str) -> bool {
    let Some(body) = text.strip_suffix('.') else { return false };
    let starts = text.chars().next().is_some_and(|c| c.is_uppercase());
    let next_sentence =
        body.split(". ").skip(1).any(|rest| rest.chars().next().is_some_and(char::is_uppercase));
    starts && body.contains(' ') && !next_sentence && !body.ends_with('.')
}

fn is_prose(text: &str) -> bool {
    text.ends_with('.') && text.split_whitespace().count() >= 5
}

/// The crate lists its codes in `codes()`, and `explain` asks for them.
fn check_listing(tree: &Tree, member: &Member, declarations: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = format!("{}/src/lib.rs", member.folder);
    let listed: usize = tree.product(member).map(|(_, syntax)| listed(syntax)).sum();
    if listed < declarations {
        let problem =
            format!("{declarations} `codes!` declarations, {listed} of them listed by `codes()`.");
        findings.push(Finding::new(
            (&root, 1),
            "codes",
            problem,
            "List the `CODES` of every module in `codes()`.",
        ));
    }
    if !is_catalogued(tree, &member.name) && !is_explained(tree, member) {
        let problem = format!("`cloister explain` does not ask {} for its codes.", member.name);
        findings.push(Finding::new(
            (&root, 1),
            "codes",
            problem,
            "Add its `codes()` to the ones that explain gathers.",
        ));
    }
    findings
}

/// How many `CODES` the functions named `codes` mention.
fn listed(file: &syn::File) -> usize {
    let mut visitor = Listing { inside: false, mentions: 0 };
    visitor.visit_file(file);
    visitor.mentions
}

struct Listing {
    inside: bool,
    mentions: usize,
}

impl<'ast> Visit<'ast> for Listing {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let before = core::mem::replace(&mut self.inside, function.sig.ident == "codes");
        visit::visit_item_fn(self, function);
        self.inside = before;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let named = path.segments.last().is_some_and(|segment| segment.ident == "CODES");
        self.mentions = self.mentions.saturating_add(usize::from(self.inside && named));
    }
}

fn is_explained(tree: &Tree, member: &Member) -> bool {
    let Some(cli) = tree.member(CLI) else { return true };
    let prefix = if member.name == CLI {
        "crate::".to_owned()
    } else {
        format!("{}::", member.name.replace('-', "_"))
    };
    tree.product(cli)
        .flat_map(|(_, syntax)| used(syntax))
        .any(|used| used.path.starts_with(&prefix) && used.path.ends_with("::codes"))
}

fn check_catalogue(tree: &Tree) -> Vec<Finding> {
    let expected = codes::catalogue(tree);
    let found =
        tree.files.iter().find(|file| file.path == codes::CATALOGUE).map(|file| file.text.as_str());
    if found == Some(expected.as_str()) || (found.is_none() && tree.member(CLI).is_none()) {
        return Vec::new();
    }
    let problem = "the catalogue differs from the declarations.";
    vec![Finding::new(
        (codes::CATALOGUE, 1),
        "codes",
        problem,
        "Run `cargo xtask codes` and commit what it writes.",
    )]
}

/// The codes of a crate, how many declarations hold them, and the declarations that do not parse.
fn scan(tree: &Tree, member: &Member) -> (Vec<Declared>, usize, Vec<Finding>) {
    let (mut codes, mut declarations, mut broken) = (Vec::new(), 0_usize, Vec::new());
    for (file, syntax) in tree.product(member) {
        let mut visitor = Declarations::default();
        visitor.visit_file(syntax);
        declarations = declarations.saturating_add(visitor.found.len());
        for declaration in visitor.found {
            match declaration {
                Ok(entries) => codes
                    .extend(entries.0.into_iter().map(|e| e.declared(&member.name, &file.path))),
                Err(error) => broken.push(Finding::new(
                    (&file.path, error.span().start().line),
                    "codes",
                    format!("a `codes!` declaration does not parse: {error}."),
                    "Write `NAME = \"id\", Fault, \"spec\", \"remedy\", \"explanation\";`.",
                )),
            }
        }
    }
    (codes, declarations, broken)
}

#[derive(Default)]
struct Declarations {
    found: Vec<syn::Result<Entries>>,
}

impl<'ast> Visit<'ast> for Declarations {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.segments.last().is_some_and(|segment| segment.ident == "codes") {
            self.found.push(call.parse_body());
        }
    }
}

struct Entries(Vec<Entry>);

struct Entry {
    name: Ident,
    fault: Ident,
    /// Id, specification, remedy, explanation.
    words: [LitStr; 4],
}

impl Parse for Entries {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(input.parse()?);
        }
        Ok(Self(entries))
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Attribute::parse_outer(input)?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let id = input.parse()?;
        input.parse::<Token![,]>()?;
        let fault = input.parse()?;
        input.parse::<Token![,]>()?;
        let spec = input.parse()?;
        input.parse::<Token![,]>()?;
        let remedy = input.parse()?;
        input.parse::<Token![,]>()?;
        let explanation = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        input.parse::<Token![;]>()?;
        Ok(Self { name, fault, words: [id, spec, remedy, explanation] })
    }
}

impl Entry {
    fn declared(self, crate_name: &str, file: &str) -> Declared {
        let [id, spec, remedy, explanation] = self.words.map(|word| word.value());
        Declared {
            id,
            fault: self.fault.to_string(),
            spec,
            remedy,
            explanation,
            declared_by: crate_name.to_owned(),
            file: file.to_owned(),
            line: self.name.span().start().line,
        }
    }
}

#[cfg(test)]
mod tests;

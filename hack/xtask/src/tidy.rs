//! `cargo xtask tidy`: the rules that the compiler does not know.
//!
//! Each rule is a function from the [`Tree`] to findings, in a file of its own, with sources that
//! break it in its tests.

mod attributes;
mod catalogue;
mod checklist;
mod docs;
mod fields;
mod finding;
mod imports;
mod lockfile;
mod paths;
mod purity;
mod sizes;
mod text;
mod tree;
mod unsafety;

use anyhow::{Context as _, Result};

use crate::graph;
use crate::workspace::Workspace;
use finding::Finding;

pub(crate) use catalogue::{declared, is_catalogued};
pub(crate) use tree::Tree;

/// Options of `cargo xtask tidy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// What one run found and measured.
#[derive(Debug, serde::Serialize)]
struct Report {
    files: sizes::Spread,
    functions: sizes::Spread,
    documented: docs::Share,
    error_codes: usize,
    shipped_crates: usize,
    shipped_crates_max: usize,
    findings: Vec<Finding>,
}

/// Prints every finding and the measures; `true` when there is no finding.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let tree = Tree::load(&workspace)?;
    let shipped = graph::shipped(&workspace).context("counting the shipped crates")?.len();
    let report = examine(&tree, shipped);
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(report.findings.is_empty())
}

fn examine(tree: &Tree, shipped: usize) -> Report {
    let (files, functions, mut findings) = sizes::check(tree);
    let (documented, undocumented) = docs::check(tree);
    let rules = [
        tree.unreadable(),
        undocumented,
        fields::check(tree),
        attributes::check(tree),
        catalogue::check(tree),
        checklist::check(tree),
        imports::check(tree),
        lockfile::check(tree, shipped),
        purity::check(tree),
        text::check(tree),
        unsafety::check(tree),
    ];
    findings.extend(rules.into_iter().flatten());
    findings.sort();
    Report {
        files,
        functions,
        documented,
        error_codes: declared(tree).len(),
        shipped_crates: shipped,
        shipped_crates_max: graph::SHIPPED_CRATES_MAX,
        findings,
    }
}

fn print(report: &Report) {
    for finding in &report.findings {
        println!("{finding}");
    }
    println!("files      {}", report.files);
    println!("functions  {}", report.functions);
    println!("documented {}", report.documented);
    println!("codes      {} error codes", report.error_codes);
    println!(
        "crates     {} for the shipped binaries, at most {}",
        report.shipped_crates, report.shipped_crates_max
    );
    println!("findings   {}", report.findings.len());
}

//! `cargo xtask codes`: the error codes of programs that the command line does not link.
//!
//! `cloister explain` asks the libraries that it links. The runtime and the Verifier are programs
//! of their own; their codes stand in a catalogue that this task writes from the declarations and
//! that `tidy` compares with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;
use crate::program;
use crate::tidy::{self, Tree};
use crate::workspace::Workspace;

/// Where the catalogue stands.
pub(crate) const CATALOGUE: &str = "verifier/cli/src/explain/programs.rs";

/// Options of `cargo xtask codes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write nothing; ask the built `cloister` to list its codes and compare with the sources.
    #[arg(long)]
    check: bool,
    /// The `cloister` to ask; default: one that is built for this.
    #[arg(long, value_name = "FILE", requires = "check")]
    program: Option<PathBuf>,
}

/// Writes the catalogue, or compares.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let tree = Tree::load(&workspace)?;
    if options.check {
        let program = program::given_or_built(&workspace, options.program.as_deref())?;
        return check(&workspace, &tree, &program);
    }
    let path = workspace.root.join(CATALOGUE);
    std::fs::write(&path, catalogue(&tree)).with_context(|| format!("cannot write {CATALOGUE}"))?;
    println!("wrote {CATALOGUE}");
    Ok(true)
}

/// What stands before and after the codes in the catalogue.
const HEAD: &str = "\
//! Codes of the programs that this one does not link. Written by `cargo xtask codes`.

use cloister_attestation::code::{Code, Fault};

/// In order of id.
#[rustfmt::skip]
pub(super) static CODES: &[Code] = &[
";
const TAIL: &str = "];\n";

/// The catalogue's text: Rust, one code a line.
pub(crate) fn catalogue(tree: &Tree) -> String {
    let codes = tidy::declared(tree);
    let mut lines: Vec<String> = codes
        .iter()
        .filter(|code| tidy::is_catalogued(tree, &code.declared_by))
        .map(|code| {
            let (spec, remedy, explanation) = (&code.spec, &code.remedy, &code.explanation);
            format!(
                "    Code::new({:?}, Fault::{}, {spec:?}, {remedy:?}, {explanation:?}),\n",
                code.id, code.fault
            )
        })
        .collect();
    lines.sort();
    format!("{HEAD}{}{TAIL}", lines.concat())
}

/// Compares what the program explains with what the sources declare, both ways.
fn check(workspace: &Workspace, tree: &Tree, program: &Path) -> Result<bool> {
    let program = program.to_str().context("the path of the program is not UTF-8")?;
    let listed = process::output(&workspace.root, program, &["explain", "--json"])?;
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&listed).context("cloister explain --json")?;
    let explained: BTreeSet<&str> =
        listed.iter().filter_map(|code| code.get("id")?.as_str()).collect();
    let declared = tidy::declared(tree);
    let declared: BTreeSet<&str> = declared.iter().map(|code| code.id.as_str()).collect();
    for id in declared.symmetric_difference(&explained) {
        let place = if declared.contains(id) {
            "declared and not explained"
        } else {
            "explained and not declared"
        };
        println!("{id}: {place}");
    }
    println!("{} codes declared, {} explained", declared.len(), explained.len());
    Ok(declared == explained && !declared.is_empty())
}

//! An agent's folder: `agent.toml`, what it names, and what the agent is made of.
//!
//! ```text
//!  AGENT_DIR/agent.toml      /etc/cloister/agent.toml, and beside it what it names relatively
//!  AGENT_DIR/root/           laid over the image's root
//!  AGENT_DIR/layout/         kind "oci":    the layers, below root/
//!  AGENT_DIR/wheels/         kind "python": unpacked beside an interpreter, below root/
//! ```
//!
//! The runtime decides what agent.toml means and refuses what it does not know. Here only `[build]`
//! is read, and which files the other tables name; if that were wrong, the runtime would miss a
//! file when it is asked what it will declare.

mod build_table;
mod error;
mod overlay;

use std::path::{Path, PathBuf};

pub use build_table::{BuildTable, Kind};
pub use error::{AgentError, CODES};
pub(crate) use overlay::overlay;
use toml::{Table, Value};

use crate::elf::Elf;
use crate::file;
use crate::folder::{Input, InputKind};
use crate::limits::FILE_BYTES_MAX;
use crate::tree::{Tree, TreeError};

/// The measured file's name.
pub const AGENT_FILE: &str = "agent.toml";
/// Where it is in an image, with what it names relatively.
pub const CONFIGURATION: &str = "/etc/cloister";

/// An agent's folder, and what its measured file says about building.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentFolder {
    path: PathBuf,
    text: String,
    /// How the agent's image is built.
    pub build: BuildTable,
    /// Paths of all files that the measured file names, as in the image.
    pub named: Vec<String>,
    /// The program that the runtime starts, as in the image.
    pub program: String,
}

impl AgentFolder {
    /// Reads `agent.toml` of the folder.
    ///
    /// # Errors
    /// [`AgentError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, AgentError> {
        let text = file::read_text(&path.join(AGENT_FILE))?;
        let table: Table = toml::from_str(&text).map_err(AgentError::Syntax)?;
        let build = BuildTable::of(&table)?;
        let program = first(table.get("workload"), "command").ok_or(AgentError::NoProgram)?;
        Ok(Self {
            path: path.to_owned(),
            build,
            named: named(&table).into_iter().map(in_image).collect(),
            program: in_image(program),
            text,
        })
    }

    /// A path in the folder.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Puts what every kind of agent has into `tree`: the tree laid over the root, and the measured
    /// file with the files beside it.
    ///
    /// # Errors
    /// [`AgentError`] names the file that is missing or cannot be in an image.
    pub fn lay(&self, tree: &mut Tree) -> Result<Vec<Input>, AgentError> {
        let mut inputs = Vec::new();
        if let Some(root) = self.root()? {
            overlay(tree, &self.at(&root), "", &mut |path, bytes| {
                inputs.push(Input::of(InputKind::AgentFile, &format!("{root}/{path}"), "", bytes));
            })?;
        }
        let own = format!("{CONFIGURATION}/{AGENT_FILE}");
        inputs.push(Input::of(InputKind::AgentFile, AGENT_FILE, "", self.text.as_bytes()));
        tree.file(&own, self.text.clone().into_bytes(), false)?;
        for path in self.named.iter().filter_map(|path| beside(path)) {
            // Refused before it is read, if it leads out of the folder.
            tree.find(&format!("{CONFIGURATION}/{path}"))?;
            let bytes = file::read(&self.at(path), FILE_BYTES_MAX)?;
            inputs.push(Input::of(InputKind::AgentFile, path, "", &bytes));
            let executable = overlay::is_executable(&self.at(path))?;
            tree.file(&format!("{CONFIGURATION}/{path}"), bytes, executable)?;
        }
        inputs.sort();
        inputs.dedup();
        Ok(inputs)
    }

    /// The folder that is laid over the root: the one that is named, or the usual one if it exists.
    fn root(&self) -> Result<Option<String>, AgentError> {
        match &self.build.root {
            Some(root) if self.at(root).is_dir() => Ok(Some(root.clone())),
            Some(root) => Err(AgentError::NoFolder(self.at(root))),
            None => Ok(self.at(ROOT).is_dir().then(|| ROOT.to_owned())),
        }
    }

    /// Checks that the program of a static agent is one: nothing else in the image would start it.
    ///
    /// # Errors
    /// [`AgentError::Dynamic`], if it is not.
    pub fn check_static(&self, tree: &Tree) -> Result<(), AgentError> {
        let is_static = |bytes| Elf::parse(bytes).and_then(|elf| elf.is_static());
        let program = tree.read(&self.program)?;
        match is_static(program.data()) {
            Ok(true) if program.permissions() == 0o755 => Ok(()),
            Ok(true) => Err(TreeError::new(&self.program, "is not executable").into()),
            Ok(false) => Err(AgentError::Dynamic(self.program.clone())),
            Err(source) => Err(AgentError::NoElf { program: self.program.clone(), source }),
        }
    }
}

/// The usual name of the tree that is laid over the root.
const ROOT: &str = "root";

/// Every file that the runtime opens because agent.toml names it.
fn named(table: &Table) -> Vec<&str> {
    let text = |section: &str, key: &str| table.get(section)?.get(key)?.as_str();
    let policy = table.get("policy");
    let single = [
        policy.and_then(Value::as_str),
        policy.and_then(|policy| policy.get("file")?.as_str()),
        text("verifier", "trust_root"),
        text("card", "keys"),
        first(table.get("workload"), "command"),
    ];
    let files = table.get("workload").and_then(|workload| workload.get("files")?.as_array());
    let files = files.into_iter().flatten().filter_map(Value::as_str);
    let tools = table.get("tools").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tools = tools.filter_map(|tool| first(Some(tool), "command"));
    let mut named: Vec<_> = single.into_iter().flatten().chain(files).chain(tools).collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn first<'a>(section: Option<&'a Value>, key: &str) -> Option<&'a str> {
    section?.get(key)?.as_array()?.first()?.as_str()
}

fn in_image(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{CONFIGURATION}/{path}") }
}

/// The path in the agent's folder, if the file lies beside agent.toml.
fn beside(path: &str) -> Option<&str> {
    path.strip_prefix(CONFIGURATION)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::{AgentFolder, named};
    use crate::tree::Tree;

    const AGENT: &str = r#"
        policy = { file = "policy.cedar", source = "verifier" }
        verifier = { trust_root = "/etc/ssl/trust.pem" }
        card = { keys = "keys.json" }
        build = { kind = "static" }
        [workload]
        command = ["/usr/bin/agent", "--quiet"]
        files = ["model.bin"]
        [tools.a]
        command = ["tool", "--stdio"]
        [tools.b]
        url = "http://127.0.0.1:1/mcp"
    "#;

    #[test]
    fn every_file_that_the_example_of_the_runtime_names_is_found() {
        let example = include_str!("../../../runtime/node/agent.example.toml");
        let table: Table = toml::from_str(example).unwrap();
        let expected = [
            "/usr/bin/calculator",
            "/usr/bin/translator",
            "/usr/share/translator/model.bin",
            "card-keys.json",
            "policy.cedar",
            "trust.pem",
        ];
        assert_eq!(named(&table), expected);
    }

    #[test]
    fn files_beside_agent_toml_stay_beside_it_and_the_root_is_laid_over() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for path in
            ["policy.cedar", "keys.json", "model.bin", "tool", "root/usr/bin/agent", "README"]
        {
            write(path, path);
        }
        write("agent.toml", AGENT);
        let mut tree = Tree::new();
        let agent = AgentFolder::open(folder.path()).unwrap();
        let inputs = agent.lay(&mut tree).unwrap();
        assert_eq!(tree.read("/usr/bin/agent").unwrap().data(), b"root/usr/bin/agent");
        assert_eq!(tree.read("/etc/cloister/model.bin").unwrap().data(), b"model.bin");
        assert!(tree.find("/etc/cloister/README").unwrap().is_none());
        let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
        let expected =
            ["agent.toml", "keys.json", "model.bin", "policy.cedar", "root/usr/bin/agent", "tool"];
        assert_eq!(names, expected);
        assert!(agent.check_static(&tree).is_err());

        write("agent.toml", &AGENT.replace("model.bin", "../secret"));
        let agent = AgentFolder::open(folder.path()).unwrap();
        write("../secret", "x");
        assert!(agent.lay(&mut Tree::new()).is_err());
    }

    #[test]
    fn an_unknown_key_or_kind_of_build_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for build in
            ["", "build = {}", "build = { kind = \"vm\" }", "build = { kind = \"oci\", x = 1 }"]
        {
            let text = AGENT.replace("build = { kind = \"static\" }", build);
            std::fs::write(folder.path().join("agent.toml"), text).unwrap();
            assert!(AgentFolder::open(folder.path()).is_err(), "{build}");
        }
    }
}

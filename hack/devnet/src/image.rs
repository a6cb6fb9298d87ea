//! Images of virtual machines, built with the command line from an agent's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::tpm::HashAlgorithm;
use cloister_boot::prediction::predict;
use cloister_boot::{Bootable, Handed, TeeKind, tools};
use cloister_image::folder::ImageFolder;
use cloister_image::measure::vtpm::Values;
use cloister_simulator::azure::software_paravisor;
use cloister_simulator::launch::software_rtmr0;
use tokio::process::Command;

use crate::declaration::{VERSION, identity, policy};
use crate::enclave::Host;
use crate::machine::firmware;
use crate::verifier::Verifier;
use crate::workspace;

/// What runs in an image.
#[derive(Clone, Copy, Debug)]
pub enum Workload<'a> {
    /// The demo's agent on the official Python SDK.
    Shout,
    /// An agent on the official Python SDK that has `peer` shout `text`.
    Errand {
        /// The agent that is asked.
        peer: &'a str,
        /// What it is to shout.
        text: &'a str,
    },
    /// A program that needs nothing but the kernel.
    Static {
        /// The program.
        program: &'a Path,
        /// What it is told besides its name.
        options: &'a [&'a str],
    },
}

/// An agent's folder, as somebody writes it.
#[derive(Clone, Debug)]
pub struct AgentFolder {
    name: String,
    path: PathBuf,
}

impl AgentFolder {
    /// Writes the folder of an agent that may call everybody, and that `callers` may call.
    pub async fn write(
        host: &Host,
        verifier: &Verifier,
        name: &str,
        callers: &[&str],
        workload: Workload<'_>,
    ) -> Result<Self> {
        let path = host.new_folder(&format!("agent-{name}"))?;
        fs::copy(verifier.trust_root(), path.join("trust.pem"))?;
        fs::write(path.join("policy.cedar"), policy(name, callers))?;
        let root = path.join("root/srv");
        fs::create_dir_all(&root)?;
        let (kind, command) = match workload {
            Workload::Shout => {
                python(&path, &["shout.py"]).await?;
                ("python", script("shout.py", name, &[]))
            }
            Workload::Errand { peer, text } => {
                python(&path, &["errand.py", "ask.py"]).await?;
                ("python", script("errand.py", name, &["--peer", peer, "--text", text]))
            }
            Workload::Static { program, options } => {
                fs::copy(program, root.join("agent"))?;
                ("static", words(&["/srv/agent", "--name", name], options))
            }
        };
        let anchor = host.pki().anchor().fingerprint().to_string();
        let text = agent_toml(name, &anchor, kind, &command);
        let fence = if kind == "python" { PYTHONS_FENCE } else { "" };
        fs::write(path.join("agent.toml"), text + fence)?;
        Ok(Self { name: name.to_owned(), path })
    }

    /// The same agent with one more byte in its policy, a space at its end.
    pub fn with_one_byte_changed(&self) -> Result<()> {
        let policy = self.path.join("policy.cedar");
        let mut text = fs::read(&policy)?;
        text.push(b' ');
        Ok(fs::write(policy, text)?)
    }

    /// The same agent as another version.
    pub fn with_version(&self, version: &str) -> Result<()> {
        let file = self.path.join("agent.toml");
        let text = fs::read_to_string(&file)?;
        Ok(fs::write(file, text.replace(VERSION, &format!("version = {version:?}")))?)
    }

    /// Builds the image with `cloister image build`.
    pub async fn build(&self, host: &Host) -> Result<MachineImage> {
        let out = host.new_folder(&format!("image-{}", self.name))?.join("image");
        let mut command = Command::new(&host.programs().cli);
        command.args(["--json", "image", "build"]).arg(&self.path).arg("--out").arg(&out);
        command.arg("--runtime").arg(workspace::guest_programs()?.join("cloisterd"));
        let output = command.kill_on_drop(true).output().await.context("cannot start cloister")?;
        ensure!(
            output.status.success(),
            "cloister image build failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        MachineImage::open(&out)
    }
}

/// What an interpreter and the packages of the SDK are made of; libffi makes machine code in memory.
const PYTHONS_FENCE: &str = r#"
[fence]
read = ["/lib", "/lib64", "/srv", "/usr"]
executable_memory = true
"#;

fn agent_toml(name: &str, simulator: &str, kind: &str, command: &[String]) -> String {
    let command: Vec<String> = command.iter().map(|word| format!("{word:?}")).collect();
    format!(
        r#"{identity}server_name = "verifier.{domain}"

[workload]
command = [{command}]
a2a_port = 9000

[build]
kind = "{kind}"
"#,
        identity = identity(name, simulator),
        domain = Verifier::TRUST_DOMAIN,
        command = command.join(", "),
    )
}

/// Puts scripts and the wheels of the official SDK into an agent's folder.
async fn python(folder: &Path, scripts: &[&str]) -> Result<()> {
    for script in scripts {
        let from = workspace::python_agents().join(script);
        fs::copy(from, folder.join("root/srv").join(script))?;
    }
    let wheels = folder.join("wheels");
    fs::create_dir(&wheels)?;
    for entry in fs::read_dir(crate::python::wheels().await?)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "whl") {
            fs::copy(entry.path(), wheels.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn script(file: &str, name: &str, more: &[&str]) -> Vec<String> {
    words(&["/usr/bin/python3", &format!("/srv/{file}"), "--name", name], more)
}

fn words(first: &[&str], more: &[&str]) -> Vec<String> {
    first.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

/// A built image.
#[derive(Clone, Debug)]
pub struct MachineImage {
    folder: ImageFolder,
}

impl MachineImage {
    /// Opens the folder that `cloister image build` wrote.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { folder: ImageFolder::open(path)? })
    }

    /// The image's name, which is its agent's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.folder.description().name
    }

    /// What an honest host hands a machine.
    pub fn handed(&self, tee: TeeKind) -> Result<Handed> {
        Handed::read(&self.folder, &firmware(tee)?)
    }

    /// What an honest host has firmware boot from.
    pub fn bootable(&self) -> Result<Bootable> {
        Bootable::read(&self.folder, &tools::generic_firmware()?)
    }

    /// The image's Reference Values on these simulated TEEs, as the calculators predict them, in a
    /// file for `cloister image admit`.
    pub fn reference_values(&self, folder: &Path, tees: &[TeeKind]) -> Result<PathBuf> {
        self.admissible(folder, tees.iter().map(|tee| self.shape(*tee)).collect::<Result<_>>()?)
    }

    /// The same behind the virtual TPM of a paravisor in software.
    pub fn reference_values_behind_paravisor(&self, folder: &Path) -> Result<PathBuf> {
        let predicted = Values::of(&self.bootable()?.uki, HashAlgorithm::Sha256)?;
        let paravisor = Box::new(software_paravisor());
        let shape = LaunchShape::Azure { paravisor, pcrs: predicted.measured()? };
        self.admissible(folder, vec![shape])
    }

    fn admissible(&self, folder: &Path, shapes: Vec<LaunchShape>) -> Result<PathBuf> {
        let description = self.folder.description();
        let values = ReferenceValues {
            image: description.name.clone(),
            version: description.version.clone(),
            manifest: description.manifest.sha384,
            shapes,
        };
        let name = format!("{}-{}.json", description.name, description.version);
        let path = folder.join(name);
        fs::write(&path, serde_json::to_vec_pretty(&values)?)?;
        Ok(path)
    }

    fn shape(&self, tee: TeeKind) -> Result<LaunchShape> {
        let predicted: BTreeMap<_, _> = predict(&self.handed(tee)?, tee, 1)?.into_iter().collect();
        let value = |name| predicted.get(name).copied().with_context(|| format!("no {name}"));
        let zero = Digest48::new([0; 48]);
        Ok(match tee {
            TeeKind::Snp => LaunchShape::Snp {
                measurement: value("MEASUREMENT")?,
                host_data: HostData::new([0; 32]),
            },
            TeeKind::Tdx => LaunchShape::Tdx {
                mr_td: value("MRTD")?,
                rtmr: [software_rtmr0(), value("RTMR1")?, value("RTMR2")?, zero],
                mr_config_id: zero,
                mr_owner: zero,
                mr_owner_config: zero,
            },
        })
    }
}

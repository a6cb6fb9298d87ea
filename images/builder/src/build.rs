//! From an agent's folder to an image.
//!
//! ```text
//!  AGENT_DIR -- agent ------+
//!  packages -- kernel ------+--> Tree --> initrd --+
//!  cloisterd -- runtime ----+      |               +--> UKI --> disk
//!                                  +--> manifest   |
//!                                       (asked of the runtime)
//! ```

mod error;
mod outputs;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::{BuildError, CODES};

use crate::agent::{AGENT_FILE, AgentFolder, CONFIGURATION, Kind};
use crate::cmdline::cmdline;
use crate::disk;
use crate::file::{self, FileError};
use crate::folder::{CMDLINE, DISK, Description, INITRD, Input, InputKind, KERNEL, MANIFEST, UKI};
use crate::initrd;
use crate::kernel::Kernel;
use crate::limits::FILE_BYTES_MAX;
use crate::oci;
use crate::packages::Cache;
use crate::progress::{Progress, Step};
use crate::python;
use crate::runtime::{Declared, Runtime};
use crate::tree::Tree;
use crate::uki::{self, Parts};
use outputs::{Made, Outputs};

/// The group of the lock file with the EFI stub, and where that lies in its package.
/// Which packages the EFI program is in that images begin with, and where.
pub const STUB: (&str, &str) = ("stub", "usr/lib/systemd/boot/efi/linuxx64.efi.stub");

/// What an image is built from, and where to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Build<'a> {
    /// The agent's folder.
    pub agent: PathBuf,
    /// Where the image goes: a folder that does not exist, is empty, or holds an image.
    pub out: PathBuf,
    /// The runtime.
    pub runtime: PathBuf,
    /// Whether a disk is wanted.
    pub disk: bool,
    /// Where packages are.
    pub cache: &'a Cache,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
}

impl<'a> Build<'a> {
    /// A build without a disk.
    #[must_use]
    pub fn new(
        agent: PathBuf,
        out: PathBuf,
        runtime: PathBuf,
        cache: &'a Cache,
        progress: &'a dyn Progress,
    ) -> Self {
        Self { agent, out, runtime, disk: false, cache, progress }
    }

    /// Builds the image, and returns what `image.json` says.
    ///
    /// # Errors
    /// [`BuildError`] says what stands in the way. A folder in which a build failed has no
    /// `image.json`.
    pub fn run(&self) -> Result<Description, BuildError> {
        let agent = AgentFolder::open(&self.agent)?;
        let runtime = Runtime::open(&self.runtime)?;
        let mut outputs = Outputs::begin(&self.out)?;
        let kernel_packages = self.cache.unpacked(&agent.build.kernel, self.progress)?;
        let kernel = Kernel::find(&kernel_packages, &agent.build.modules)?;
        let stub_packages = self.cache.unpacked(STUB.0, self.progress)?;
        let stub = file::read(&stub_packages.join(STUB.1), FILE_BYTES_MAX)?;

        let mut tree = Tree::new();
        let mut inputs = self.inputs(&agent, &runtime)?;
        self.progress.begin(Step::Agent, None);
        inputs.extend(self.furnish(&agent, &mut tree)?);
        let declared = self.declare(&agent, &runtime, &tree)?;
        initrd::furnish(&mut tree, runtime.bytes(), kernel.modules, self.cache.lock().epoch)?;
        self.progress.end();
        inputs.sort();
        inputs.dedup();

        let initrd = initrd::compress(&tree, self.progress)?;
        let cmdline = cmdline();
        let image = uki::unify(&Parts {
            stub: &stub,
            cmdline: &cmdline,
            uname: &kernel.release,
            initrd: &initrd,
            kernel: &kernel.image,
        })?;
        self.progress.begin(Step::Writing, None);
        outputs.add(KERNEL, &kernel.image)?;
        outputs.add(INITRD, &initrd)?;
        outputs.add(CMDLINE, cmdline.as_bytes())?;
        outputs.add(UKI, &image)?;
        outputs.add(MANIFEST, &declared.manifest)?;
        if self.disk {
            outputs.add(DISK, &disk::disk(&image)?)?;
        }
        let kind = agent.build.kind.name();
        let description = outputs.finish(Made {
            declared,
            inputs,
            runtime: &runtime,
            kind,
            cmdline: &cmdline,
        })?;
        self.progress.end();
        Ok(description)
    }

    /// What an image is made of beside the agent's files.
    fn inputs(&self, agent: &AgentFolder, runtime: &Runtime) -> Result<Vec<Input>, BuildError> {
        let lock = self.cache.lock();
        let mut packages = lock.group(&agent.build.kernel)?;
        packages.extend(lock.group(STUB.0)?);
        let packages = packages.into_iter().map(Input::package);
        let runtime = Input::of(InputKind::Runtime, "cloisterd", "", runtime.bytes());
        Ok(packages.chain([runtime]).collect())
    }

    /// Puts what the agent is made of into the tree, and the agent's own files over it.
    fn furnish(&self, agent: &AgentFolder, tree: &mut Tree) -> Result<Vec<Input>, BuildError> {
        let mut inputs = match agent.build.kind {
            Kind::Static => Vec::new(),
            Kind::Oci => oci::lay(tree, &agent.at(&agent.build.layout))?,
            Kind::Python => {
                let packages = self.cache.unpacked(python::PACKAGES, self.progress)?;
                let wheels = python::lay(tree, &packages, &agent.at(&agent.build.wheels))?;
                let packages = self.cache.lock().group(python::PACKAGES)?;
                packages.into_iter().map(Input::package).chain(wheels).collect()
            }
        };
        inputs.extend(agent.lay(tree)?);
        if agent.build.kind == Kind::Static {
            agent.check_static(tree)?;
        }
        Ok(inputs)
    }

    /// Asks the runtime, which gets to see the files that agent.toml names and no others.
    fn declare(
        &self,
        agent: &AgentFolder,
        runtime: &Runtime,
        tree: &Tree,
    ) -> Result<Declared, BuildError> {
        let root = self.out.join("declare");
        let own = format!("{CONFIGURATION}/{AGENT_FILE}");
        for path in agent.named.iter().chain([&own]) {
            let to = root.join(path.trim_start_matches('/'));
            file::make_folder(to.parent().unwrap_or(&root))?;
            file::write(&to, tree.read(path)?.data())?;
        }
        let declared = runtime.declare(&root);
        remove(&root)?;
        Ok(declared?)
    }
}

fn remove(folder: &Path) -> Result<(), FileError> {
    fs::remove_dir_all(folder).map_err(FileError::writing(folder))
}

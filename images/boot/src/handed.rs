//! What a machine is handed: read once, measured and run from the same bytes.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cloister_image::folder::{self, ImageFolder};
use cloister_simulator::launch::Launch;

use crate::component::Component;

/// A kernel, an initrd or firmware: an initrd is loaded below 4 GiB, and held in memory here.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The kernel's own limit for its command line.
const CMDLINE_BYTES_MAX: u64 = 2047;

/// Everything that one machine starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The virtual firmware, of which every measurement begins.
    pub firmware: Vec<u8>,
    /// The kernel.
    pub kernel: Vec<u8>,
    /// The initial RAM disk.
    pub initrd: Vec<u8>,
    /// The kernel's command line.
    pub cmdline: String,
}

impl Handed {
    /// Reads an image, which has to be as it was built, and firmware.
    pub fn read(image: &ImageFolder, firmware: &Path) -> Result<Self> {
        Ok(Self {
            firmware: read_part(firmware)?,
            kernel: image.read(folder::KERNEL)?,
            initrd: image.read(folder::INITRD)?,
            cmdline: image.cmdline()?,
        })
    }

    /// The same with another file for one component: what a dishonest host would do.
    pub fn replace(&mut self, component: Component, file: &Path) -> Result<()> {
        match component {
            Component::Firmware => self.firmware = read_part(file)?,
            Component::Kernel => self.kernel = read_part(file)?,
            Component::Initrd => self.initrd = read_part(file)?,
            Component::Cmdline => self.cmdline = read_cmdline(file)?,
        }
        Ok(())
    }

    /// As the security processor is shown it.
    #[must_use]
    pub fn launch(&self) -> Launch<'_> {
        let Self { firmware, kernel, initrd, cmdline } = self;
        Launch { firmware, kernel, initrd, cmdline }
    }
}

/// Firmware, a kernel, or an initrd.
pub(crate) fn read_part(file: &Path) -> Result<Vec<u8>> {
    bounded(file, FILE_BYTES_MAX)
}

/// A kernel's command line.
pub(crate) fn read_cmdline(file: &Path) -> Result<String> {
    let cmdline = String::from_utf8(bounded(file, CMDLINE_BYTES_MAX)?)
        .context("the command line is not UTF-8")?;
    ensure!(!cmdline.contains(['\n', '\0']), "the command line has a line break or a NUL");
    Ok(cmdline)
}

fn bounded(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= most);
    ensure!(fits, "{} is larger than {most} bytes", path.display());
    Ok(bytes)
}

/// `COMPONENT=FILE`, as on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub component: Component,
    /// By what.
    pub file: PathBuf,
}

impl core::str::FromStr for Replacement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').ok_or("write COMPONENT=FILE")?;
        let component = Component::ALL.into_iter().find(|it| it.name() == name);
        let component = component.ok_or("the component is firmware, kernel, initrd or cmdline")?;
        Ok(Self { component, file: file.into() })
    }
}

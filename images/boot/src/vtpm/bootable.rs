//! What a machine that measures itself starts from: firmware, and a disk with a UKI on it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cloister_image::disk::disk;
use cloister_image::folder::{self, ImageFolder};
use cloister_image::measure::Pe;
use cloister_image::uki::{Parts, unify};

use crate::component::Component;
use crate::handed::{Replacement, read_cmdline, read_part};

/// Firmware and a unified kernel image, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootable {
    /// The virtual firmware, which measures what it starts.
    pub firmware: Vec<u8>,
    /// The unified kernel image.
    pub uki: Vec<u8>,
}

impl Bootable {
    /// Reads an image, which has to be as it was built, and firmware.
    pub fn read(image: &ImageFolder, firmware: &Path) -> Result<Self> {
        Ok(Self { firmware: read_part(firmware)?, uki: image.read(folder::UKI)? })
    }

    /// The disk that firmware finds the UKI on: the one that `cloister image build --disk` writes.
    pub fn disk(&self) -> Result<Vec<u8>> {
        Ok(disk(&self.uki)?)
    }

    /// The same with another file for one component: what a dishonest host would do, who unites it
    /// with the others by `stub`.
    pub fn replace(
        &mut self,
        Replacement { component, file }: &Replacement,
        stub: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<()> {
        if *component == Component::Firmware {
            self.firmware = read_part(file)?;
            return Ok(());
        }
        let uki = Pe::parse(&self.uki)?;
        let section = |name| uki.section(name)?.with_context(|| format!("the UKI has no {name}"));
        let text = |name| Ok::<_, anyhow::Error>(core::str::from_utf8(section(name)?)?);
        let (other, line) = match component {
            Component::Cmdline => (Vec::new(), read_cmdline(file)?),
            Component::Kernel | Component::Initrd => {
                (read_part(file)?, text(".cmdline")?.to_owned())
            }
            Component::Firmware => bail!("firmware is not in a UKI"),
        };
        let or = |replaced, name| if *component == replaced { Ok(&*other) } else { section(name) };
        self.uki = unify(&Parts {
            stub: &stub()?,
            cmdline: &line,
            uname: text(".uname")?,
            initrd: or(Component::Initrd, ".initrd")?,
            kernel: or(Component::Kernel, ".linux")?,
        })?;
        Ok(())
    }
}

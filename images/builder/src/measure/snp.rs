//! The launch digest of an SEV-SNP guest.
//!
//! ```text
//!  firmware, page by page --> what its metadata asks for --> one VMSA for each processor
//!  |------------- Launched: the same for every shape of a VMM -----------|-- digest(...) --|
//! ```
//!
//! SPEC: AMD 56860 (SEV-SNP Firmware ABI), section 8.17 `SNP_LAUNCH_UPDATE`.

mod cpu;
mod hashes;
mod page;
mod vmm;
mod vmsa;

use cloister_attestation::bytes::Digest48;

use super::error::MeasureError;
use super::firmware::{Firmware, PAGE_BYTES, SevSection, SevSectionKind};
use super::limits::VCPUS_MAX;
pub use cpu::Cpu;
pub use hashes::KernelHashes;
use page::{Chain, PageKind};
pub use vmm::Vmm;

/// `SEV_FEATURES` of a VMSA: what is switched on in the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestFeatures(u64);

impl GuestFeatures {
    /// SEV-SNP and nothing else: what QEMU starts a guest with.
    pub const SNP: Self = Self(1);

    /// `None` without bit 0, which makes a guest one of SEV-SNP.
    #[must_use]
    pub const fn new(bits: u64) -> Option<Self> {
        if bits & 1 == 1 { Some(Self(bits)) } else { None }
    }

    /// As in the VMSA.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// The processors of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processors {
    /// How many.
    pub vcpus: u32,
    /// Of what type.
    pub cpu: Cpu,
    /// With what switched on.
    pub features: GuestFeatures,
}

/// Everything that a launch digest depends on.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The firmware.
    pub firmware: &'a [u8],
    /// What it boots.
    pub boots: &'a KernelHashes,
    /// Who launches.
    pub vmm: Vmm,
    /// On what.
    pub processors: Processors,
}

/// The launch digest of one shape.
///
/// # Errors
/// [`MeasureError`] if the firmware does not read or does not measure what it boots.
pub fn launch_digest(launch: &Launch<'_>) -> Result<Digest48, MeasureError> {
    let firmware = Firmware::parse(launch.firmware)?;
    Launched::new(&firmware, Some(launch.boots), launch.vmm)?.digest(&launch.processors)
}

/// A launch up to the first processor: the same for all shapes under one VMM.
#[derive(Clone, Debug)]
pub struct Launched {
    chain: Chain,
    vmm: Vmm,
    ap_reset: u32,
}

impl Launched {
    /// Measures the firmware and what its metadata asks for.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`]; [`MeasureError::KernelHashes`] if `boots` is given and the
    /// firmware has no page for it.
    pub fn new(
        firmware: &Firmware<'_>,
        boots: Option<&KernelHashes>,
        vmm: Vmm,
    ) -> Result<Self, MeasureError> {
        let mut chain = Chain::new();
        let address = firmware.address();
        for (index, page) in (0..).zip(firmware.bytes().chunks(PAGE_BYTES)) {
            chain.extend_data(PageKind::Normal, page_address(address, index), page);
        }
        Self::with_sections(chain, firmware, boots, vmm)
    }

    /// The same where the digest of the firmware's pages is known already.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_firmware_digest(
        digest: Digest48,
        firmware: &Firmware<'_>,
        boots: Option<&KernelHashes>,
        vmm: Vmm,
    ) -> Result<Self, MeasureError> {
        Self::with_sections(Chain::from(digest), firmware, boots, vmm)
    }

    fn with_sections(
        mut chain: Chain,
        firmware: &Firmware<'_>,
        boots: Option<&KernelHashes>,
        vmm: Vmm,
    ) -> Result<Self, MeasureError> {
        let table = table(firmware, boots)?;
        let sections = firmware.sev_sections()?;
        let has_page = sections.iter().any(|it| it.kind == SevSectionKind::KernelHashes);
        if table.is_some() && !has_page {
            return Err(MeasureError::KernelHashes);
        }
        let is_late = |it: &&SevSection| vmm.adds_cpuid_last() && it.kind == SevSectionKind::Cpuid;
        let early = sections.iter().filter(|it| !is_late(it));
        early
            .chain(sections.iter().filter(is_late))
            .try_for_each(|section| measure_section(&mut chain, section, table.as_ref(), vmm))?;
        Ok(Self { chain, vmm, ap_reset: firmware.ap_reset_address()? })
    }

    /// The launch digest with these processors.
    ///
    /// # Errors
    /// [`MeasureError::Input`] for no processor or too many.
    pub fn digest(&self, processors: &Processors) -> Result<Digest48, MeasureError> {
        let Processors { vcpus, cpu, features } = *processors;
        if vcpus == 0 || vcpus > VCPUS_MAX {
            return Err(MeasureError::input("vcpus", format!("{vcpus} is not in 1..={VCPUS_MAX}")));
        }
        let mut chain = self.chain.clone();
        let page = |address| page::contents(&vmsa::page(address, self.vmm, cpu, features));
        chain.extend(PageKind::Vmsa, vmsa::ADDRESS, &page(vmsa::BSP_RESET));
        let further = page(self.ap_reset);
        (1..vcpus).for_each(|_| chain.extend(PageKind::Vmsa, vmsa::ADDRESS, &further));
        Ok(chain.digest())
    }
}

/// The page of hashes; `None` if nothing is booted from outside of the firmware.
fn table(
    firmware: &Firmware<'_>,
    boots: Option<&KernelHashes>,
) -> Result<Option<[u8; PAGE_BYTES]>, MeasureError> {
    let Some(hashes) = boots else { return Ok(None) };
    let address = firmware.hash_table_address()?.ok_or(MeasureError::KernelHashes)?;
    let page = hashes.page(address).ok_or_else(|| {
        MeasureError::firmware("its table of hashes does not fit the page that it begins in")
    })?;
    Ok(Some(page))
}

fn measure_section(
    chain: &mut Chain,
    section: &SevSection,
    table: Option<&[u8; PAGE_BYTES]>,
    vmm: Vmm,
) -> Result<(), MeasureError> {
    let address = u64::from(section.address);
    match (section.kind, table) {
        (SevSectionKind::Secrets, _) => chain.extend_unread(PageKind::Secrets, address),
        (SevSectionKind::Cpuid, _) => chain.extend_unread(PageKind::Cpuid, address),
        (SevSectionKind::KernelHashes, Some(table)) => {
            if usize::try_from(section.bytes) != Ok(PAGE_BYTES) {
                return Err(MeasureError::firmware("its section for hashes is not one page"));
            }
            chain.extend_data(PageKind::Normal, address, table);
        }
        (SevSectionKind::SecMemory, _) => extend_pages(chain, section, vmm.sec_memory()),
        (SevSectionKind::KernelHashes, None) | (SevSectionKind::SvsmCallingArea, _) => {
            extend_pages(chain, section, PageKind::Zero);
        }
    }
    Ok(())
}

fn extend_pages(chain: &mut Chain, section: &SevSection, kind: PageKind) {
    let pages = usize::try_from(section.bytes).map_or(0, |bytes| bytes / PAGE_BYTES);
    for (index, _) in (0..).zip(0..pages) {
        chain.extend_unread(kind, page_address(section.address.into(), index));
    }
}

fn page_address(start: u64, index: u64) -> u64 {
    // INVARIANT: a firmware ends at 4 GiB, and a section begins and ends below 8.
    start.saturating_add(index.saturating_mul(4096))
}

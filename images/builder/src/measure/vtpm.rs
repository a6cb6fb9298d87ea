//! The PCRs that an image decides: 4, 9 and 11 of a boot from its UKI.
//!
//! ```text
//!  PCR 4   what the firmware started: the boot option, the UKI, the kernel inside
//!  PCR 9   what the kernel was given: command line, initrd
//!  PCR 11  the sections of the UKI, as its stub measures them
//! ```
//!
//! SPEC: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4; UAPI.5 (Unified Kernel
//! Image), section "UKI TPM PCR Measurements"; Linux, drivers/firmware/efi/libstub.

use cloister_attestation::tpm::{Digest, HashAlgorithm, MeasuredPcr, MeasuredPcrs};

use super::error::MeasureError;
use super::event::{CALLING_APPLICATION, Event, Pcr, SEPARATOR, utf16};
use super::pe::Pe;
use super::stub::Stub;

/// Sections that change what is measured in ways that are not known here.
const NOT_KNOWN: [&str; 6] = [".pcrpkey", ".pcrsig", ".profile", ".dtbauto", ".hwids", ".efifw"];

/// What is measured into each of the three PCRs by a boot from a UKI, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events<'a> {
    /// What the firmware starts.
    pub pcr4: Vec<Event<'a>>,
    /// What the kernel is given.
    pub pcr9: Vec<Event<'a>>,
    /// The sections of the UKI.
    pub pcr11: Vec<Event<'a>>,
}

/// PCR 4, 9 and 11 after a boot, in one bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// What the firmware started.
    pub pcr4: Pcr,
    /// What the kernel was given.
    pub pcr9: Pcr,
    /// The sections of the UKI.
    pub pcr11: Pcr,
}

impl<'a> Events<'a> {
    /// Of a boot from a UKI.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] and [`MeasureError::Input`].
    pub fn of(uki: &'a [u8]) -> Result<Self, MeasureError> {
        let uki = Pe::parse(uki)?;
        let kernel = Pe::parse(kernel(&uki)?)?;
        Ok(Self {
            pcr4: vec![
                Event::of("boot option", CALLING_APPLICATION),
                Event::of("separator", SEPARATOR),
                Event::image("UKI", &uki),
                Event::image("kernel", &kernel),
            ],
            pcr9: given_events(&uki)?.into(),
            pcr11: section_events(&uki)?,
        })
    }

    /// What the PCRs hold afterwards.
    #[must_use]
    pub fn values(&self, bank: HashAlgorithm) -> Values {
        let [pcr4, pcr9, pcr11] =
            [&self.pcr4, &self.pcr9, &self.pcr11].map(|events| Pcr::after(bank, events));
        Values { pcr4, pcr9, pcr11 }
    }
}

impl Values {
    /// Of a boot from a UKI.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] and [`MeasureError::Input`].
    pub fn of(uki: &[u8], bank: HashAlgorithm) -> Result<Self, MeasureError> {
        Ok(Events::of(uki)?.values(bank))
    }

    /// All three, as a Reference Value names them.
    ///
    /// # Errors
    /// [`MeasureError::Input`]: never for values that [`Self::of`] made.
    pub fn measured(&self) -> Result<MeasuredPcrs, MeasureError> {
        let value = |index, pcr: &Pcr| -> Option<(MeasuredPcr, Digest)> {
            Some((MeasuredPcr::new(index)?, *pcr.value()))
        };
        let named = [value(4, &self.pcr4), value(9, &self.pcr9), value(11, &self.pcr11)];
        MeasuredPcrs::new(named.into_iter().flatten().collect())
            .map_err(|reason| MeasureError::input("PCRs", reason))
    }
}

/// The kernel inside of a UKI.
pub(super) fn kernel<'a>(uki: &Pe<'a>) -> Result<&'a [u8], MeasureError> {
    required(uki, ".linux")
}

/// Each section: its name with a NUL, and what it holds.
pub(super) fn section_events<'a>(uki: &Pe<'a>) -> Result<Vec<Event<'a>>, MeasureError> {
    if let Some(name) = NOT_KNOWN.iter().find(|name| has(uki, name)) {
        return Err(MeasureError::pe(format!("the UKI has a section `{name}`: not predicted")));
    }
    let mut events = Vec::new();
    for name in Stub::of(uki)?.measured() {
        let Some(data) = uki.section(name)?.filter(|data| !data.is_empty()) else { continue };
        events.push(Event::of(format!("section {name}, name"), format!("{name}\0").into_bytes()));
        events.push(Event::of(format!("section {name}"), data));
    }
    Ok(events)
}

/// What the kernel is given: its command line in UTF-16 with a NUL, and the initrd.
pub(super) fn given_events<'a>(uki: &Pe<'a>) -> Result<[Event<'a>; 2], MeasureError> {
    if has(uki, ".osrel") || has(uki, ".ucode") {
        // The stub would hand over a cpio of its own beside the initrd.
        return Err(MeasureError::pe("the UKI has .osrel or .ucode, which adds to the initrd"));
    }
    let text = core::str::from_utf8(required(uki, ".cmdline")?);
    let text = text.ok().filter(|text| !ends_blank(text) && !text.chars().any(char::is_control));
    let text = text.ok_or_else(|| {
        MeasureError::pe("its command line is not plain text without a blank at its end")
    })?;
    Ok([
        Event::of("command line", utf16(&format!("{text}\0"))),
        Event::of("initrd", required(uki, ".initrd")?),
    ])
}

/// The stub cuts blanks off.
fn ends_blank(text: &str) -> bool {
    text.ends_with(char::is_whitespace)
}

fn has(uki: &Pe<'_>, name: &str) -> bool {
    uki.sections().iter().any(|section| section.name() == name.as_bytes())
}

fn required<'a>(uki: &Pe<'a>, name: &str) -> Result<&'a [u8], MeasureError> {
    uki.section(name)?.ok_or_else(|| MeasureError::pe(format!("the UKI has no section `{name}`")))
}

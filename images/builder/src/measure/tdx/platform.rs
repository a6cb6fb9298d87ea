//! RTMR0 of a pinned launch shape: what the platform is, before anything of the image is started.

use cloister_attestation::bytes::Digest48;
use serde::Deserialize;

use super::hob::td_hob;
use super::variable;
use crate::measure::error::MeasureError;
use crate::measure::event::{Event, Rtmr, SEPARATOR};
use crate::measure::firmware::{Firmware, TdvfSectionKind};

/// The ACPI tables that QEMU made, as the log of a launch in the same shape has them: they depend
/// on its version, on processors, memory and devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcpiDigests {
    /// `etc/table-loader`.
    pub loader: Digest48,
    /// `etc/acpi/rsdp`.
    pub rsdp: Digest48,
    /// `etc/acpi/tables`.
    pub tables: Digest48,
}

/// What a firmware without keys says of Secure Boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SecureBoot {
    /// There is no variable.
    Absent,
    /// There is one, and it is 0.
    Off,
}

/// Where a firmware draws the line when it starts a boot option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReadySeparator {
    /// In RTMR0: edk2 before 2024.
    Rtmr0,
    /// In RTMR1: edk2 since.
    Rtmr1,
}

/// RTMR0 of a TD that QEMU starts with `-kernel`, and without a disk that firmware could boot.
///
/// # Errors
/// [`MeasureError::Firmware`] and [`MeasureError::Shape`].
pub fn rtmr0(
    firmware: &Firmware<'_>,
    memory_mib: u64,
    secure_boot: SecureBoot,
    acpi: &AcpiDigests,
    ready: ReadySeparator,
) -> Result<Rtmr, MeasureError> {
    let state: &[u8] = match secure_boot {
        SecureBoot::Absent => &[],
        SecureBoot::Off => &[0],
    };
    let mut before = vec![
        Event::of("TD HOB", td_hob(firmware, memory_mib)?),
        Event::of("configuration volume", configuration(firmware)?),
    ];
    before.extend(variable::secure_boot(state));
    before.push(Event::of("separator", SEPARATOR));
    let tables = [acpi.loader, acpi.rsdp, acpi.tables];
    let mut after = variable::boot_options().to_vec();
    if ready == ReadySeparator::Rtmr0 {
        after.push(Event::of("separator", SEPARATOR));
    }
    let it = tables.iter().fold(Rtmr::after(&before), |it, digest| it.extended(digest));
    Ok(after.iter().fold(it, |it, event| it.extended(&event.sha384())))
}

/// The volume of variables, as it is in the firmware's file.
fn configuration<'a>(firmware: &Firmware<'a>) -> Result<&'a [u8], MeasureError> {
    let sections = firmware.tdvf_sections()?;
    let mut volumes = sections.iter().filter(|section| section.kind == TdvfSectionKind::Cfv);
    match (volumes.next(), volumes.next()) {
        (Some(volume), None) => Ok(volume.data),
        (None, _) | (Some(_), Some(_)) => {
            Err(MeasureError::firmware("it has not exactly one configuration volume"))
        }
    }
}

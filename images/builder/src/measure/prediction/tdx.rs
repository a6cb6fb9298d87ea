//! Predictions on TDX.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::event_log::{EventLog, LogKind};
use cloister_attestation::reference::LaunchShape;

use super::{Files, Image, Prediction, Value, file};
use crate::measure::error::MeasureError;
use crate::measure::event::Rtmr;
use crate::measure::firmware::Firmware;
use crate::measure::shape::{BootKind, TdxShape};
use crate::measure::tdx::{Boot, Disk, Kernel, mr_td, rtmr0, rtmr0_of_log};

const PROVIDERS: &str =
    "MRTD is the provider's word: the firmware is theirs, and not measured here.";
const REPLAYED: &str = "RTMR0 is of a recorded launch: another QEMU version, processor count, \
                        memory or device has another.";
const PINNED: &str = "RTMR0 is of this QEMU version and shape alone: the ACPI tables depend on \
                      both.";
const FROM_DISK: &str = "The sections in RTMR2 are those that systemd's stub measures where \
                         firmware offers the TDX measurement protocol; not checked on hardware.";
const PATCHED: &str = "RTMR1 is of the kernel as QEMU hands it over; its setup header depends on \
                       memory and initrd.";

/// What one shape measures.
pub(super) fn predict(
    image: &Image<'_>,
    shape: &TdxShape,
    files: &Files,
) -> Result<Prediction, MeasureError> {
    let boot = boot(image, shape)?;
    let mr_td = launch(shape, files)?;
    let registers =
        [platform(shape, files)?, boot.rtmr1(shape.ready_separator)?, boot.rtmr2()?, Rtmr::ZERO];
    let rtmr = registers.map(|it| *it.value());
    let names = ["RTMR0", "RTMR1", "RTMR2"];
    let mut values = vec![Value::new("MRTD", &mr_td)];
    values.extend(names.into_iter().zip(&rtmr).map(|(name, value)| Value::new(name, value)));
    let zero = Digest48::new([0; Digest48::LEN]);
    Ok(Prediction {
        shape: format!("{}, {} MiB", shape.name, shape.memory_mib),
        values,
        tuple: Some(LaunchShape::Tdx {
            mr_td,
            rtmr,
            mr_config_id: zero,
            mr_owner: zero,
            mr_owner_config: zero,
        }),
        notes: notes(shape),
    })
}

fn boot<'a>(image: &Image<'a>, shape: &TdxShape) -> Result<Boot<'a>, MeasureError> {
    Ok(match shape.boot {
        BootKind::Direct => Boot::Direct(Kernel {
            kernel: image.kernel,
            initrd: image.initrd,
            command_line: image.command_line,
            patched_for_mib: (shape.patches_kernel == Some(true)).then_some(shape.memory_mib),
        }),
        BootKind::Disk => {
            let disk = image.disk.ok_or_else(|| {
                MeasureError::input(&shape.name, "the image has no disk; build it with --disk")
            })?;
            Boot::Disk(Disk { disk, uki: image.uki })
        }
    })
}

fn launch(shape: &TdxShape, files: &Files) -> Result<Digest48, MeasureError> {
    let platform = &shape.platform;
    match (&platform.firmware, platform.passes, platform.mr_td) {
        (Some(firmware), Some(passes), None) => {
            mr_td(&Firmware::parse(file(files, firmware)?)?, passes)
        }
        (None, None, Some(mr_td)) => Ok(mr_td),
        _ => Err(MeasureError::shape("state firmware and passes, or else mr_td")),
    }
}

fn platform(shape: &TdxShape, files: &Files) -> Result<Rtmr, MeasureError> {
    let platform = &shape.platform;
    if let Some(name) = &platform.event_log {
        let log = EventLog::parse(LogKind::Ccel, file(files, name)?);
        return rtmr0_of_log(&log.map_err(|error| MeasureError::log(error.to_string()))?);
    }
    let (Some(firmware), Some(secure_boot), Some(acpi)) =
        (&platform.firmware, platform.secure_boot, &platform.acpi)
    else {
        return Err(MeasureError::shape("state secure_boot and acpi, or else event_log"));
    };
    let firmware = Firmware::parse(file(files, firmware)?)?;
    rtmr0(&firmware, shape.memory_mib, secure_boot, acpi, shape.ready_separator)
}

fn notes(shape: &TdxShape) -> Vec<&'static str> {
    let provider = shape.platform.mr_td.map(|_| PROVIDERS);
    let platform = if shape.platform.event_log.is_some() { REPLAYED } else { PINNED };
    let boot = match (shape.boot, shape.patches_kernel) {
        (BootKind::Disk, _) => Some(FROM_DISK),
        (BootKind::Direct, Some(true)) => Some(PATCHED),
        (BootKind::Direct, _) => None,
    };
    provider.into_iter().chain([platform]).chain(boot).collect()
}

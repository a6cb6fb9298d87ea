//! Predictions on SEV-SNP.

use cloister_attestation::reference::LaunchShape;

use super::{Files, Image, Prediction, Value, file};
use crate::measure::error::MeasureError;
use crate::measure::firmware::Firmware;
use crate::measure::shape::{BootKind, SnpShapes};
use crate::measure::snp::{GuestFeatures, KernelHashes, Launched, Processors, Vmm};

const FROM_DISK: &str = "The launch digest says nothing of the image: the firmware finds it on a \
                         disk. Admit it behind a vTPM, or boot it directly.";
const EC2: &str = "How EC2 starts processors is what others observed; it is not checked against \
                   our own image there.";
const GCE: &str = "How Google starts processors is what others observed; it is not checked \
                   against our own image there.";

/// One prediction for each combination. What they share is hashed once.
pub(super) fn predict(
    image: &Image<'_>,
    shapes: &[SnpShapes],
    files: &Files,
) -> Result<Vec<Prediction>, MeasureError> {
    if shapes.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = KernelHashes::new(image.kernel, image.initrd, image.command_line)?;
    let mut predictions = Vec::new();
    for shape in shapes {
        let firmware = Firmware::parse(file(files, &shape.firmware)?)?;
        let boots = (shape.boot == BootKind::Direct).then_some(&hashes);
        let launched = Launched::new(&firmware, boots, shape.vmm)?;
        for processors in combinations(shape) {
            predictions.push(prediction(shape, &launched, &processors)?);
        }
    }
    Ok(predictions)
}

fn combinations(shape: &SnpShapes) -> impl Iterator<Item = Processors> + '_ {
    let features = shape.guest_features.iter().filter_map(|bits| GuestFeatures::new(*bits));
    features.flat_map(move |features| {
        let of = move |cpu| {
            shape.vcpus.iter().map(move |vcpus| Processors { vcpus: *vcpus, cpu, features })
        };
        shape.cpus.iter().copied().flat_map(of)
    })
}

fn prediction(
    shape: &SnpShapes,
    launched: &Launched,
    processors: &Processors,
) -> Result<Prediction, MeasureError> {
    let measurement = launched.digest(processors)?;
    let Processors { vcpus, cpu, features } = processors;
    // INVARIANT: a tuple that does not name the image would admit every image under this firmware.
    let tuple = (shape.boot == BootKind::Direct)
        .then_some(LaunchShape::Snp { measurement, host_data: shape.host_data });
    Ok(Prediction {
        shape: format!("{}, {vcpus} x {cpu}, {:#x}", shape.name, features.bits()),
        values: vec![Value::new("MEASUREMENT", &measurement)],
        tuple,
        notes: notes(shape),
    })
}

fn notes(shape: &SnpShapes) -> Vec<&'static str> {
    let vmm = match shape.vmm {
        Vmm::Qemu => None,
        Vmm::Ec2 | Vmm::Ec2RdxZero => Some(EC2),
        Vmm::Gce => Some(GCE),
    };
    (shape.boot == BootKind::Disk).then_some(FROM_DISK).into_iter().chain(vmm).collect()
}

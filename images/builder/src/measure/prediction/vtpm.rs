//! Predictions behind a virtual TPM.

use cloister_attestation::reference::LaunchShape;

use super::{Image, Prediction, Value};
use crate::measure::error::MeasureError;
use crate::measure::shape::VtpmShape;
use crate::measure::vtpm::Values;

const NO_PARAVISOR: &str = "No paravisor is pinned: these values are for comparing, and no \
                            Reference Value is made of them.";
const PARAVISOR: &str = "The paravisor and its TPM are the provider's; PCR 4, 9 and 11 are what \
                         the image decides.";

/// What one shape measures.
pub(super) fn predict(image: &Image<'_>, shape: &VtpmShape) -> Result<Prediction, MeasureError> {
    let values = Values::of(image.uki, shape.bank)?;
    let pcrs = values.measured()?;
    let tuple = shape
        .paravisor
        .clone()
        .map(|paravisor| LaunchShape::Azure { paravisor: Box::new(paravisor), pcrs });
    Ok(Prediction {
        shape: format!("{}, {}", shape.name, shape.bank),
        values: vec![
            Value::new("PCR4", values.pcr4.value()),
            Value::new("PCR9", values.pcr9.value()),
            Value::new("PCR11", values.pcr11.value()),
        ],
        notes: vec![if tuple.is_some() { PARAVISOR } else { NO_PARAVISOR }],
        tuple,
    })
}

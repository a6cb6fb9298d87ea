//! Predictions: what an image will measure in each of its shapes.

mod snp;
mod tdx;
mod vtpm;

use std::collections::BTreeMap;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::reference::{LaunchShape, ReferenceValues};

use super::error::MeasureError;
use super::limits::{IMAGE_BYTES_MAX, SHAPES_MAX};
use super::shape::Shapes;

/// What is launched.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// The kernel.
    pub kernel: &'a [u8],
    /// The initrd.
    pub initrd: &'a [u8],
    /// The kernel's command line.
    pub command_line: &'a str,
    /// The unified kernel image of the three.
    pub uki: &'a [u8],
    /// The disk with the UKI on it, if there is one.
    pub disk: Option<&'a [u8]>,
}

/// What an image will measure in one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The shape's name, with what sets it apart from others of the same name.
    pub shape: String,
    /// Each value under its platform's name.
    pub values: Vec<Value>,
    /// All of it as a Reference Value; `None` where the hardware vouches for nothing of it.
    pub tuple: Option<LaunchShape>,
    /// What these values do not say, or rest on.
    pub notes: Vec<&'static str>,
}

/// One predicted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The register, by the platform's name for it.
    pub register: &'static str,
    /// Lower-case hex.
    pub hex: String,
}

impl Value {
    fn new(register: &'static str, value: &impl core::fmt::Display) -> Self {
        Self { register, hex: value.to_string() }
    }
}

/// The files that a shapes document names, by the name that it has for them.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Predicts what `image` measures in every shape, in the order of the document: SEV-SNP, TDX, vTPM.
///
/// # Errors
/// [`MeasureError`] with the first shape that cannot be predicted.
pub fn predict(
    image: &Image<'_>,
    shapes: &Shapes,
    files: &Files,
) -> Result<Vec<Prediction>, MeasureError> {
    let parts = [("kernel", image.kernel), ("initrd", image.initrd), ("UKI", image.uki)];
    if let Some((what, _)) = parts.into_iter().find(|(_, bytes)| bytes.len() > IMAGE_BYTES_MAX) {
        return Err(MeasureError::input(what, "it is larger than 512 MiB"));
    }
    let mut predictions = snp::predict(image, &shapes.snp, files)?;
    for shape in &shapes.tdx {
        predictions.push(tdx::predict(image, shape, files)?);
    }
    for shape in &shapes.vtpm {
        predictions.push(vtpm::predict(image, shape)?);
    }
    Ok(predictions)
}

/// The Reference Values of an image, of all predictions that are whole tuples.
///
/// # Errors
/// [`MeasureError::Tuples`] if there is none.
pub fn reference_values(
    name: &str,
    version: &str,
    manifest: Digest48,
    predictions: &[Prediction],
) -> Result<ReferenceValues, MeasureError> {
    let mut shapes: Vec<LaunchShape> = Vec::new();
    for shape in predictions.iter().filter_map(|it| it.tuple.as_ref()) {
        // Processors that differ in name alone have one launch digest.
        if !shapes.contains(shape) {
            shapes.push(shape.clone());
        }
    }
    if shapes.is_empty() || shapes.len() > SHAPES_MAX {
        return Err(MeasureError::Tuples);
    }
    Ok(ReferenceValues { image: name.to_owned(), version: version.to_owned(), manifest, shapes })
}

fn file<'f>(files: &'f Files, name: &str) -> Result<&'f [u8], MeasureError> {
    let file = files.get(name).ok_or_else(|| MeasureError::input(name, "the file is not there"))?;
    Ok(file)
}

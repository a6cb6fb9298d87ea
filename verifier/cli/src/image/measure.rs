//! `cloister image measure`: what an image will measure, and Reference Values of it.

mod error;
mod inputs;
mod print;
mod publish;

use cloister_image::measure::{Image, Prediction, predict};

use crate::answer::Answer;
use crate::arguments::MeasureArguments;
use error::CommandError;
use inputs::Inputs;

/// Predicts, tells, and publishes if that is asked for.
pub(super) fn run(arguments: &MeasureArguments) -> Answer {
    measure(arguments).unwrap_or_else(|error| error.answer())
}

fn measure(arguments: &MeasureArguments) -> Result<Answer, CommandError> {
    let inputs = Inputs::read(arguments)?;
    let predictions = predictions(&inputs)?;
    let published = publish::publish(&arguments.publish, &inputs.description, &predictions)?;
    Ok(print::answer(&inputs.description, &predictions, published.as_ref()))
}

fn predictions(inputs: &Inputs) -> Result<Vec<Prediction>, CommandError> {
    let image = Image {
        kernel: &inputs.kernel,
        initrd: &inputs.initrd,
        command_line: &inputs.command_line,
        uki: &inputs.uki,
        disk: inputs.disk.as_deref(),
    };
    let mut all = Vec::new();
    for document in &inputs.documents {
        let predicted = predict(&image, &document.shapes, &document.files);
        let predicted = predicted
            .map_err(|source| CommandError::Measure { path: document.path.clone(), source })?;
        all.extend(predicted);
    }
    Ok(all)
}

//! `cloister image`: which measured images are admitted.

use cloister_api::v1::{
    AdmitImageRequest, Image, ImageState, ListImagesRequest, RetireImageRequest,
};
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::arguments::ImageCommand;
use crate::file;
use crate::text::table;

/// Hex digits of a digest that a table shows; `--json` has all of them.
const DIGITS_SHOWN: usize = 16;

pub(super) async fn run(
    operator: Operator,
    command: &ImageCommand,
) -> Result<Answer, OperatorError> {
    match command {
        ImageCommand::Admit { file } => admit(operator, file).await,
        ImageCommand::List => list(operator).await,
        ImageCommand::Retire { tuple } => retire(operator, tuple).await,
    }
}

/// Read here first: what is wrong with the document is told with its place, and nothing is sent.
async fn admit(mut operator: Operator, path: &std::path::Path) -> Result<Answer, OperatorError> {
    let reference_values = file::read(path)?;
    ReferenceValues::from_json(&reference_values)?;
    let answer = operator.client.admit_image(AdmitImageRequest { reference_values }).await;
    let images = operator.message(answer)?.images;
    Ok(shown(&images, "admitted:\n"))
}

async fn list(mut operator: Operator) -> Result<Answer, OperatorError> {
    let images = all(&mut operator).await?;
    if images.is_empty() {
        let text = "no images: until one is admitted, nothing is given a lease\n".to_owned();
        return Ok(Answer { exit: Exit::Acceptable, text, json: json!({ "images": [] }) });
    }
    Ok(shown(&images, ""))
}

async fn retire(mut operator: Operator, tuple: &str) -> Result<Answer, OperatorError> {
    let known = all(&mut operator).await?;
    let tuple = resolve(&known, tuple)?;
    let answer = operator.client.retire_image(RetireImageRequest { tuple }).await;
    let image = operator.message(answer)?.image;
    Ok(shown(image.as_slice(), "retired; live leases run out:\n"))
}

async fn all(operator: &mut Operator) -> Result<Vec<Image>, OperatorError> {
    let answer = operator.client.list_images(ListImagesRequest {}).await;
    operator.message(answer).map(|list| list.images)
}

/// The one tuple that begins with what was typed.
fn resolve(known: &[Image], typed: &str) -> Result<String, OperatorError> {
    let refuse = |reason: String| Err(OperatorError::Settings { reason });
    let mut matching =
        known.iter().filter(|image| !typed.is_empty() && image.tuple.starts_with(typed));
    match (matching.next(), matching.next()) {
        (Some(image), None) => Ok(image.tuple.clone()),
        (Some(_), Some(_)) => refuse(format!("more than one tuple begins with `{typed}`")),
        (None, _) => {
            refuse(format!("no tuple begins with `{typed}`; `cloister image list` has them"))
        }
    }
}

fn shown(images: &[Image], lead: &str) -> Answer {
    let rows = images.iter().map(|image| {
        [
            image.tuple.chars().take(DIGITS_SHOWN).collect(),
            image.image.clone(),
            image.version.clone(),
            image.tee.clone(),
            state(image.state()).to_owned(),
            UnixTime::from_secs(image.admitted_at).to_string(),
        ]
    });
    let table = table(["TUPLE", "IMAGE", "VERSION", "TEE", "STATE", "ADMITTED"], rows);
    Answer {
        exit: Exit::Acceptable,
        text: format!("{lead}{table}"),
        json: json!({ "images": images }),
    }
}

const fn state(state: ImageState) -> &'static str {
    match state {
        ImageState::Unspecified => "unknown",
        ImageState::Admitted => "admitted",
        ImageState::Retired => "retired",
        ImageState::Revoked => "revoked",
    }
}

#[cfg(test)]
mod tests {
    use cloister_api::v1::Image;

    use super::resolve;

    #[test]
    fn a_tuple_is_named_by_digits_that_begin_no_other() {
        let image = |tuple: &str| Image { tuple: tuple.to_owned(), ..Image::default() };
        let known = [image("aa11"), image("aa22"), image("bb33")];
        assert_eq!(resolve(&known, "b").unwrap(), "bb33");
        assert_eq!(resolve(&known, "aa22").unwrap(), "aa22");
        for unusable in ["aa", "cc", ""] {
            assert!(resolve(&known, unusable).is_err(), "{unusable}");
        }
    }
}

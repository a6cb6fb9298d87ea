//! `cloister image`: which measured images are admitted.

use cloister_api::v1::{
    AdmitImageRequest, AdmitImageResponse, Image, ImageState, ListImagesRequest, RetireImageRequest,
};
use cloister_attestation::corim::{ImageRim, PublisherKey, SignedCorim};
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::arguments::AdmitArguments;
use crate::clock;
use crate::file;
use crate::text::table;

/// Hex digits of a digest that a table shows; `--json` has all of them.
const DIGITS_SHOWN: usize = 16;

/// Read here first: what is wrong with the document is told with its place, and nothing is sent.
pub(super) async fn admit(
    mut operator: Operator,
    arguments: &AdmitArguments,
) -> Result<Answer, OperatorError> {
    let request = request(file::read(&arguments.file)?, arguments, clock::now())?;
    let answer = operator.client.admit_image(request).await;
    let AdmitImageResponse { images, replaced } = operator.message(answer)?;
    let mut answer = shown(&images, "admitted:\n");
    if !replaced.is_empty() {
        answer.text.push_str(&shown(&replaced, "in the place of:\n").text);
    }
    answer.json = json!({ "images": images, "replaced": replaced });
    Ok(answer)
}

/// The Reference Values as the Verifier takes them. Whoever names a publisher wants nothing that
/// this publisher did not sign; a CoRIM without one is believed to nobody.
fn request(
    bytes: Vec<u8>,
    arguments: &AdmitArguments,
    now: UnixTime,
) -> Result<AdmitImageRequest, OperatorError> {
    let overlap = arguments.overlap.map(|overlap| overlap.0.as_secs());
    match &arguments.publisher {
        Some(key) => {
            let key = PublisherKey::from_pem(&file::read_text(key)?)?;
            published(&SignedCorim::parse(&bytes)?.verified_by(&key, now)?, overlap)
        }
        None if SignedCorim::is_one(&bytes) => {
            Err(settings("a signed CoRIM is admitted with --publisher and its publisher's key"))
        }
        None if overlap.is_some() => {
            Err(settings("--overlap is for a signed CoRIM, which says what it replaces"))
        }
        None => {
            ReferenceValues::from_json(&bytes)?;
            Ok(AdmitImageRequest { reference_values: bytes, ..AdmitImageRequest::default() })
        }
    }
}

/// What the publisher says, with the overlap that the operator states for what it replaces.
fn published(rim: &ImageRim, overlap: Option<u64>) -> Result<AdmitImageRequest, OperatorError> {
    let overlap_secs = match (overlap, rim.replaces.is_empty()) {
        (Some(overlap), false) => overlap,
        (None, true) => 0,
        (None, false) => {
            let versions = rim.replaces.join(", ");
            return Err(settings(&format!(
                "it replaces {versions}: state with --overlap how long that stays admitted beside \
                 it (0s: not at all)"
            )));
        }
        (Some(_), true) => return Err(settings("it replaces nothing that could overlap with it")),
    };
    let reference_values = serde_json::to_vec(&rim.values)
        .map_err(|error| settings(&format!("the image cannot be sent: {error}")))?;
    Ok(AdmitImageRequest {
        reference_values,
        admitted_until: rim.validity.not_after.as_secs(),
        replaces: rim.replaces.clone(),
        overlap_secs,
    })
}

fn settings(reason: &str) -> OperatorError {
    OperatorError::Settings { reason: reason.to_owned() }
}

pub(super) async fn list(mut operator: Operator) -> Result<Answer, OperatorError> {
    let images = all(&mut operator).await?;
    if images.is_empty() {
        let text = "no images: until one is admitted, nothing is given a lease\n".to_owned();
        return Ok(Answer { exit: Exit::Acceptable, text, json: json!({ "images": [] }) });
    }
    Ok(shown(&images, ""))
}

pub(super) async fn retire(mut operator: Operator, tuple: &str) -> Result<Answer, OperatorError> {
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
            until(image.admitted_until),
        ]
    });
    let table = table(["TUPLE", "IMAGE", "VERSION", "TEE", "STATE", "UNTIL"], rows);
    Answer {
        exit: Exit::Acceptable,
        text: format!("{lead}{table}"),
        json: json!({ "images": images }),
    }
}

fn until(secs: u64) -> String {
    if secs == 0 { "retired".to_owned() } else { UnixTime::from_secs(secs).to_string() }
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
mod tests;

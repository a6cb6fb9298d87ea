//! `cloister image`: which measured images are admitted.

use std::path::Path;

use cloister_api::v1::{
    AdmitImageRequest, Image, ImageState, ListImagesRequest, RetireImageRequest,
};
use cloister_attestation::corim::{PublisherKey, SignedCorim};
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
    let bytes = file::read(&arguments.file)?;
    let reference_values = document(bytes, arguments.publisher.as_deref(), clock::now())?;
    let answer = operator.client.admit_image(AdmitImageRequest { reference_values }).await;
    let images = operator.message(answer)?.images;
    Ok(shown(&images, "admitted:\n"))
}

/// The Reference Values as the Verifier takes them. Whoever names a publisher wants nothing that
/// this publisher did not sign; a CoRIM without one is believed to nobody.
fn document(
    bytes: Vec<u8>,
    publisher: Option<&Path>,
    now: UnixTime,
) -> Result<Vec<u8>, OperatorError> {
    match publisher {
        Some(key) => {
            let key = PublisherKey::from_pem(&file::read_text(key)?)?;
            let rim = SignedCorim::parse(&bytes)?.verified_by(&key, now)?;
            serde_json::to_vec(&rim.values).map_err(|error| OperatorError::Settings {
                reason: format!("the image cannot be sent: {error}"),
            })
        }
        None if SignedCorim::is_one(&bytes) => Err(OperatorError::Settings {
            reason: "a signed CoRIM is admitted with --publisher and its publisher's key"
                .to_owned(),
        }),
        None => {
            ReferenceValues::from_json(&bytes)?;
            Ok(bytes)
        }
    }
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

    use std::path::Path;

    use cloister_attestation::bytes::{Digest48, HostData};
    use cloister_attestation::code::Diagnostic as _;
    use cloister_attestation::corim::{ImageRim, Validity};
    use cloister_attestation::key::SigningKey;
    use cloister_attestation::reference::{LaunchShape, ReferenceValues};
    use cloister_attestation::time::UnixTime;

    use super::{document, resolve};

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

    const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

    fn rim() -> ImageRim {
        let shape = LaunchShape::Snp {
            measurement: Digest48::sha384(b"launch"),
            host_data: HostData::new([0; 32]),
        };
        ImageRim {
            values: ReferenceValues {
                image: "translator".to_owned(),
                version: "1.0.0".to_owned(),
                manifest: Digest48::sha384(b"manifest"),
                shapes: vec![shape],
            },
            revision: 0,
            replaces: Vec::new(),
            validity: Validity { not_before: None, not_after: NOW },
        }
    }

    #[test]
    fn a_corim_is_admitted_if_the_named_publisher_signed_it_and_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let pem = |name: &str, key: &SigningKey| {
            let path = folder.path().join(name);
            std::fs::write(&path, key.public().to_pem()).unwrap();
            path
        };
        let (publisher, stranger) = (pem("publisher", &key), pem("stranger", &other));
        let signed = rim().sign(&key, "images").unwrap();
        let json = serde_json::to_vec(&rim().values).unwrap();
        assert_eq!(document(signed.clone(), Some(&publisher), NOW).unwrap(), json);
        assert_eq!(document(json.clone(), None, NOW).unwrap(), json);
        let later = UnixTime::from_secs(NOW.as_secs() + 1);
        for (bytes, publisher, now, code) in [
            (&signed, Some(&stranger), NOW, "corim.signature"),
            (&signed, Some(&publisher), later, "corim.validity"),
            (&signed, None, NOW, "cli.settings"),
            (&rim().encode().unwrap(), Some(&publisher), NOW, "corim.unsigned"),
            (&rim().encode().unwrap(), None, NOW, "reference.malformed"),
            (&json, Some(&publisher), NOW, "corim.malformed"),
        ] {
            let refused = document(bytes.clone(), publisher.map(AsRef::as_ref), now).unwrap_err();
            assert_eq!(refused.code().id, code, "{refused}");
        }
        let missing = Path::new("/nowhere/at/all");
        assert_eq!(document(signed, Some(missing), NOW).unwrap_err().code().id, "cli.file");
    }
}

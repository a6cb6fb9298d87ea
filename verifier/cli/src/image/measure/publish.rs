//! Reference Values of predictions, signed by their publisher.

use std::path::{Path, PathBuf};

use cloister_attestation::corim::{CorimError, ImageRim, PublisherSigningKey, Validity};
use cloister_attestation::time::UnixTime;
use cloister_image::folder::Description;
use cloister_image::measure::{Prediction, reference_values};

use super::error::CommandError;
use crate::arguments::PublishArguments;
use crate::bundle;
use crate::file;

/// A CoRIM that was written.
pub(super) struct Published {
    pub(super) path: PathBuf,
    pub(super) rim: ImageRim,
}

/// Writes the CoRIM that was asked for; `None` if none was.
pub(super) fn publish(
    arguments: &PublishArguments,
    image: &Description,
    predictions: &[Prediction],
) -> Result<Option<Published>, CommandError> {
    let (Some(path), Some(key), Some(signer), Some(until)) =
        (&arguments.corim, &arguments.key, &arguments.signer, &arguments.valid_until)
    else {
        return Ok(None);
    };
    let values = reference_values(&image.name, &image.version, image.manifest.sha384, predictions)
        .map_err(|source| CommandError::Measure { path: path.clone(), source })?;
    let rim = ImageRim {
        values,
        revision: arguments.revision,
        replaces: arguments.supersedes.clone(),
        validity: Validity {
            not_before: arguments.valid_from.as_deref().map(time).transpose()?,
            not_after: time(until)?,
        },
    };
    if rim.replaces.contains(&rim.values.version) || rim.validity.is_empty() {
        return Err(CommandError::Terms);
    }
    let signed = rim.sign(&read_key(key)?, signer)?;
    file::replace(path, &signed)
        .map_err(|source| CommandError::Write { path: path.clone(), source })?;
    Ok(Some(Published { path: path.clone(), rim }))
}

/// A private key, if nobody else may read it.
fn read_key(path: &Path) -> Result<PublisherSigningKey, CommandError> {
    let text = bundle::read_private(path)?;
    PublisherSigningKey::from_pem(&text).map_err(|source: CorimError| source.into())
}

fn time(text: &str) -> Result<UnixTime, CommandError> {
    UnixTime::parse_rfc3339(text).ok_or_else(|| CommandError::Time { text: text.to_owned() })
}

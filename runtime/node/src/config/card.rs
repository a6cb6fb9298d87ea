//! What the agent's own card has to be.

use std::path::PathBuf;

use cloister_attestation::jwk::KeySet;
use cloister_gateway::{OriginPolicy, SignatureRule};
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::source::Source;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardSection {
    signature: Spanned<SignatureRule>,
    keys: Option<PathBuf>,
}

/// Where the file says nothing, a card that is signed is verified, and there is no key that it
/// could be verified with: an agent that signs its card needs the section.
pub(super) fn card(
    source: &Source,
    section: Option<CardSection>,
) -> Result<OriginPolicy, ConfigError> {
    let Some(CardSection { signature, keys }) = section else {
        return Ok(OriginPolicy { rule: SignatureRule::IfPresent, keys: KeySet::default() });
    };
    let rule = *signature.get_ref();
    if rule == SignatureRule::Require && keys.is_none() {
        return Err(source.refuse(&signature, "require needs keys"));
    }
    if rule == SignatureRule::Off && keys.is_some() {
        return Err(source.refuse(&signature, "off looks at no keys; remove them, or say require"));
    }
    let read = |path: PathBuf| {
        let text = source.named(&path)?;
        KeySet::from_json(text.as_bytes()).map_err(|error| source.refuse(&signature, error))
    };
    Ok(OriginPolicy { rule, keys: keys.map(read).transpose()?.unwrap_or_default() })
}

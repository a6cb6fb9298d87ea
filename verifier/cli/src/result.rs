//! Attestation Results in files: who concluded what about a machine, for whom, and until when.
//!
//! Everything that is decided here is decided by `cloister-attestation`.

mod error;
mod print;
mod token;

use std::path::Path;

use cloister_attestation::ear::{Ear, Expected, ResultKeys, TrustClaim, VerifiedResult, verify};
use cloister_attestation::key::PublicKey;
use cloister_attestation::result::Tier;

use error::ResultError;
pub(crate) use token::written;

use crate::answer::{Answer, Exit};
use crate::arguments::{ResultCommand, ResultVerifyArguments};
use crate::evidence::as_of;
use crate::file;

/// Does what `cloister result` asks for.
pub(crate) fn run(command: &ResultCommand) -> Answer {
    match command {
        ResultCommand::Inspect { file } => inspect(file),
        ResultCommand::Verify(arguments) => verified(arguments),
    }
    .unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

/// A signed result, or else claims that nobody signed.
fn inspect(path: &Path) -> Result<Answer, ResultError> {
    let bytes = file::read(path)?;
    let text = bytes.trim_ascii();
    let ear = match text.first() {
        Some(b'{') => Ear::from_json(text)?,
        // A CBOR map is claims; a signed result is an array, or text.
        Some(first) if first >> 5 == CBOR_MAP => Ear::from_cbor(&bytes)?,
        _ => Ear::dangerous_unverified(token(&bytes))?,
    };
    Ok(print::unverified(&ear))
}

/// SPEC: RFC 8949 section 3.1: major type 5.
const CBOR_MAP: u8 = 5;

fn verified(arguments: &ResultVerifyArguments) -> Result<Answer, ResultError> {
    let keys = keys(arguments)?;
    let bytes = file::read(&arguments.file)?;
    let expected = Expected {
        audience: &arguments.audience,
        nonce: arguments.nonce.as_ref().map(|nonce| nonce.0.as_slice()),
        now: as_of(arguments.at.as_deref())?,
    };
    let result = verify(token(&bytes), &keys, &expected)?;
    let exit = conclusion(&result, arguments);
    Ok(print::verified(&result, exit, expected.nonce.is_some()))
}

/// A token that was saved as text usually ends with a line break, which is not part of it.
fn token(bytes: &[u8]) -> &[u8] {
    let text = bytes.trim_ascii_end();
    if text.is_ascii() { text } else { bytes }
}

fn keys(arguments: &ResultVerifyArguments) -> Result<ResultKeys, ResultError> {
    let mut trusted = ResultKeys::default();
    if let Some(path) = &arguments.jwks {
        trusted = ResultKeys::from_jwks(&file::read(path)?)?;
    }
    if let Some(path) = &arguments.key {
        let key = PublicKey::from_pem(&file::read_text(path)?)
            .map_err(|source| ResultError::Key { path: path.clone(), source })?;
        trusted = ResultKeys::new([key]);
    }
    Ok(trusted)
}

fn conclusion(result: &VerifiedResult, arguments: &ResultVerifyArguments) -> Exit {
    let simulated = result.facts().simulated;
    let allowed = (!simulated || arguments.allow_simulated)
        && (!has_other_warnings(result, simulated) || arguments.allow_warning);
    match result.status() {
        Tier::Affirming => Exit::Acceptable,
        Tier::Warning if allowed => Exit::Acceptable,
        Tier::None => Exit::NoConclusion,
        // Contraindicated, and whatever a later version may add.
        Tier::Warning | Tier::Contraindicated | _ => Exit::Refused,
    }
}

/// Whether anything but the simulator itself is warned of.
fn has_other_warnings(result: &VerifiedResult, simulated: bool) -> bool {
    let vector = result.appraisal().vector;
    if simulated {
        vector.with(TrustClaim::Hardware, 0).limit(Tier::Affirming) != Tier::Affirming
    } else {
        result.status() == Tier::Warning
    }
}

//! `cloister bundle verify`.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bundle::Bundle;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::PublicKey;

use super::error::CommandError;
use super::listing::Listing;
use crate::answer::Answer;
use crate::arguments::BundleVerifyArguments;
use crate::clock;
use crate::evidence::demands;
use crate::file;

pub(super) fn run(arguments: &BundleVerifyArguments) -> Result<Answer, CommandError> {
    let at = arguments.at.as_deref().map_or_else(|| Ok(clock::now()), demands::time)?;
    let oldest = arguments.not_older_than.as_deref().map(demands::time).transpose()?;
    let anchors = match &arguments.simulator_anchor {
        Some(path) => Anchors::dangerous_simulator(demands::anchor(path)?),
        None => Anchors::vendor(),
    };
    let bundle = Bundle::open(&file::read(&arguments.bundle)?, &signer(arguments)?)?;
    Ok(Listing::of(&bundle, &anchors, at, oldest).answer("every part holds"))
}

fn signer(arguments: &BundleVerifyArguments) -> Result<Digest48, CommandError> {
    match (&arguments.key, arguments.signer) {
        (Some(path), _) => {
            let key = PublicKey::from_pem(&file::read_text(path)?)
                .map_err(|source| CommandError::Key { path: path.clone(), source })?;
            Ok(*key.thumbprint())
        }
        // The command line demands one of the two; nothing has the digest of zeros.
        (None, signer) => Ok(signer.unwrap_or(Digest48::new([0; Digest48::LEN]))),
    }
}

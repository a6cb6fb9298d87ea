//! Making a result of one's own, from Evidence that was judged here.

use core::time::Duration;
use std::path::Path;

use cloister_attestation::ear::{Ear, Format, ResultSigner, Terms};
use cloister_attestation::result::AttestationResult;
use serde_json::json;

use super::ResultError;
use crate::answer::{Answer, Exit};
use crate::arguments::TokenArguments;
use crate::bundle::signing_key;
use crate::evidence::Demands;
use crate::evidence::verdict::Verdict;

/// How long a result of one's own says anything.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Who speaks in a result that no Verifier made.
const ISSUER: &str = "cloister evidence verify";

/// Writes the verdict's result where the arguments ask for it, and says so in the answer.
pub(crate) fn written(
    answer: Answer,
    verdict: &Verdict,
    demands: &Demands,
    arguments: &TokenArguments,
) -> Answer {
    let (Some(path), Some(key), Some(audience)) =
        (&arguments.ear, &arguments.key, &arguments.audience)
    else {
        return answer;
    };
    let told = match &verdict.result {
        None => Ok(None),
        Some(result) => write(path, key, audience, result, demands, arguments).map(|()| Some(path)),
    };
    match told {
        Ok(Some(path)) => {
            with(answer, &format!("result written to {}", path.display()), json!(path))
        }
        Ok(None) => with(answer, "no result was written: there is none", json!(null)),
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

fn with(mut answer: Answer, line: &str, ear: serde_json::Value) -> Answer {
    answer.text.push_str(&format!("{line}\n"));
    if let Some(object) = answer.json.as_object_mut() {
        object.insert("ear".to_owned(), ear);
    }
    answer
}

fn write(
    path: &Path,
    key: &Path,
    audience: &str,
    result: &AttestationResult,
    demands: &Demands,
    arguments: &TokenArguments,
) -> Result<(), ResultError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| ResultError::Random)?;
    let ear = Ear::of(
        result,
        &Terms {
            issuer: ISSUER,
            audience,
            nonce: arguments.nonce.as_ref().map(|nonce| nonce.0.as_slice()),
            policy: demands.policy.digest(),
            build: concat!("cloister ", env!("CARGO_PKG_VERSION")),
            identity_key: None,
            issued_at: demands.at,
            lifetime: LIFETIME,
            id,
        },
    );
    let token = ResultSigner::new(signing_key(key)?)
        .sign(&ear, Format::from(arguments.format))
        .map_err(ResultError::Unsigned)?;
    std::fs::write(path, token)
        .map_err(|source| ResultError::Unwritten { path: path.to_owned(), source })
}

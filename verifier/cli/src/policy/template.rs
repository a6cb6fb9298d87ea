//! A template from Evidence.

use core::fmt::Write as _;

use cloister_attestation::check::{Check, State};
use cloister_attestation::policy::Policy;
use cloister_attestation::verify::{VerifiedEvidence, VerifyError, verify};
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::arguments::NewArguments;
use crate::bundle::sources::Folder;
use crate::evidence::Demands;
use crate::text::printable;

/// Prints a template that the Evidence meets.
pub(super) fn answer(arguments: &NewArguments) -> Answer {
    let demands = match Demands::of(arguments.at.as_deref(), arguments.simulator_anchor.as_deref())
    {
        Ok(demands) => demands,
        Err(error) => return Answer::error(error.exit(), &error),
    };
    let machine = match Folder::read(&arguments.from) {
        Ok(machine) => machine,
        Err(error) => return Answer::error(error.exit(), &error),
    };
    let Folder { evidence, endorsements, .. } = machine;
    let verified = match verify(evidence, &endorsements, &demands.anchors, demands.at) {
        Ok(verified) => verified,
        Err(error @ VerifyError::Incomplete { .. }) => {
            return Answer::error(Exit::NoConclusion, &error);
        }
        Err(error) => return Answer::error(Exit::Refused, &error),
    };
    let template = Policy::from_evidence(&verified, demands.at);
    match template.and_then(|policy| policy.to_toml()) {
        Ok(toml) => made(&toml, &verified, &demands),
        Err(error) => Answer::error(Exit::Refused, &error),
    }
}

fn made(toml: &str, verified: &VerifiedEvidence, demands: &Demands) -> Answer {
    let unknown: Vec<&Check> =
        verified.checks().iter().filter(|check| check.state == State::NotAsserted).collect();
    let mut text = format!(
        "# Appraisal policy, made from Evidence of {} as of {}.\n\
         # It lets in machines like that one, and nothing else.\n",
        printable(&verified.product()),
        demands.at
    );
    if !unknown.is_empty() {
        text.push_str("#\n# What that Evidence could not assert:\n");
    }
    for check in &unknown {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "#   {}: {}", check.code, printable(&check.observed));
    }
    let ids: Vec<&str> = unknown.iter().map(|check| check.code.id).collect();
    let json = json!({ "policy": toml, "not_asserted": ids });
    Answer { exit: Exit::Acceptable, text: format!("{text}\n{toml}"), json }
}

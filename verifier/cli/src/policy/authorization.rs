//! Authorization policies: Cedar bundles, which say who may connect to whom and do what.
//!
//! Told from appraisal policies, which say what Evidence has to show, by the name of the file:
//! `.cedar` and `.toml`.

mod case;
mod cases;
mod error;
mod explain;
mod test;

use std::path::{Path, PathBuf};

use cloister_policy::{PolicyBundle, SCHEMA, VISITOR_SCHEMA};
use serde_json::json;

pub(super) use error::AuthorizationError;
pub(super) use explain::answer as explain;
pub(super) use test::answer as test;

use crate::answer::{Answer, Exit};
use crate::arguments::ConnectionArguments;
use crate::{file, operator};

/// Whether the name of `file` says that it is an authorization policy.
pub(super) fn is_named_so(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == EXTENSION)
}

const EXTENSION: &str = "cedar";

/// The case file beside a policy.
fn cases_beside(policy: &Path) -> PathBuf {
    policy.with_extension("test.toml")
}

/// Prints the schema that policies are validated against.
pub(super) fn schema(of_visitors: bool) -> Answer {
    let schema = if of_visitors { VISITOR_SCHEMA } else { SCHEMA };
    Answer { json: json!({ "schema": schema }), ..Answer::text(schema) }
}

/// A policy cannot be explained without a case; says which there are.
pub(super) fn without_case(path: &Path) -> Answer {
    let known = match cases::Cases::read(path, None) {
        Ok(cases) => cases.names(),
        Err(error) => return Answer::error(Exit::Misuse, &error),
    };
    let error = AuthorizationError::UnknownCase { name: String::new(), known };
    Answer::error(Exit::Misuse, &error)
}

/// Says whether a bundle loads.
pub(super) fn check(path: &Path) -> Answer {
    match bundle(path) {
        Ok(bundle) => {
            let (policies, digest) = (bundle.policies(), bundle.digest().to_string());
            let text = format!(
                "{} reads: {policies} authorization {}\nSHA-384 {digest}\n",
                path.display(),
                if policies == 1 { "policy" } else { "policies" },
            );
            let json = json!({ "reads": true, "policies": policies, "digest": digest });
            Answer { exit: Exit::Acceptable, text, json }
        }
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

/// Publishes a bundle that loads here too.
pub(super) fn publish(
    connection: &ConnectionArguments,
    path: &Path,
    agent: Option<&str>,
) -> Answer {
    let text = bundle(path).and_then(|_| Ok(file::read_text(path)?));
    match text {
        Ok(text) => {
            operator::publish_policy(connection, text, agent.unwrap_or_default().to_owned())
        }
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

fn bundle(path: &Path) -> Result<PolicyBundle, AuthorizationError> {
    PolicyBundle::parse(&file::read(path)?).map_err(|source| AuthorizationError::Policy {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

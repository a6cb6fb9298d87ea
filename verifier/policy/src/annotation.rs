//! What stands before a policy: its name, words about it, and the limits of what it permits.
//!
//! Cedar lets anybody annotate with anything. Here an annotation that is not known refuses the
//! bundle, because a misspelt limit would be none.

use std::collections::HashMap;

use cedar_policy::{Effect, Policy, PolicySet};

use crate::error::PolicyError;
use crate::limit::{Limits, Rate};
use crate::position::Position;

/// The policy's name in decisions.
pub(crate) const ID: &str = "id";
/// For people.
const DESCRIPTION: &str = "description";
const RATE: &str = "rate";
const CONCURRENCY: &str = "concurrency";
const MESSAGE_BYTES: &str = "message_bytes";

/// The limits of every policy that has any, by its id.
pub(crate) fn limits(text: &str, set: &PolicySet) -> Result<HashMap<String, Limits>, PolicyError> {
    let mut all = HashMap::new();
    for policy in set.policies() {
        let limits = limits_of(text, policy)?;
        if limits != Limits::default() {
            all.insert(policy.id().to_string(), limits);
        }
    }
    Ok(all)
}

fn limits_of(text: &str, policy: &Policy) -> Result<Limits, PolicyError> {
    let mut limits = Limits::default();
    for (name, value) in policy.annotations() {
        let refused = |reason| refuse(text, (name, value), reason);
        match name {
            ID | DESCRIPTION => continue,
            RATE => limits.rate = Some(value.parse().map_err(|()| refused(RATE_FORM))?),
            CONCURRENCY => limits.concurrency = Some(count(value).ok_or_else(|| refused(COUNT))?),
            MESSAGE_BYTES => {
                limits.message_bytes = Some(value.parse().map_err(|_| refused(COUNT))?);
            }
            _ => return Err(refused("there is no such annotation")),
        }
        if policy.effect() == Effect::Forbid {
            return Err(refused("a policy that forbids has nothing to limit"));
        }
    }
    Ok(limits)
}

const RATE_FORM: &str = "a rate is a number from 1, `/`, and s, min or h, as in \"20/s\"";
const COUNT: &str = "it is not a whole number, or not from 1";

fn count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| *count > 0)
}

fn refuse(text: &str, (name, value): (&str, &str), reason: &'static str) -> PolicyError {
    PolicyError::Annotation {
        at: Position::of_annotation(text, name, value),
        name: name.to_owned(),
        reason,
    }
}

impl core::str::FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (count, unit) = text.split_once('/').ok_or(())?;
        let secs = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return Err(()),
        };
        Ok(Self { count: self::count(count).ok_or(())?, secs })
    }
}

//! The outcome: what was connected to, then the verdict as `evidence verify` tells it.

use core::fmt::Write as _;

use cloister_attestation::check::{Check, State};
use cloister_channel::Svid;
use cloister_channel::lease::LeaseClaims;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use super::Seen;
use super::judgement::is_about_connection;
use crate::answer::Answer;
use crate::evidence::verdict::Verdict;
use crate::evidence::{Demands, print};
use crate::text::{indented, printable};

/// Both forms. `lease` is what a lease says that verified.
pub(super) fn answer(
    seen: &Seen,
    lease: Option<&LeaseClaims>,
    verdict: &Verdict,
    demands: &Demands,
) -> Answer {
    let name = seen.certificates.first().and_then(|leaf| Svid::parse(leaf).ok());
    let name = name.map(|svid| svid.id().to_string());
    let mut answer = print::answer(verdict, demands);
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = head(&mut text, seen, name.as_deref(), lease);
    verdict
        .checks
        .iter()
        .filter(|check| is_about_connection(check.code))
        .for_each(|check| line(&mut text, state(check.state), check));
    answer.text = format!("{text}\n{}", answer.text);
    if let Some(object) = answer.json.as_object_mut() {
        object.insert("connection".to_owned(), connection(seen, name.as_deref(), lease));
    }
    answer
}

fn head(
    out: &mut String,
    seen: &Seen,
    name: Option<&str>,
    lease: Option<&LeaseClaims>,
) -> core::fmt::Result {
    writeln!(out, "{}", printable(&seen.address).bold())?;
    let name = name.unwrap_or("no name that reads");
    writeln!(out, "  says it is  {}", indented(&printable(name), 14))?;
    writeln!(out, "  TLS         1.3, {}", seen.key_exchange)?;
    match lease {
        None => writeln!(out, "  lease       none that verified"),
        Some(claims) => {
            let of = format!("{} {}, {}", claims.image, claims.version, claims.tier);
            let text = format!("until {}, for {of}", claims.expires_at);
            writeln!(out, "  lease       {}", indented(&printable(&text), 14))
        }
    }
}

fn line(out: &mut String, state: &str, check: &Check) {
    // Writing into a String cannot fail.
    let _ = writeln!(out, "  {state:12}{}", check.code.id);
}

const fn state(state: State) -> &'static str {
    match state {
        State::Pass => "passed",
        State::Fail => "failed",
        State::NotApplicable => "no meaning",
        State::NotAsserted | _ => "open",
    }
}

fn connection(seen: &Seen, name: Option<&str>, lease: Option<&LeaseClaims>) -> Value {
    json!({
        "address": seen.address,
        "nonce": seen.nonce,
        "key_exchange": seen.key_exchange,
        "spiffe_id": name,
        "lease": lease.map(lease_json),
    })
}

/// What a lease that verified says.
pub(crate) fn lease_json(claims: &LeaseClaims) -> Value {
    json!({
        "id": claims.id.to_string(),
        "agent": claims.agent.as_str(),
        "instance": claims.instance().to_string(),
        "trust_domain": claims.trust_domain.as_str(),
        "principal": claims.principal,
        "image": claims.image,
        "version": claims.version,
        "tee": claims.tee,
        "tier": claims.tier,
        "simulated": claims.simulator.is_some(),
        "issued_at": claims.issued_at,
        "expires_at": claims.expires_at,
        "policy_epoch": claims.policy_epoch,
        "not_asserted": claims.not_asserted,
    })
}

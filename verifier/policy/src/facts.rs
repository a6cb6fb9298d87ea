//! The facts of a request as Cedar values: what `context` holds.

use cedar_policy::{EntityTypeName, EntityUid, RestrictedExpression};

use crate::limits::{FACT_BYTES_MAX, FACTS_LISTED_MAX};
use crate::mention::Mentioned;
use crate::operation::OperationFacts;
use crate::request::{Direction, Request};
use crate::vocabulary::{Vocabulary, uid};

/// One fact of a request, by its name.
pub(crate) type Pair = (String, RestrictedExpression);

/// The names of those that are the same for whatever one peer asks.
pub(crate) const FACTS_OF_PEER: [&str; 14] = [
    "direction",
    "trust_domain",
    "instance",
    "principal",
    "scope",
    "image",
    "version",
    "tee",
    "simulated",
    "tier",
    "tcb_status",
    "region_claim",
    "delegated",
    "on_behalf_of",
];

impl Vocabulary {
    /// Who calls whom.
    pub(crate) fn direction(&self, direction: Direction) -> Pair {
        pair("direction", entity(&self.enumerations.direction, direction.as_str()))
    }

    /// What the peer's lease says.
    pub(crate) fn facts_of_peer(&self, request: &Request<'_>) -> Vec<Pair> {
        let words = &self.enumerations;
        let subject = request.peer;
        let mut facts = vec![
            self.direction(request.direction),
            pair("trust_domain", text(&subject.trust_domain)),
            pair("instance", text(&subject.instance)),
            pair("principal", text(&subject.principal)),
            pair("scope", set(&subject.scope)),
            pair("image", text(&subject.image)),
            pair("version", text(&subject.version)),
            pair("tee", entity(&words.tee, &subject.tee.to_string())),
            pair("simulated", RestrictedExpression::new_bool(subject.simulated)),
            pair("tier", entity(&words.tier, &subject.tier.to_string())),
        ];
        let status =
            subject.tcb_status.map(|status| entity(&words.tcb_status, &status.to_string()));
        facts.extend(status.map(|status| pair("tcb_status", status)));
        facts.extend(subject.region_claim.as_deref().map(|it| pair("region_claim", text(it))));
        facts
    }

    /// Whether somebody else began this, and who.
    pub(crate) fn facts_of_delegation(&self, origin: Option<EntityUid>) -> Vec<Pair> {
        let mut facts = vec![pair("delegated", RestrictedExpression::new_bool(origin.is_some()))];
        let origin = origin.map(RestrictedExpression::new_entity_uid);
        facts.extend(origin.map(|origin| pair("on_behalf_of", origin)));
        facts
    }

    /// What the request itself says, as far as it is `mentioned`. The error says which fact is out
    /// of bounds, mentioned or not.
    pub(crate) fn facts_of_operation(
        &self,
        operation: &OperationFacts<'_>,
        mentioned: &Mentioned,
    ) -> Result<Vec<Pair>, String> {
        check(operation)?;
        let words = &self.enumerations;
        let mut facts = Facts { mentioned, pairs: Vec::new() };
        facts.put("protocol", || entity(&words.protocol, operation.protocol.as_str()));
        facts.put("protocol_version", || text(operation.version));
        facts.put("binding", || entity(&words.binding, operation.binding.as_str()));
        facts.put("streaming", || RestrictedExpression::new_bool(operation.streaming));
        facts.put("extensions", || set(operation.extensions));
        if let Some(bytes) = operation.message_bytes {
            // Cedar counts in i64; a body that does not fit is as large as can be said.
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            facts.put("message_bytes", || RestrictedExpression::new_long(bytes));
        }
        if let Some(types) = operation.media_types {
            facts.put("media_types", || set(types));
        }
        if let Some(resource) = operation.resource {
            facts.put("resource", || text(resource));
        }
        if let Some(server) = operation.server {
            facts.put("server", || entity(&self.server, server));
        }
        if let (Some(server), Some(tool)) = (operation.server, operation.tool) {
            facts.put("tool", || entity(&self.tool, &format!("{server}/{tool}")));
            facts.put("tool_name", || text(tool));
        }
        Ok(facts.pairs)
    }
}

/// Whether the facts of a request can be decided over. The error says which cannot, whether or not
/// a policy speaks of it.
pub(crate) fn check(operation: &OperationFacts<'_>) -> Result<(), String> {
    bounded(operation.extensions, "extensions")?;
    bounded(operation.media_types.unwrap_or_default(), "media types")?;
    // A tool is its server's: without one, or with one whose name could end elsewhere, two tools
    // could have one id.
    let is_named = operation.server.is_some_and(|server| !server.contains('/'));
    if operation.tool.is_none() || is_named {
        Ok(())
    } else {
        Err("the tool's server is not named properly".to_owned())
    }
}

/// Facts that are gathered, and which of them are wanted.
struct Facts<'a> {
    mentioned: &'a Mentioned,
    pairs: Vec<Pair>,
}

impl Facts<'_> {
    fn put(&mut self, name: &str, value: impl FnOnce() -> RestrictedExpression) {
        if self.mentioned.names(name) {
            self.pairs.push(pair(name, value()));
        }
    }
}

/// Whether a list that a request brought is short enough to be decided over.
fn bounded(list: &[String], what: &str) -> Result<(), String> {
    let fits = list.len() <= FACTS_LISTED_MAX && list.iter().all(|it| it.len() <= FACT_BYTES_MAX);
    if fits { Ok(()) } else { Err(format!("the request names too many {what}, or too long ones")) }
}

fn pair(name: &str, value: RestrictedExpression) -> Pair {
    (name.to_owned(), value)
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set(values: &[String]) -> RestrictedExpression {
    RestrictedExpression::new_set(values.iter().map(|value| text(value)))
}

fn entity(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}

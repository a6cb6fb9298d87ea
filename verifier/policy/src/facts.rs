//! The facts of a request as Cedar values: what `context` holds.

use cedar_policy::{EntityTypeName, EntityUid, RestrictedExpression};

use crate::limits::{FACT_BYTES_MAX, FACTS_LISTED_MAX};
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

    /// What the request itself says. The error says which fact is out of bounds.
    pub(crate) fn facts_of_operation(
        &self,
        operation: &OperationFacts<'_>,
    ) -> Result<Vec<Pair>, String> {
        let words = &self.enumerations;
        let mut facts = vec![
            pair("protocol", entity(&words.protocol, operation.protocol.as_str())),
            pair("protocol_version", text(operation.version)),
            pair("binding", entity(&words.binding, operation.binding.as_str())),
            pair("streaming", RestrictedExpression::new_bool(operation.streaming)),
            pair("extensions", set(bounded(operation.extensions, "extensions")?)),
        ];
        if let Some(bytes) = operation.message_bytes {
            // Cedar counts in i64; a body that does not fit is as large as can be said.
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            facts.push(pair("message_bytes", RestrictedExpression::new_long(bytes)));
        }
        if let Some(types) = operation.media_types {
            facts.push(pair("media_types", set(bounded(types, "media types")?)));
        }
        facts.extend(operation.resource.map(|resource| pair("resource", text(resource))));
        facts.extend(self.facts_of_tool(operation.server, operation.tool)?);
        Ok(facts)
    }

    fn facts_of_tool(&self, server: Option<&str>, tool: Option<&str>) -> Result<Vec<Pair>, String> {
        let mut facts = Vec::new();
        if let Some(server) = server {
            facts.push(pair("server", entity(&self.server, server)));
        }
        if let Some(tool) = tool {
            // A tool is its server's: without one, or with one whose name could end elsewhere, two
            // tools could have one id.
            let server = server.filter(|server| !server.contains('/'));
            let server = server.ok_or("the tool's server is not named properly")?;
            facts.push(pair("tool", entity(&self.tool, &format!("{server}/{tool}"))));
            facts.push(pair("tool_name", text(tool)));
        }
        Ok(facts)
    }
}

/// A list that a request brought, if it is short enough to be decided over.
fn bounded<'a>(list: &'a [String], what: &str) -> Result<&'a [String], String> {
    let fits = list.len() <= FACTS_LISTED_MAX && list.iter().all(|it| it.len() <= FACT_BYTES_MAX);
    if fits {
        Ok(list)
    } else {
        Err(format!("the request names too many {what}, or too long ones"))
    }
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

//! The schema's words as Cedar values, made once per bundle.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression, Schema,
};

use crate::error::PolicyError;
use crate::operation::{Action, OperationFacts, OperationName};
use crate::request::{Direction, LocalAgent, Request, Subject};

/// The schema, its action entities, and its type names.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    schema: Schema,
    actions: Entities,
    action_ids: HashMap<&'static str, EntityUid>,
    agent: EntityTypeName,
    image: EntityTypeName,
    principal: EntityTypeName,
    enumerations: Enumerations,
}

/// Types whose entities are enumerated in the schema.
#[derive(Debug)]
struct Enumerations {
    direction: EntityTypeName,
    tee: EntityTypeName,
    tier: EntityTypeName,
    protocol: EntityTypeName,
    binding: EntityTypeName,
}

/// A request in Cedar's terms.
pub(crate) struct Question {
    pub(crate) request: cedar_policy::Request,
    pub(crate) entities: Entities,
}

impl Vocabulary {
    /// The words of a schema: [`crate::SCHEMA`], or the one for visitors.
    pub(crate) fn load(schema: &str) -> Result<Self, PolicyError> {
        let (schema, _warnings) = Schema::from_cedarschema_str(schema).map_err(broken)?;
        Ok(Self {
            actions: schema.action_entities().map_err(broken)?,
            schema,
            action_ids: action_ids()?,
            agent: type_name("Agent")?,
            image: type_name("Image")?,
            principal: type_name("Principal")?,
            enumerations: Enumerations {
                direction: type_name("Direction")?,
                tee: type_name("Tee")?,
                tier: type_name("Tier")?,
                protocol: type_name("Protocol")?,
                binding: type_name("Binding")?,
            },
        })
    }

    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Puts `request` into the schema's terms. The error says what does not fit; the caller denies.
    pub(crate) fn question(&self, request: &Request<'_>) -> Result<Question, String> {
        let (peer, local) = (self.peer(request), self.local(request.local));
        let (caller, target) = match request.direction {
            Direction::Inbound => (peer.uid(), local.uid()),
            Direction::Outbound => (local.uid(), peer.uid()),
        };
        // An agent that calls itself is one entity; the attested one is the richer.
        let agents = if peer.uid() == local.uid() { vec![peer] } else { vec![peer, local] };
        self.ask((caller, target), &request.action, self.facts(request), agents)
    }

    /// The question whether the first may do `action` at the second, given what is known of both
    /// and of whoever asks.
    pub(crate) fn ask(
        &self,
        (caller, target): (EntityUid, EntityUid),
        action: &Action<'_>,
        mut facts: Vec<Pair>,
        entities: Vec<Entity>,
    ) -> Result<Question, String> {
        let id = self.action_ids.get(action.as_str()).ok_or("action is not in the schema")?;
        if let Action::Operation(operation) = action {
            self.extend_with_operation(&mut facts, operation);
        }
        let context = Context::from_pairs(facts).map_err(|error| error.to_string())?;
        let schema = Some(&self.schema);
        Ok(Question {
            request: cedar_policy::Request::new(caller, id.clone(), target, context, schema)
                .map_err(|error| error.to_string())?,
            entities: self.entities(entities)?,
        })
    }

    fn entities(&self, known: Vec<Entity>) -> Result<Entities, String> {
        self.actions.clone().add_entities(known, None).map_err(|error| error.to_string())
    }

    fn peer(&self, request: &Request<'_>) -> Entity {
        let subject = request.peer;
        let local = subject.trust_domain == request.local.trust_domain;
        // INVARIANT: an agent's name has no `@`, so no local name equals a foreign one.
        let name = if local {
            subject.agent.clone()
        } else {
            format!("{}@{}", subject.agent, subject.trust_domain)
        };
        Entity::new_no_attrs(uid(&self.agent, &name), self.parents(subject))
    }

    fn parents(&self, subject: &Subject) -> HashSet<EntityUid> {
        HashSet::from([uid(&self.image, &subject.image), uid(&self.principal, &subject.principal)])
    }

    /// The agent that this runtime runs.
    pub(crate) fn local(&self, local: &LocalAgent) -> Entity {
        let parents = HashSet::from([uid(&self.principal, &local.principal)]);
        Entity::new_no_attrs(uid(&self.agent, &local.agent), parents)
    }

    /// Who calls whom.
    pub(crate) fn direction(&self, direction: Direction) -> Pair {
        pair("direction", entity(&self.enumerations.direction, direction.as_str()))
    }

    fn facts(&self, request: &Request<'_>) -> Vec<Pair> {
        let words = &self.enumerations;
        let subject = request.peer;
        vec![
            self.direction(request.direction),
            pair("trust_domain", text(&subject.trust_domain)),
            pair("instance", text(&subject.instance)),
            pair("principal", text(&subject.principal)),
            pair(
                "scope",
                RestrictedExpression::new_set(subject.scope.iter().map(|scope| text(scope))),
            ),
            pair("image", text(&subject.image)),
            pair("version", text(&subject.version)),
            pair("tee", entity(&words.tee, &subject.tee.to_string())),
            pair("simulated", RestrictedExpression::new_bool(subject.simulated)),
            pair("tier", entity(&words.tier, &subject.tier.to_string())),
        ]
    }

    fn extend_with_operation(&self, pairs: &mut Vec<Pair>, facts: &OperationFacts<'_>) {
        let words = &self.enumerations;
        pairs.push(pair("protocol", entity(&words.protocol, facts.protocol.as_str())));
        pairs.push(pair("protocol_version", text(facts.version)));
        pairs.push(pair("binding", entity(&words.binding, facts.binding.as_str())));
        pairs.push(pair("streaming", RestrictedExpression::new_bool(facts.streaming)));
        if let Some(bytes) = facts.message_bytes {
            // Cedar counts in i64; a body that does not fit is as large as can be said.
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            pairs.push(pair("message_bytes", RestrictedExpression::new_long(bytes)));
        }
        let named = [("server", facts.server), ("tool", facts.tool), ("resource", facts.resource)];
        let present = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        pairs.extend(present.map(|(name, value)| pair(name, text(value))));
    }
}

/// One fact of a request, by its name.
pub(crate) type Pair = (String, RestrictedExpression);

fn pair(name: &str, value: RestrictedExpression) -> Pair {
    (name.to_owned(), value)
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn entity(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}

pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn action_ids() -> Result<HashMap<&'static str, EntityUid>, PolicyError> {
    let action = type_name("Action")?;
    let names =
        OperationName::ALL.iter().map(|name| name.as_str()).chain([Action::Connect.as_str()]);
    Ok(names.map(|name| (name, uid(&action, name))).collect())
}

pub(crate) fn type_name(name: &str) -> Result<EntityTypeName, PolicyError> {
    name.parse().map_err(broken)
}

fn broken(error: impl std::error::Error) -> PolicyError {
    PolicyError::Schema { message: error.to_string() }
}

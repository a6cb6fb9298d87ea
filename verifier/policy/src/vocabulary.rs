//! The schema's words as Cedar values, made once per bundle.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Schema};

use crate::error::PolicyError;
use crate::facts::Pair;
use crate::mention::Mentioned;
use crate::operation::{Action, OperationName};
use crate::prepared::Slice;
use crate::request::{Direction, LocalAgent, Origin, Request};
use crate::shape::Shape;

/// The schema, its action entities, and its type names.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    schema: Schema,
    actions: Entities,
    action_ids: HashMap<&'static str, EntityUid>,
    agent: EntityTypeName,
    image: EntityTypeName,
    principal: EntityTypeName,
    pub(crate) server: EntityTypeName,
    pub(crate) tool: EntityTypeName,
    pub(crate) enumerations: Enumerations,
}

/// Types whose entities are enumerated in the schema.
#[derive(Debug)]
pub(crate) struct Enumerations {
    pub(crate) direction: EntityTypeName,
    pub(crate) tee: EntityTypeName,
    pub(crate) tier: EntityTypeName,
    pub(crate) tcb_status: EntityTypeName,
    pub(crate) protocol: EntityTypeName,
    pub(crate) binding: EntityTypeName,
}

/// A request in Cedar's terms.
pub(crate) struct Question {
    pub(crate) request: cedar_policy::Request,
    pub(crate) entities: Arc<Entities>,
}

/// What every question about one peer has in common.
pub(crate) struct Asking {
    caller: EntityUid,
    target: EntityUid,
    entities: Arc<Entities>,
    facts: Vec<Pair>,
    /// Facts of the peer that only operations have.
    of_operations: Vec<Pair>,
}

impl Asking {
    pub(crate) fn facts(&self, action: &Action<'_>) -> Vec<Pair> {
        let more = match action {
            Action::Connect => &[],
            Action::Operation(_) => self.of_operations.as_slice(),
        };
        self.facts.iter().chain(more).cloned().collect()
    }
}

impl Vocabulary {
    /// The words for attested peers: those of [`crate::SCHEMA`].
    pub(crate) fn of_peers() -> Result<Self, PolicyError> {
        Self::load(include_str!("../schema.json"))
    }

    /// The words for visitors: those of [`crate::VISITOR_SCHEMA`].
    pub(crate) fn of_visitors() -> Result<Self, PolicyError> {
        Self::load(include_str!("../visitor.json"))
    }

    /// The published schemas are loaded from their form in JSON: the parser of the other one makes
    /// its automata anew in every process, which every guest would wait for while it starts.
    fn load(schema: &str) -> Result<Self, PolicyError> {
        let schema = Schema::from_json_str(schema).map_err(broken)?;
        Ok(Self {
            actions: schema.action_entities().map_err(broken)?,
            schema,
            action_ids: action_ids()?,
            agent: type_name("Agent")?,
            image: type_name("Image")?,
            principal: type_name("Principal")?,
            server: type_name("Server")?,
            tool: type_name("Tool")?,
            enumerations: Enumerations {
                direction: type_name("Direction")?,
                tee: type_name("Tee")?,
                tier: type_name("Tier")?,
                tcb_status: type_name("TcbStatus")?,
                protocol: type_name("Protocol")?,
                binding: type_name("Binding")?,
            },
        })
    }

    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What every question about the peer of `request` has in common.
    pub(crate) fn asking(&self, request: &Request<'_>) -> Result<Asking, String> {
        let (peer, local) = (self.peer(request), self.local(request.local));
        let ends = match request.direction {
            Direction::Inbound => (peer.uid(), local.uid()),
            Direction::Outbound => (local.uid(), peer.uid()),
        };
        // An agent that calls itself is one entity; the attested one is the richer.
        let mut known = if peer.uid() == local.uid() { vec![peer] } else { vec![peer, local] };
        let origin = request.peer.on_behalf_of.as_ref();
        let origin = origin.map(|origin| self.origin(origin, request.local));
        let of_operations = self.facts_of_delegation(origin.as_ref().map(Entity::uid));
        known.extend(origin.filter(|origin| known.iter().all(|it| it.uid() != origin.uid())));
        let facts = self.facts_of_peer(request);
        Ok(Asking { of_operations, ..self.gathered(ends, facts, known)? })
    }

    /// The same of whoever is known by `facts`.
    pub(crate) fn gathered(
        &self,
        (caller, target): (EntityUid, EntityUid),
        facts: Vec<Pair>,
        known: Vec<Entity>,
    ) -> Result<Asking, String> {
        let entities = self.actions.clone().add_entities(known, None);
        let entities = Arc::new(entities.map_err(|error| error.to_string())?);
        Ok(Asking { caller, target, entities, facts, of_operations: Vec::new() })
    }

    /// Puts a question into the schema's terms. The error says what does not fit; the caller denies.
    pub(crate) fn question(
        &self,
        asking: &Asking,
        action: &Action<'_>,
    ) -> Result<Question, String> {
        let mut facts = asking.facts(action);
        self.add(&mut facts, action, &Mentioned::All)?;
        self.ask(asking, action, facts, Some(&self.schema))
    }

    /// The same question with no more facts than the policies of `slice` speak of.
    ///
    /// SECURITY: only once a request with the same facts was put whole and fitted the schema. What
    /// else the schema demands is free text, which always fits.
    pub(crate) fn short(
        &self,
        asking: &Asking,
        action: &Action<'_>,
        slice: &Slice,
    ) -> Result<Question, String> {
        let shape = Shape::of(action);
        if !slice.fitting.has(&shape) {
            let whole = self.question(asking, action)?;
            slice.fitting.keep(shape);
            return Ok(whole);
        }
        let mut facts = slice.facts.clone();
        self.add(&mut facts, action, &slice.mentioned)?;
        self.ask(asking, action, facts, None)
    }

    fn add(
        &self,
        facts: &mut Vec<Pair>,
        action: &Action<'_>,
        mentioned: &Mentioned,
    ) -> Result<(), String> {
        match action {
            Action::Connect => Ok(()),
            Action::Operation(operation) => {
                facts.extend(self.facts_of_operation(operation, mentioned)?);
                Ok(())
            }
        }
    }

    /// The question with what is known of the peer, and nothing that the request says: for asking
    /// about it once. It does not fit the schema.
    pub(crate) fn known(&self, asking: &Asking, action: &Action<'_>) -> Result<Question, String> {
        self.ask(asking, action, asking.facts(action), None)
    }

    fn ask(
        &self,
        asking: &Asking,
        action: &Action<'_>,
        facts: Vec<Pair>,
        schema: Option<&Schema>,
    ) -> Result<Question, String> {
        let action =
            self.action_ids.get(action.as_str()).ok_or("action is not in the schema")?.clone();
        let (caller, target) = (asking.caller.clone(), asking.target.clone());
        let context = Context::from_pairs(facts).map_err(|error| error.to_string())?;
        let request = cedar_policy::Request::new(caller, action, target, context, schema);
        let request = request.map_err(|error| error.to_string())?;
        Ok(Question { request, entities: Arc::clone(&asking.entities) })
    }

    fn peer(&self, request: &Request<'_>) -> Entity {
        let subject = request.peer;
        let parents = [uid(&self.image, &subject.image), uid(&self.principal, &subject.principal)];
        self.named((&subject.agent, &subject.trust_domain), request.local, parents)
    }

    fn origin(&self, origin: &Origin, local: &LocalAgent) -> Entity {
        let parents = [uid(&self.principal, &origin.principal)];
        self.named((&origin.agent, &origin.trust_domain), local, parents)
    }

    fn named<const N: usize>(
        &self,
        (agent, trust_domain): (&str, &str),
        local: &LocalAgent,
        parents: [EntityUid; N],
    ) -> Entity {
        // INVARIANT: an agent's name has no `@`, so no local name equals a foreign one.
        let id = if trust_domain == local.trust_domain {
            uid(&self.agent, agent)
        } else {
            uid(&self.agent, &format!("{agent}@{trust_domain}"))
        };
        Entity::new_no_attrs(id, HashSet::from(parents))
    }

    /// The agent that this runtime runs.
    pub(crate) fn local(&self, local: &LocalAgent) -> Entity {
        let parents = HashSet::from([uid(&self.principal, &local.principal)]);
        Entity::new_no_attrs(uid(&self.agent, &local.agent), parents)
    }
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

#[cfg(test)]
mod tests {
    use cedar_policy::SchemaFragment;
    use serde_json::Value;

    #[test]
    fn the_schemas_that_are_loaded_are_those_that_are_published() {
        for (published, loaded) in [
            (crate::SCHEMA, include_str!("../schema.json")),
            (crate::VISITOR_SCHEMA, include_str!("../visitor.json")),
        ] {
            let (published, _) = SchemaFragment::from_cedarschema_str(published).unwrap();
            let loaded: Value = serde_json::from_str(loaded).unwrap();
            let remedy = "run `cargo run -p cloister-policy --example schemas`";
            assert_eq!(loaded, published.to_json_value().unwrap(), "{remedy}");
        }
    }
}

//! Visitors: callers of whom nothing is attested, and the policies that speak about them.
//!
//! SECURITY: a policy that was written with attested agents in mind permits nothing to anybody
//! else, however wide it is; one that forbids forbids it to everybody. So the two kinds of caller
//! have two sets: visitors have the policies that name them, and of the others those that forbid.

use cedar_policy::{Effect, Entity, EntityTypeName, Policy, PolicySet, PrincipalConstraint};

use crate::error::PolicyError;
use crate::operation::Action;
use crate::request::{Direction, LocalAgent};
use crate::vocabulary::{Question, Vocabulary, type_name, uid};

/// The type of a visitor in [`crate::VISITOR_SCHEMA`].
const VISITOR: &str = "Visitor";

/// The one visitor that there is: they cannot be told apart.
const ANONYMOUS: &str = "anonymous";

/// One question to a [`crate::PolicyBundle`] about somebody of whom nothing is attested.
#[derive(Clone, Copy, Debug)]
pub struct VisitorRequest<'a> {
    /// The agent that is visited.
    pub local: &'a LocalAgent,
    /// What is asked for.
    pub action: Action<'a>,
}

/// What counts for visitors.
pub(crate) struct Visitors {
    set: PolicySet,
    vocabulary: Vocabulary,
    visitor: EntityTypeName,
}

impl Visitors {
    /// From the policies that name visitors, and those that do not.
    pub(crate) fn new(
        named: PolicySet,
        others: &PolicySet,
        vocabulary: Vocabulary,
    ) -> Result<Self, PolicyError> {
        let mut set = named;
        for policy in others.policies().filter(|policy| policy.effect() == Effect::Forbid) {
            add(&mut set, policy)?;
        }
        Ok(Self { set, vocabulary, visitor: type_name(VISITOR)? })
    }

    pub(crate) const fn policies(&self) -> &PolicySet {
        &self.set
    }

    /// Puts `request` into the schema's terms. The error says what does not fit; the caller denies.
    pub(crate) fn question(&self, request: &VisitorRequest<'_>) -> Result<Question, String> {
        let words = &self.vocabulary;
        let (visitor, local) = (uid(&self.visitor, ANONYMOUS), words.local(request.local));
        let facts = vec![words.direction(Direction::Inbound)];
        let known = vec![Entity::with_uid(visitor.clone()), local.clone()];
        let asking = words.gathered((visitor, local.uid()), facts, known)?;
        words.question(&asking, &request.action)
    }
}

/// The policies for attested peers, and those that name visitors.
pub(crate) fn parted(all: &PolicySet) -> Result<(PolicySet, PolicySet), PolicyError> {
    let visitor = type_name(VISITOR)?;
    let (mut peers, mut visitors) = (PolicySet::new(), PolicySet::new());
    for policy in all.policies() {
        let set = if names(policy, &visitor) { &mut visitors } else { &mut peers };
        add(set, policy)?;
    }
    Ok((peers, visitors))
}

/// Whether the scope of `policy` says that its principal is of type `kind`.
fn names(policy: &Policy, kind: &EntityTypeName) -> bool {
    match policy.principal_constraint() {
        PrincipalConstraint::Any => false,
        PrincipalConstraint::In(entity) | PrincipalConstraint::Eq(entity) => {
            entity.type_name() == kind
        }
        PrincipalConstraint::Is(of) | PrincipalConstraint::IsIn(of, _) => &of == kind,
    }
}

/// Ids were made unique in the set that all sets are parts of.
fn add(set: &mut PolicySet, policy: &Policy) -> Result<(), PolicyError> {
    set.add(policy.clone()).map_err(|error| PolicyError::Schema { message: error.to_string() })
}

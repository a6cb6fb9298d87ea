//! Which policies can apply to anything at all that one peer asks for.
//!
//! Most policies say of whom they speak before they say of what. For one peer and one action that
//! beginning always comes out the same, so it is asked for once, by Cedar itself: a policy whose
//! beginning does not hold is left out from then on. Nothing else changes: Cedar evaluates from
//! left to right and stops at what is false, so it would not have come to the rest either. A
//! beginning that fails to evaluate is kept, since a failure denies.

use std::collections::{HashMap, HashSet};

use cedar_policy::{AuthorizationError, Authorizer, Policy, PolicyId, PolicySet};
use serde_json::{Value, json};

use crate::error::PolicyError;
use crate::facts::FACTS_OF_PEER;
use crate::mention::{Mentioned, is_context};
use crate::vocabulary::Question;

/// A set of policies with their beginnings.
pub(crate) struct Sliced {
    whole: PolicySet,
    beginnings: PolicySet,
    /// By policy.
    mentioned: HashMap<PolicyId, Mentioned>,
}

impl Sliced {
    pub(crate) fn new(whole: PolicySet) -> Result<Self, PolicyError> {
        let (mut beginnings, mut mentioned) = (PolicySet::new(), HashMap::new());
        for policy in whole.policies() {
            let json = policy.to_json().map_err(broken)?;
            let of_it = json.get("conditions").map_or(Mentioned::All, Mentioned::by);
            mentioned.insert(policy.id().clone(), of_it);
            beginnings.add(beginning(policy, json)?).map_err(broken)?;
        }
        Ok(Self { whole, beginnings, mentioned })
    }

    pub(crate) const fn whole(&self) -> &PolicySet {
        &self.whole
    }

    /// The facts that `policies` speak of.
    pub(crate) fn mentioned(&self, policies: &PolicySet) -> Mentioned {
        let of = |policy: &Policy| self.mentioned.get(policy.id()).cloned();
        policies.policies().map(|policy| of(policy).unwrap_or(Mentioned::All)).collect()
    }

    /// The policies that can apply where `question` holds what is known of the peer; all of them, if
    /// that cannot be told.
    pub(crate) fn slice(&self, question: &Question) -> PolicySet {
        let answer = Authorizer::new().is_authorized(
            &question.request,
            &self.beginnings,
            &question.entities,
        );
        let diagnostics = answer.diagnostics();
        let failed = diagnostics.errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
        });
        let kept: HashSet<_> = diagnostics.reason().chain(failed).collect();
        let policies = self.whole.policies().filter(|policy| kept.contains(policy.id()));
        PolicySet::from_policies(policies.cloned()).unwrap_or_else(|_| self.whole.clone())
    }
}

/// A policy that permits where the scope of `policy`, and as many of its first conditions as speak
/// of nothing but the peer, hold.
fn beginning(policy: &Policy, mut whole: Value) -> Result<Policy, PolicyError> {
    let mut known = Vec::new();
    let conditions = whole.get("conditions").and_then(Value::as_array);
    for condition in conditions.into_iter().flatten() {
        let kind = condition["kind"].as_str().unwrap_or_default();
        let mut parts = Vec::new();
        // Only `when` is split: `unless (a && b)` holds if either does not.
        conjuncts(&condition["body"], kind == "when", &mut parts);
        let all = parts.len();
        let first = parts.into_iter().take_while(|part| is_of_peer(part));
        let first: Vec<_> = first.map(|body| json!({ "kind": kind, "body": body })).collect();
        let whole = first.len() == all;
        known.extend(first);
        if !whole {
            break;
        }
    }
    if let Value::Object(members) = &mut whole {
        members.insert("effect".to_owned(), json!("permit"));
        members.insert("conditions".to_owned(), Value::Array(known));
    }
    Policy::from_json(Some(policy.id().clone()), whole).map_err(broken)
}

fn conjuncts<'a>(body: &'a Value, splits: bool, into: &mut Vec<&'a Value>) {
    match body.get("&&").filter(|_| splits) {
        Some(both) => ["left", "right"].iter().for_each(|it| conjuncts(&both[*it], true, into)),
        None => into.push(body),
    }
}

/// Whether an expression speaks of `context` only by facts of the peer.
fn is_of_peer(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => {
            for operator in [".", "has"] {
                if let Some(access) = members.get(operator).filter(|it| is_context(&it["left"])) {
                    let attr = access["attr"].as_str().unwrap_or_default();
                    return members.len() == 1 && FACTS_OF_PEER.contains(&attr);
                }
            }
            !is_context(expression) && members.values().all(is_of_peer)
        }
        Value::Array(items) => items.iter().all(is_of_peer),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn broken(error: impl core::fmt::Display) -> PolicyError {
    PolicyError::Schema { message: error.to_string() }
}

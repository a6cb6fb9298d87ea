//! Why an answer came out as it did: every policy taken apart, each part asked for itself.
//!
//! For people who write policies. Decisions are never made by it.

use cedar_policy::{Authorizer, EntityUid, Policy, PolicyId, PolicySet};
use serde_json::{Value, json};

use crate::bundle::PolicyBundle;
use crate::decision::Decision;
use crate::request::Request;
use crate::vocabulary::Question;

/// What a bundle makes of one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The answer.
    pub decision: Decision,
    /// Who calls, in Cedar's terms.
    pub principal: String,
    /// Who is called.
    pub resource: String,
    /// What `context` holds, by name, in Cedar's terms; sorted.
    pub facts: Vec<(String, String)>,
    /// Every policy that is asked, by id.
    pub policies: Vec<Examined>,
}

/// One policy, part by part.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// Its id.
    pub id: String,
    /// What it does where all of its parts hold.
    pub effect: Effect,
    /// Its parts, in order: all of them have to hold.
    pub clauses: Vec<Clause>,
}

impl Examined {
    /// The parts that do not hold.
    pub fn unmet(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| clause.state != State::Met)
    }
}

/// What a policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It permits.
    Permit,
    /// It forbids.
    Forbid,
}

/// A part of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clause {
    /// It, in Cedar.
    pub text: String,
    /// What became of it.
    pub state: State,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds.
    Met,
    /// It does not hold.
    Unmet,
    /// It cannot be evaluated: mostly a fact that is absent.
    Failed(String),
}

impl PolicyBundle {
    /// Answers one request as [`Self::decide`] does, and says what became of every part of every
    /// policy. Without a request in the schema's terms there is only the answer.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let decision = self.decide(request);
        let Ok(question) = self.question(request) else {
            let (principal, resource) = (String::new(), String::new());
            return Explanation { decision, principal, resource, facts: vec![], policies: vec![] };
        };
        let mut policies: Vec<Examined> =
            self.set().policies().map(|policy| examined(policy, &question)).collect();
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        let name = |uid: Option<&EntityUid>| uid.map(ToString::to_string).unwrap_or_default();
        Explanation {
            decision,
            principal: name(question.request.principal()),
            resource: name(question.request.resource()),
            facts: facts(&question),
            policies,
        }
    }
}

fn facts(question: &Question) -> Vec<(String, String)> {
    let Some(context) = question.request.context() else { return Vec::new() };
    let names = context.clone().into_iter().map(|(name, _)| name);
    let known = |name: String| context.get(&name).map(|value| (name, value.to_string()));
    let mut facts: Vec<_> = names.filter_map(known).collect();
    facts.sort();
    facts
}

fn examined(policy: &Policy, question: &Question) -> Examined {
    let effect = match policy.effect() {
        cedar_policy::Effect::Permit => Effect::Permit,
        cedar_policy::Effect::Forbid => Effect::Forbid,
    };
    let parts = policy.to_json().map(|whole| parts(&whole)).unwrap_or_default();
    let clauses = parts.into_iter().filter_map(|part| clause(part, question)).collect();
    Examined { id: policy.id().to_string(), effect, clauses }
}

/// The policy's parts, each as a policy of its own that permits what the part holds for.
fn parts(whole: &Value) -> Vec<Part> {
    let scopes = ["principal", "action", "resource"].map(|name| Part::scope(whole, name));
    let mut parts: Vec<Part> = scopes.into_iter().flatten().collect();
    for condition in whole["conditions"].as_array().into_iter().flatten() {
        let kind = condition["kind"].as_str().unwrap_or_default();
        // `unless (a || b)` is `unless a` and `unless b`.
        let operator = if kind == "unless" { "||" } else { "&&" };
        let mut bodies = Vec::new();
        split(&condition["body"], operator, &mut bodies);
        parts.extend(bodies.into_iter().map(|body| Part::condition(kind, body)));
    }
    parts
}

/// The operands of a chain of one operator.
fn split<'a>(body: &'a Value, operator: &str, into: &mut Vec<&'a Value>) {
    match body.get(operator) {
        Some(both) => ["left", "right"].iter().for_each(|side| split(&both[*side], operator, into)),
        None => into.push(body),
    }
}

struct Part {
    policy: Value,
    /// What stands around it in the policy's text.
    frame: (&'static str, &'static str),
}

impl Part {
    /// `None` where the scope leaves it open.
    fn scope(whole: &Value, name: &'static str) -> Option<Self> {
        let scope = whole.get(name).filter(|scope| scope["op"] != "All")?;
        let policy = anything_but(name, scope.clone());
        let frame = match name {
            "principal" => ("permit (", ", action"),
            "action" => ("principal,", ", resource"),
            _ => ("action,", ");"),
        };
        Some(Self { policy, frame })
    }

    fn condition(kind: &str, body: &Value) -> Self {
        let policy = anything_but("conditions", json!([{ "kind": kind, "body": body }]));
        // Cedar writes `unless { a }` as `when { !a }`.
        Self { policy, frame: (") when {", "};") }
    }
}

/// A policy that permits everything, as far as its member `name` lets it.
fn anything_but(name: &str, value: Value) -> Value {
    let all = json!({ "op": "All" });
    let anything = [
        ("effect", json!("permit")),
        ("principal", all.clone()),
        ("action", all.clone()),
        ("resource", all),
        ("conditions", json!([])),
    ];
    let members = anything.into_iter().chain([(name, value)]);
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn clause(part: Part, question: &Question) -> Option<Clause> {
    let Part { policy, frame } = part;
    let policy = Policy::from_json(Some(PolicyId::new("part")), policy).ok()?;
    let text = text(&policy.to_cedar()?, frame);
    let set = PolicySet::from_policies([policy]).ok()?;
    let answer = Authorizer::new().is_authorized(&question.request, &set, &question.entities);
    let state = match (answer.decision(), answer.diagnostics().errors().next()) {
        (_, Some(error)) => State::Failed(error.to_string()),
        (cedar_policy::Decision::Allow, None) => State::Met,
        (cedar_policy::Decision::Deny, None) => State::Unmet,
    };
    Some(Clause { text, state })
}

/// What stands in a policy's text between its frame, in one line; all of it, if that is not there.
fn text(policy: &str, (before, after): (&str, &str)) -> String {
    let line = policy.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace("permit( ", "permit (").replace("permit ( ", "permit (");
    let part = line.split_once(before).map_or(line.as_str(), |(_, rest)| rest);
    let part = part.rsplit_once(after).map_or(part, |(part, _)| part);
    part.trim().to_owned()
}

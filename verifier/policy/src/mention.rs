//! Which facts policies speak of: a request is put to Cedar with these and no others.
//!
//! A fact that no policy names changes no answer, whether it is there or not. Where it cannot be
//! told which ones a policy names, it is taken to name all of them.

use std::collections::BTreeSet;

use serde_json::Value;

/// The members of `context` that policies speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mentioned {
    /// Any of them.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Mentioned {
    pub(crate) const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// By an expression, or several, in Cedar's JSON form.
    pub(crate) fn by(expression: &Value) -> Self {
        match expression {
            Value::Object(_) if is_context(expression) => Self::All,
            Value::Object(members) => {
                fact(expression).unwrap_or_else(|| members.values().map(Self::by).collect())
            }
            Value::Array(items) => items.iter().map(Self::by).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Self::none(),
        }
    }

    pub(crate) fn names(&self, fact: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(facts) => facts.contains(fact),
        }
    }
}

impl FromIterator<Self> for Mentioned {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        parts.into_iter().fold(Self::none(), |all, part| match (all, part) {
            (Self::Only(mut all), Self::Only(part)) => {
                all.extend(part);
                Self::Only(all)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        })
    }
}

/// The one fact that an expression is about if it is `context.fact` or `context has fact`.
fn fact(expression: &Value) -> Option<Mentioned> {
    let access = [".", "has"].iter().find_map(|operator| expression.get(*operator))?;
    is_context(access.get("left")?).then(|| match access.get("attr") {
        Some(Value::String(name)) => Mentioned::Only(BTreeSet::from([name.clone()])),
        _ => Mentioned::All,
    })
}

/// Whether an expression is `context` itself.
pub(crate) fn is_context(expression: &Value) -> bool {
    expression.get("Var").is_some_and(|name| name == "context")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cedar_policy::Policy;

    use super::Mentioned;

    fn mentioned(condition: &str) -> Mentioned {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(None, policy).unwrap().to_json().unwrap();
        Mentioned::by(&policy["conditions"])
    }

    fn only<const N: usize>(facts: [&str; N]) -> Mentioned {
        Mentioned::Only(BTreeSet::from(facts.map(str::to_owned)))
    }

    #[test]
    fn every_fact_is_found_wherever_it_stands() {
        for (condition, facts) in [
            ("true", only([])),
            ("principal in Image::\"context\"", only([])),
            ("context.a", only(["a"])),
            ("context has a", only(["a"])),
            ("context[\"a b\"] == 1", only(["a b"])),
            ("context.a.b == context.c", only(["a", "c"])),
            ("context.a.contains(context.b) || context.c like \"x*\"", only(["a", "b", "c"])),
            ("if context.a then [context.b].contains(1) else !context.c", only(["a", "b", "c"])),
            ("{\"x\": context.a, \".\": context.b} == {\"has\": context.c}", only(["a", "b", "c"])),
            ("resource.owner == context.a", only(["a"])),
        ] {
            assert_eq!(mentioned(condition), facts, "{condition}");
        }
    }

    #[test]
    fn whoever_speaks_of_the_whole_names_everything() {
        for condition in [
            "context == {\"a\": 1}",
            "context.a && [context].contains(1)",
            "(if context.a then context else {\"b\": 1}) has b",
            "{\".\": context} == 1",
            "context has a.b && context.a.b",
        ] {
            assert_eq!(mentioned(condition), Mentioned::All, "{condition}");
        }
        assert!(Mentioned::All.names("anything") && !only(["a"]).names("b"));
    }
}

//! What a client did and heard, and how that may differ from what it hears without runtimes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use serde_json::Value;

/// What a client prints.
#[derive(Debug, Deserialize)]
pub(super) struct Heard {
    /// What the agent's card was looked for beneath.
    pub(super) url: String,
    card: Value,
    /// By interface.
    pub(super) steps: BTreeMap<String, Vec<Step>>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Step {
    step: String,
    pub(super) operation: String,
    /// Whether the SDK sent a request for it.
    pub(super) sent: bool,
    #[serde(default)]
    answer: Value,
    #[serde(default)]
    error: Value,
}

/// What an SDK does not do, with or without runtimes: client, agent, interface, step. An empty word
/// stands for every one.
const NOT_DONE: &[[&str; 4]] = &[
    // No list of tasks in version 0.3.
    ["", "", "JSONRPC/0.3", "list"],
    ["", "", "HTTP+JSON/0.3", "list"],
    ["", "", "GRPC/0.3", "list"],
    // Operations of that binding that the client has no request for.
    ["python", "", "HTTP+JSON/0.3", "push_list"],
    ["python", "", "HTTP+JSON/0.3", "push_delete"],
    ["python", "", "HTTP+JSON/0.3", "push_list_after"],
    // One sends and reads a configuration alone, the other a request around it.
    ["javascript", "python", "HTTP+JSON/0.3", "push_create"],
    ["javascript", "python", "HTTP+JSON/0.3", "push_get"],
    ["python", "javascript", "HTTP+JSON/0.3", "push_create"],
    ["python", "javascript", "HTTP+JSON/0.3", "push_get"],
    // The client wants an object where the agent answers with nothing.
    ["python", "javascript", "HTTP+JSON/1.0", "push_delete"],
    // The agent has no such route.
    ["javascript", "python", "HTTP+JSON/0.3", "push_delete"],
];

/// Steps that begin so are there to be refused.
const REFUSED: &str = "refused_";

/// The step that asks for a task that does not exist. A runtime does not ask its agent about tasks
/// that are not the caller's: it answers for itself, with the protocol's own error, which not every
/// agent does in version 0.3.
const UNKNOWN_TASK: &str = "refused_get";
const NOT_FOUND: &str = "TaskNotFoundError";

const EXTENDED_CARD: &str = "extended_card";

/// The runtimes' own extension, in a simulation.
const EXTENSION: &str = "tag:cloister.invalid,2026:a2a/simulated/1";

impl Heard {
    /// Steps that failed, and steps that did not although they had to.
    pub(super) fn undone(&self, client: &str, agent: &str) -> Vec<String> {
        let steps = self
            .steps
            .iter()
            .flat_map(|(interface, steps)| steps.iter().map(move |step| (interface, step)));
        let wrong = steps.filter(|(interface, step)| {
            let place = [client, agent, interface, &step.step];
            let known = NOT_DONE.iter().any(|known| {
                known.iter().zip(place).all(|(known, at)| known.is_empty() || *known == at)
            });
            let fails = step.step.starts_with(REFUSED) || known;
            fails == step.error.is_null()
        });
        wrong.map(|(interface, step)| format!("{interface}: {step:?}")).collect()
    }

    /// How this, heard through runtimes, differs from what was heard without them, but for what has
    /// to differ.
    pub(super) fn differences(&self, direct: &Self) -> Vec<String> {
        let mut differences = self.unlike_a_carried_card(&self.card, true);
        if undressed(&self.card) != undressed(&direct.card) {
            differences.push(format!("cards {} and {}", self.card, direct.card));
        }
        assert_eq!(self.steps.len(), direct.steps.len());
        for interface in self.steps.keys() {
            let (through, direct) = (self.plain(interface), direct.plain(interface));
            assert_eq!(through.len(), direct.len());
            for (through, direct) in through.iter().zip(&direct) {
                if through.step == UNKNOWN_TASK && through.error["type"] == NOT_FOUND {
                    continue;
                }
                if through != direct {
                    differences.push(format!("{interface}: {through:#?} and {direct:#?}"));
                }
            }
            let cards = self.steps[interface].iter().filter(|step| step.step == EXTENDED_CARD);
            for card in cards.filter(|step| step.error.is_null()) {
                let is_vouched_for = interface.ends_with("/1.0");
                differences.extend(self.unlike_a_carried_card(&card.answer, is_vouched_for));
            }
        }
        differences
    }

    /// What of a card does not lead through the runtime, or is not vouched for by it.
    fn unlike_a_carried_card(&self, card: &Value, is_vouched_for: bool) -> Vec<String> {
        let mut unlike: Vec<_> = urls(card)
            .filter(|url| !self.is_carried(url))
            .map(|url| format!("{url} leads around the runtime"))
            .collect();
        let signed = card["signatures"].as_array().is_some_and(|list| !list.is_empty());
        let extensions = card["capabilities"]["extensions"].as_array();
        let attested = extensions.into_iter().flatten().any(|entry| entry["uri"] == EXTENSION);
        if is_vouched_for && !(signed && attested) {
            unlike.push(format!("nobody vouches for {card}"));
        }
        unlike
    }

    /// Whether it is beneath where the card was, or at the loopback address that a runtime gives to
    /// each agent for itself, because gRPC addresses have no path.
    fn is_carried(&self, url: &str) -> bool {
        let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let own = host.parse::<SocketAddr>().map(|at| at.ip());
        url.starts_with(&self.url)
            || own.is_ok_and(|ip| ip.is_loopback() && ip != Ipv4Addr::LOCALHOST)
    }

    /// The steps without what is different each time or at each place, and without what a runtime
    /// changes.
    fn plain(&self, interface: &str) -> Vec<Step> {
        let mut chance = Chance { url: &self.url, ids: Vec::new() };
        let steps = self.steps[interface].iter().cloned().map(|mut step| {
            for value in [&mut step.answer, &mut step.error] {
                chance.leave(value);
            }
            if step.step == EXTENDED_CARD {
                step.answer = undressed(&step.answer);
            }
            step
        });
        steps.collect()
    }

    /// What a step failed with.
    pub(super) fn error(&self, interface: &str, step: &str) -> &Value {
        &self.steps[interface].iter().find(|taken| taken.step == step).unwrap().error
    }
}

/// The lists of a card that hold interfaces.
const INTERFACE_LISTS: [&str; 2] = ["supportedInterfaces", "additionalInterfaces"];

fn urls(card: &Value) -> impl Iterator<Item = &str> {
    let listed = INTERFACE_LISTS.iter().filter_map(|list| card[*list].as_array()).flatten();
    listed.chain([card]).filter_map(|place| place["url"].as_str())
}

/// A card without what a runtime changes in it.
fn undressed(card: &Value) -> Value {
    let mut card = card.clone();
    let Some(fields) = card.as_object_mut() else { return card };
    fields.remove("signatures");
    fields.remove("url");
    for list in INTERFACE_LISTS {
        for interface in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            interface["url"].take();
        }
    }
    if let Some(capabilities) = fields.get_mut("capabilities").and_then(Value::as_object_mut)
        && let Some(extensions) = capabilities.get_mut("extensions").and_then(Value::as_array_mut)
    {
        extensions.retain(|entry| entry["uri"] != EXTENSION);
        if extensions.is_empty() {
            capabilities.remove("extensions");
        }
    }
    card
}

/// What is different each time and at each place.
struct Chance<'h> {
    url: &'h str,
    /// In the order in which they came.
    ids: Vec<String>,
}

const ID_LEN: usize = 36;

impl Chance<'_> {
    /// Leaves it out of `value`, but for which ids are the same.
    fn leave(&mut self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.leave(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.leave(value)),
            Value::String(text) if is_time(text) => "TIME".clone_into(text),
            Value::String(text) => *text = self.named(&text.replace(self.url, "URL/")),
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }

    fn named(&mut self, text: &str) -> String {
        let is_there = |at: &usize| text.get(*at..at + ID_LEN).is_some_and(is_id);
        let Some(at) = (0..text.len()).find(is_there) else { return text.to_owned() };
        let (id, rest) = text[at..].split_at(ID_LEN);
        let known = self.ids.iter().position(|known| known == id);
        let number = known.unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        format!("{}ID-{number}{}", &text[..at], self.named(rest))
    }
}

fn is_id(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Whether it is what both SDKs write for a time: `2026-11-21T15:00:00.123Z`.
fn is_time(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let shape: Vec<_> = shape.collect();
    shape.starts_with(b"0000-00-00T00:00:00") && shape.ends_with(b"Z")
}

#[test]
fn only_ids_times_and_places_are_left_to_chance() {
    let id = |end: &str| format!("0b8b1f2e-8a54-4c4e-9d0c-5d2f0c1d2e{end}");
    let almost = format!("{}x", &id("00")[..35]);
    let mut value = serde_json::json!([
        format!("Task {} of {}", id("00"), id("01")),
        id("00"),
        "at http://a/b/c and http://a/d",
        "2026-11-21T15:00:00.123Z",
        "2026-11-21",
        almost,
    ]);
    Chance { url: "http://a/b/", ids: Vec::new() }.leave(&mut value);
    let left =
        ["Task ID-0 of ID-1", "ID-0", "at URL/c and http://a/d", "TIME", "2026-11-21", &almost];
    assert_eq!(value, serde_json::json!(left));
}

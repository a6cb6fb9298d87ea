//! Rounds of the modern era: the server answers with what it needs, and the client asks again.

use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses,
    RequestStateCodec,
};
use serde_json::Value;

use super::offer::OFFER;

/// Signs what the client keeps in between.
const KEY: &[u8] = b"a key of a test, that protects nothing";

/// What a request still needs, if it needs anything.
pub(super) fn needed(
    name: &str,
    answers: &InputResponses,
    state: Option<&str>,
    client: &ClientCapabilities,
) -> Result<Option<InputRequiredResult>, ErrorData> {
    let Some(rounds) = OFFER.rounds.get(name) else { return Ok(None) };
    let codec = RequestStateCodec::try_new(KEY).unwrap();
    let opened = state.map(|state| codec.open(state)).transpose();
    let opened = opened.map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
    let at = opened.map_or(0, |step| usize::from(step.first().copied().unwrap_or_default()));
    // Without its state, a request that has to bring one begins anew.
    let brings = !rounds.state || state.is_some();
    let at = if brings && answered(&rounds.steps[at], answers, client) { at + 1 } else { at };
    Ok(rounds.steps.get(at).map(|step| {
        let kept = rounds.state.then(|| codec.seal(&[u8::try_from(at).unwrap()]));
        InputRequiredResult::new(Some(possible(step, client)), kept)
    }))
}

/// Whether every question that the client can be asked has an answer of its kind.
fn answered(step: &InputRequests, answers: &InputResponses, client: &ClientCapabilities) -> bool {
    possible(step, client).iter().all(|(key, question)| {
        answers.get(key).and_then(|answer| answer.get(member(question))).is_some()
    })
}

/// The questions that the client says it can answer.
fn possible(step: &InputRequests, client: &ClientCapabilities) -> InputRequests {
    let can = |question: &InputRequest| match member(question) {
        "action" => client.elicitation.is_some(),
        "content" => client.sampling.is_some(),
        _ => client.roots.is_some(),
    };
    let kept = step.iter().filter(|(_, question)| can(question));
    kept.map(|(key, question)| (key.clone(), question.clone())).collect()
}

/// The member that an answer to this question has.
fn member(question: &InputRequest) -> &'static str {
    let question: Value = serde_json::to_value(question).unwrap();
    match question["method"].as_str() {
        Some("elicitation/create") => "action",
        Some("sampling/createMessage") => "content",
        _ => "roots",
    }
}

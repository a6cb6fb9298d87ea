//! `cloister agents`: who is in the fleet, and taking leases away.

use core::fmt::Write as _;

use cloister_api::v1::{
    Agent, AgentState, Instance, LiftQuarantineRequest, ListAgentsRequest, QuarantineAgentRequest,
    RetireAgentRequest, ShowAgentRequest,
};
use cloister_attestation::time::UnixTime;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::arguments::AgentsCommand;
use crate::text::{indented, printable, table};

pub(super) async fn run(
    mut operator: Operator,
    command: &AgentsCommand,
) -> Result<Answer, OperatorError> {
    let client = &mut operator.client;
    match command {
        AgentsCommand::List => {
            let answer = client.list_agents(ListAgentsRequest {}).await;
            Ok(listed(&operator.message(answer)?.agents))
        }
        AgentsCommand::Show { name } => {
            let answer = client.show_agent(ShowAgentRequest { name: name.clone() }).await;
            let message = operator.message(answer)?;
            Ok(shown(message.agent.as_ref(), &message.results))
        }
        AgentsCommand::Quarantine { name, reason } => {
            let request = QuarantineAgentRequest { name: name.clone(), reason: reason.clone() };
            let answer = client.quarantine_agent(request).await;
            let message = operator.message(answer)?;
            Ok(changed(
                name,
                "quarantined",
                message.agent.as_ref(),
                Some(message.revoked_instances),
            ))
        }
        AgentsCommand::Lift { name } => {
            let answer = client.lift_quarantine(LiftQuarantineRequest { name: name.clone() }).await;
            Ok(changed(
                name,
                "no longer quarantined",
                operator.message(answer)?.agent.as_ref(),
                None,
            ))
        }
        AgentsCommand::Retire { name, reason } => {
            let request = RetireAgentRequest { name: name.clone(), reason: reason.clone() };
            let answer = client.retire_agent(request).await;
            let message = operator.message(answer)?;
            Ok(changed(name, "retired", message.agent.as_ref(), Some(message.revoked_instances)))
        }
    }
}

fn listed(agents: &[Agent]) -> Answer {
    let json = json!({ "agents": agents });
    if agents.is_empty() {
        return Answer {
            exit: Exit::Acceptable,
            text: "no agents have enrolled\n".to_owned(),
            json,
        };
    }
    let rows = agents.iter().map(|agent| {
        let live = agent.instances.iter().filter(|instance| !instance.revoked);
        let lease = live.clone().map(|instance| instance.lease_expires_at).max();
        [
            agent.name.clone(),
            state(agent.state()).to_owned(),
            live.count().to_string(),
            lease.map_or_else(|| "-".to_owned(), |at| UnixTime::from_secs(at).to_string()),
        ]
    });
    let text = table(["AGENT", "STATE", "RUNTIMES", "LEASED UNTIL"], rows);
    Answer { exit: Exit::Acceptable, text, json }
}

fn shown(agent: Option<&Agent>, results: &[String]) -> Answer {
    let results: Vec<Value> = results.iter().map(|text| parsed(text)).collect();
    let mut text = String::new();
    if let Some(agent) = agent {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{} {}", printable(&agent.name).bold(), state(agent.state()));
        agent.instances.iter().for_each(|instance| text.push_str(&described(instance)));
    }
    Answer { exit: Exit::Acceptable, text, json: json!({ "agent": agent, "results": results }) }
}

/// A result is JSON; what does not read as such is shown as it came.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn described(instance: &Instance) -> String {
    let revoked = if instance.revoked { ", revoked" } else { "" };
    let simulated = if instance.simulated { ", simulated" } else { "" };
    let fields = [
        ("listens at", instance.endpoint.clone()),
        ("image", format!("{} {}", instance.image, instance.version)),
        ("hardware", format!("{}, {}{simulated}", instance.tee, instance.platform)),
        ("tier", instance.tier.clone()),
        ("first seen", UnixTime::from_secs(instance.first_seen_at).to_string()),
        ("leased until", format!("{}{revoked}", UnixTime::from_secs(instance.lease_expires_at))),
        ("not vouched", instance.not_asserted.join(", ")),
    ];
    let mut text = format!("\n  runtime {}\n", printable(&instance.instance));
    for (name, words) in fields.into_iter().filter(|(_, words)| !words.is_empty()) {
        let _ = writeln!(text, "    {name:13} {}", indented(&printable(&words), 18));
    }
    text
}

fn changed(name: &str, done: &str, agent: Option<&Agent>, revoked: Option<u32>) -> Answer {
    let leases = revoked
        .map_or_else(String::new, |count| format!("; leases of {count} runtimes taken away"));
    let text = format!("{} is {done}{leases}\n", printable(name));
    Answer {
        exit: Exit::Acceptable,
        text,
        json: json!({ "agent": agent, "revoked_instances": revoked }),
    }
}

const fn state(state: AgentState) -> &'static str {
    match state {
        AgentState::Unspecified => "unknown",
        AgentState::Active => "active",
        AgentState::Quarantined => "quarantined",
        AgentState::Retired => "retired",
    }
}

#[cfg(test)]
mod tests {
    use cloister_api::v1::{Agent, AgentState, Instance};

    use super::{listed, shown};

    fn agent() -> Agent {
        let instance = |revoked, lease_expires_at| Instance {
            instance: "00ff".repeat(8),
            endpoint: "evil\u{1b}]0;".to_owned(),
            revoked,
            lease_expires_at,
            not_asserted: vec!["snp.revocation.leaf".to_owned()],
            ..Instance::default()
        };
        Agent {
            name: "translator".to_owned(),
            state: AgentState::Quarantined.into(),
            instances: vec![instance(true, 2_000_000_000), instance(false, 1_700_000_000)],
        }
    }

    #[test]
    fn a_revoked_runtime_does_not_count_and_does_not_lend_its_lease() {
        let text = listed(&[agent()]).text;
        let row = text.lines().last().unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(words, ["translator", "quarantined", "1", "2023-11-14T22:13:20Z"]);
    }

    #[test]
    fn what_nobody_vouches_for_is_shown_and_control_characters_are_not() {
        let answer = shown(Some(&agent()), &["{\"tier\":\"warning\"}".to_owned()]);
        assert!(answer.text.contains("snp.revocation.leaf"));
        assert!(!answer.text.contains("\u{1b}]"));
        assert_eq!(answer.json["results"][0]["tier"], "warning");
    }
}

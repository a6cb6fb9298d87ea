//! `[push]` of `agent.toml`: where the agent may have itself notified.

use cloister_gateway::WebhookPorts;
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::source::Source;
use crate::limits::WEBHOOK_PORTS_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PushSection {
    ports: Spanned<Vec<u16>>,
}

/// The ports that the file names; `None` where it says nothing, for the agent's own.
pub(super) fn push(
    source: &Source,
    section: Option<PushSection>,
) -> Result<Option<WebhookPorts>, ConfigError> {
    let Some(PushSection { ports }) = section else { return Ok(None) };
    if ports.get_ref().contains(&0) {
        return Err(source.refuse(&ports, "0 is no port that a webhook could be at"));
    }
    if ports.get_ref().len() > WEBHOOK_PORTS_MAX {
        let most = format_args!("there are more than {WEBHOOK_PORTS_MAX} ports");
        return Err(source.refuse(&ports, most));
    }
    Ok(Some(ports.into_inner().into_iter().collect()))
}

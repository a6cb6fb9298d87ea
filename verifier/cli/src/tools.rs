//! `cloister tools`: what MCP servers say of their tools, pinned for the measured configuration.

use std::collections::BTreeMap;
use std::path::Path;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_gateway::{ObjectError, ServerName, ToolDigest, ToolServerError};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::arguments::ToolsCommand;
use crate::channels::{self, ChannelsError};
use crate::file::{FileError, read};

cloister_attestation::codes! {
    /// The server's name is none.
    NAME = "cli.tools.name", Caller, "",
        "Pass the name that agent.toml has under `[tools]`.",
        "A tool server's name is 1 to 63 lower-case letters, digits and inner hyphens, and a runtime has it in its measured configuration.";
    /// A list of tools that cannot be read.
    LIST = "cli.tools.list", Caller, "MCP server/tools, Listing Tools",
        "Pass the server's answer to `tools/list`, or the result in it, as JSON.",
        "The file holds no list of tools: it is not JSON, has a name twice, or has a tool without a name.";
    /// No tools.
    NONE = "cli.tools.none", Caller, "",
        "Have the server list its tools once through the runtime, or pass its answer as a file.",
        "There is nothing to pin: the list is empty, or the runtime was shown none of this server's tools lately.";
}

/// Nothing was pinned.
#[derive(Debug, thiserror::Error)]
enum ToolsError {
    #[error(transparent)]
    Name(#[from] ToolServerError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the file is no list of tools")]
    List(#[from] ObjectError),
    #[error(transparent)]
    Runtime(#[from] ChannelsError),
    #[error("the runtime has no tool server {0}")]
    Unknown(String),
    #[error("there are no tools to pin")]
    None,
}

impl ToolsError {
    const fn exit(&self) -> Exit {
        match self {
            Self::Name(_) | Self::File(_) | Self::List(_) | Self::Unknown(_) => Exit::Misuse,
            Self::Runtime(error) => error.exit(),
            Self::None => Exit::Refused,
        }
    }
}

impl Diagnostic for ToolsError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Name(_) | Self::Unknown(_) => &NAME,
            Self::File(error) => error.code(),
            Self::List(_) => &LIST,
            Self::Runtime(error) => error.code(),
            Self::None => &NONE,
        }
    }
}

/// Does what `cloister tools` asks for.
pub(crate) fn run(command: &ToolsCommand) -> Answer {
    let ToolsCommand::Pin { server, list, operator } = command;
    let pinned = ServerName::new(server).map_err(ToolsError::from).and_then(|name| {
        let tools = match list {
            Some(list) => listed(list)?,
            None => shown(&name, &channels::ask(*operator, "/v1/tools")?)?,
        };
        pins(&name, tools)
    });
    pinned.unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

/// Each tool of a file, with its digest.
fn listed(list: &Path) -> Result<Vec<(String, String)>, ToolsError> {
    let tools = ToolDigest::of_list(&read(list)?)?;
    Ok(tools.into_iter().map(|(name, digest)| (name, digest.to_string())).collect())
}

/// What a runtime was shown of one server's tools.
#[derive(Deserialize)]
struct Server {
    server: String,
    tools: Vec<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    digest: String,
}

fn shown(name: &ServerName, answer: &[u8]) -> Result<Vec<(String, String)>, ToolsError> {
    let servers: Vec<Server> = serde_json::from_slice(answer).map_err(ChannelsError::from)?;
    let server = servers.into_iter().find(|server| server.server == name.as_str());
    let server = server.ok_or_else(|| ToolsError::Unknown(name.to_string()))?;
    Ok(server.tools.into_iter().map(|tool| (tool.name, tool.digest)).collect())
}

/// Lines for agent.toml; several digests of one tool are all right.
fn pins(server: &ServerName, tools: Vec<(String, String)>) -> Result<Answer, ToolsError> {
    let mut pins = BTreeMap::<String, Vec<String>>::new();
    for (tool, digest) in tools {
        pins.entry(tool).or_default().push(digest);
    }
    if pins.is_empty() {
        return Err(ToolsError::None);
    }
    let line = |(tool, digests): (&String, &Vec<String>)| {
        let digests: Vec<_> = digests.iter().map(|digest| quoted(digest)).collect();
        let value = match &digests[..] {
            [digest] => digest.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        format!("{} = {value}\n", quoted(tool))
    };
    let lines: String = pins.iter().map(line).collect();
    let text = format!("[tools.{server}.pins]\n{lines}");
    let json = json!({ "server": server.as_str(), "pins": pins });
    Ok(Answer { exit: Exit::Acceptable, text, json })
}

/// A basic string of TOML. What its server named is not to end the string, or move a terminal.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::{ServerName, ToolsError, pins, quoted, shown};

    fn name() -> ServerName {
        ServerName::new("calc").unwrap()
    }

    #[test]
    fn pins_are_toml_whatever_a_server_calls_its_tools() {
        for odd in ["add", "a\"b\\c", "a]\n[x]", "\u{1b}]0;", "é", ""] {
            let tools = vec![(odd.to_owned(), "sha256:00".to_owned())];
            let text = pins(&name(), tools).unwrap().text;
            let read: toml::Table = text.parse().unwrap();
            assert_eq!(read["tools"]["calc"]["pins"][odd].as_str(), Some("sha256:00"), "{text}");
            assert_eq!(text.lines().count(), 2, "{text}");
        }
        assert_eq!(quoted("\u{7}"), "\"\\u0007\"");
    }

    #[test]
    fn a_tool_that_was_shown_in_two_ways_has_two_digests() {
        let answer = br#"[{"server":"other","drifts":0,"tools":[]},
            {"server":"calc","drifts":0,"tools":[
                {"name":"add","digest":"sha256:00","holds":true},
                {"name":"add","digest":"sha256:11","holds":true}]}]"#;
        let text = pins(&name(), shown(&name(), answer).unwrap()).unwrap().text;
        assert_eq!(text, "[tools.calc.pins]\n\"add\" = [\"sha256:00\", \"sha256:11\"]\n");
    }

    #[test]
    fn where_there_is_nothing_to_pin_nothing_is_written() {
        assert!(matches!(pins(&name(), Vec::new()), Err(ToolsError::None)));
        assert!(matches!(shown(&name(), b"[]"), Err(ToolsError::Unknown(_))));
        assert!(matches!(shown(&name(), b"ok\n"), Err(ToolsError::Runtime(_))));
    }
}

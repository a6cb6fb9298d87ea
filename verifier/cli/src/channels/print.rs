//! Channels in a table, and as the runtime sent them.

use cloister_attestation::time::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ChannelsError;
use crate::answer::{Answer, Exit};
use crate::text::table;

/// What the table shows of one channel. A runtime may say more.
#[derive(Debug, Deserialize)]
struct Channel {
    direction: String,
    agent: String,
    instance: String,
    tier: String,
    simulated: bool,
    group: String,
    lease_ends_at: u64,
}

/// The same of a visitor, of whom nothing is attested.
#[derive(Debug, Deserialize)]
struct Visit {
    address: String,
    group: String,
    lease_ends_at: u64,
}

/// One line of the table: a visit is told by its direction.
#[derive(Debug)]
enum Line {
    Channel(Channel),
    Visit(Visit),
}

impl Line {
    fn of(line: &Value) -> Result<Self, serde_json::Error> {
        if line.get("direction").and_then(Value::as_str) == Some("visit") {
            Visit::deserialize(line).map(Self::Visit)
        } else {
            Channel::deserialize(line).map(Self::Channel)
        }
    }
}

/// Digits of an instance that tell two of one agent apart.
const INSTANCE_DIGITS: usize = 8;

/// The answer to `body`, which the runtime sent.
pub(super) fn answer(body: &[u8]) -> Result<Answer, ChannelsError> {
    let all: Vec<Value> = serde_json::from_slice(body)?;
    let lines: Vec<Line> = all.iter().map(Line::of).collect::<Result<_, _>>()?;
    let text = if lines.is_empty() {
        "no open channels\n".to_owned()
    } else {
        let heading = ["", "AGENT", "INSTANCE", "TIER", "KEY EXCHANGE", "LEASES UNTIL"];
        table(heading, lines.into_iter().map(row))
    };
    Ok(Answer { exit: Exit::Acceptable, text, json: json!({ "channels": all }) })
}

fn row(line: Line) -> [String; 6] {
    match line {
        Line::Channel(channel) => channel_row(channel),
        Line::Visit(visit) => [
            "visit".to_owned(),
            visit.address,
            "-".to_owned(),
            "not attested".to_owned(),
            visit.group,
            UnixTime::from_secs(visit.lease_ends_at).to_string(),
        ],
    }
}

fn channel_row(channel: Channel) -> [String; 6] {
    let simulated = if channel.simulated { " (simulated)" } else { "" };
    [
        arrow(&channel.direction),
        channel.agent,
        channel.instance.chars().take(INSTANCE_DIGITS).collect(),
        format!("{}{simulated}", channel.tier),
        channel.group,
        UnixTime::from_secs(channel.lease_ends_at).to_string(),
    ]
}

/// Who dialled, in one word.
fn arrow(direction: &str) -> String {
    match direction {
        "inbound" => "from".to_owned(),
        "outbound" => "to".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::answer;
    use crate::text::COLUMNS;

    fn channel(direction: &str) -> Value {
        json!({
            "direction": direction, "agent": "translator", "instance": "00ff".repeat(8),
            "image": "translator", "version": "1.4.0", "tee": "snp", "tier": "warning",
            "simulated": true, "group": "X25519MLKEM768", "opened_at": 1_700_000_000,
            "lease_ends_at": 2_000_000_000,
        })
    }

    fn text(channels: &Value) -> String {
        answer(channels.to_string().as_bytes()).unwrap().text
    }

    #[test]
    fn a_channel_shows_who_how_protected_and_until_when_within_80_columns() {
        let mut longest = channel("outbound");
        longest["agent"] = "a".repeat(63).into();
        for line in text(&json!([channel("inbound"), longest])).lines() {
            assert!(line.chars().count() <= usize::from(COLUMNS), "{line}");
        }
        let text = text(&json!([channel("inbound"), channel("outbound")]));
        for word in ["from", "to", "00ff00ff", "warning", "X25519MLKEM768", "2033-05-18T03:33:20Z"]
        {
            assert!(text.contains(word), "{word}\n{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_channels_is_refused() {
        let mut partial = channel("inbound");
        partial.as_object_mut().unwrap().remove("group");
        for odd in [json!({}), json!([{}]), json!([partial]), json!("ok")] {
            assert!(answer(odd.to_string().as_bytes()).is_err(), "{odd}");
        }
        assert!(answer(b"ok\n").is_err());
    }

    #[test]
    fn a_visitor_is_shown_as_one_of_whom_nothing_is_attested() {
        let visit = json!({
            "direction": "visit", "address": "192.0.2.1:4000", "attested": false,
            "group": "X25519MLKEM768", "opened_at": 1_700_000_000, "lease_ends_at": 2_000_000_000,
        });
        let text = text(&json!([channel("inbound"), visit]));
        for word in ["visit", "192.0.2.1:4000", "not attested", "2033-05-18T03"] {
            assert!(text.contains(word), "{word}\n{text}");
        }
        let mut named = visit;
        named.as_object_mut().unwrap().remove("address");
        assert!(answer(json!([named]).to_string().as_bytes()).is_err());
    }

    #[test]
    fn nothing_open_is_said_in_words() {
        assert_eq!(text(&json!([])), "no open channels\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut channel = channel("inbound");
        channel["agent"] = "evil\u{1b}]0;".into();
        assert!(!text(&json!([channel])).contains("\u{1b}]0;"));
    }
}

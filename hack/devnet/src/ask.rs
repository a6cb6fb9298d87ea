//! An A2A client on the official Rust SDK, unaware of Cloister: it is given a base URL.

use std::time::{Duration, Instant};

use a2a::event::StreamResponse;
use a2a::{Message, Part, Role, SendMessageRequest, SendMessageResponse};
use a2a_client::agent_card::AgentCardResolver;
use a2a_client::{A2AClient, A2AClientFactory, Transport};
use anyhow::Context as _;
use futures_util::StreamExt as _;

/// A client for one agent, made from its card.
pub struct Asker {
    client: A2AClient<Box<dyn Transport>>,
    /// The name on the card.
    pub card: String,
    /// The interface URLs on the card.
    pub interfaces: Vec<String>,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("card", &self.card).finish_non_exhaustive()
    }
}

/// What one streaming call brought.
#[derive(Clone, Debug, Default)]
pub struct Streamed {
    /// Events received, whatever their kind.
    pub events: usize,
    /// The artifact's text, chunk after chunk.
    pub text: String,
    /// From the call to the first event.
    pub first_event: Duration,
    /// Whether the stream ended in an error instead of a terminal state.
    pub broken: bool,
}

impl Asker {
    /// Fetches the card below `base` and connects by the binding that it prefers.
    pub async fn connect(base: &str) -> anyhow::Result<Self> {
        let card = AgentCardResolver::new(None)
            .resolve(base)
            .await
            .with_context(|| format!("no agent card at {base}"))?;
        let client = A2AClientFactory::builder().build().create_from_card(&card).await?;
        let interfaces = card.supported_interfaces.iter().map(|i| i.url.clone()).collect();
        Ok(Self { client, card: card.name, interfaces })
    }

    /// Sends `text` and waits for the finished task.
    pub async fn unary(&self, text: &str) -> anyhow::Result<(String, Duration)> {
        let start = Instant::now();
        let answer = self.client.send_message(&request(text)).await?;
        Ok((answer_text(&answer), start.elapsed()))
    }

    /// Sends `text` and reads the stream to its end; `seen` is told of each event.
    pub async fn stream(
        &self,
        text: &str,
        mut seen: impl FnMut(usize),
    ) -> anyhow::Result<Streamed> {
        let start = Instant::now();
        let mut events = self.client.send_streaming_message(&request(text)).await?;
        let mut streamed = Streamed::default();
        let mut finished = false;
        while let Some(event) = events.next().await {
            let Ok(event) = event else { break };
            if streamed.events == 0 {
                streamed.first_event = start.elapsed();
            }
            streamed.events += 1;
            streamed.text.push_str(&event_text(&event));
            finished =
                matches!(&event, StreamResponse::StatusUpdate(u) if u.status.state.is_terminal());
            seen(streamed.events);
        }
        streamed.broken = !finished;
        Ok(streamed)
    }
}

fn request(text: &str) -> SendMessageRequest {
    SendMessageRequest {
        message: Message::new(Role::User, vec![Part::text(text)]),
        configuration: None,
        metadata: None,
        tenant: None,
    }
}

fn answer_text(answer: &SendMessageResponse) -> String {
    match answer {
        SendMessageResponse::Message(message) => message.text().unwrap_or_default().to_owned(),
        SendMessageResponse::Task(task) => {
            let artifacts = task.artifacts.iter().flatten();
            artifacts.flat_map(|artifact| &artifact.parts).filter_map(Part::as_text).collect()
        }
    }
}

fn event_text(event: &StreamResponse) -> String {
    match event {
        StreamResponse::ArtifactUpdate(update) => {
            update.artifact.parts.iter().filter_map(Part::as_text).collect()
        }
        StreamResponse::Message(message) => message.text().unwrap_or_default().to_owned(),
        StreamResponse::Task(_) | StreamResponse::StatusUpdate(_) => String::new(),
    }
}

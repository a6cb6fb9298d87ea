//! An A2A agent on the official Rust SDK, unaware of Cloister: the demo's default.
//!
//! It listens on loopback, in plain HTTP, with both HTTP bindings of A2A 1.0. It shouts back what
//! it is told, one word an event when the caller streams; `tick N` streams N events, 50 ms apart,
//! so that there is a stream to cut.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use a2a::event::{StreamResponse, TaskArtifactUpdateEvent, TaskStatusUpdateEvent};
use a2a::{
    A2AError, AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Artifact, Part, Task,
    TaskState, TaskStatus, new_artifact_id,
};
use a2a_server::{
    AgentExecutor, DefaultRequestHandler, ExecutorContext, InMemoryTaskStore, StaticAgentCard,
};
use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use clap::Parser;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

const TICK: Duration = Duration::from_millis(50);
const TICKS_MAX: usize = 10_000;

/// An A2A agent on the official Rust SDK, for the demo.
#[derive(Debug, Parser)]
struct Arguments {
    /// The name on the agent card.
    #[arg(long)]
    name: String,
    /// Loopback port to listen on. Default: what `A2A_PORT` says, as a runtime sets it.
    #[arg(long)]
    port: Option<u16>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let port = arguments.port.map_or_else(port_from_runtime, Ok)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} on loopback is not free"))?;
    let handler = Arc::new(
        DefaultRequestHandler::new(Shout, InMemoryTaskStore::new())
            .with_capabilities(capabilities()),
    );
    let card = Arc::new(StaticAgentCard::new(card(arguments.name, port)));
    let app = a2a_server::agent_card::agent_card_router(card)
        .nest("/jsonrpc", a2a_server::jsonrpc::jsonrpc_router(Arc::clone(&handler)))
        .nest("/rest", a2a_server::rest::rest_router(handler));
    // Without this, a small event waits for the acknowledgement of the one before it.
    let listener = listener.tap_io(|stream| {
        // A stream that is gone already has no use for it.
        let _set = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await.context("the agent stopped serving")
}

fn port_from_runtime() -> anyhow::Result<u16> {
    let port = std::env::var("A2A_PORT").context("give --port, or set A2A_PORT")?;
    port.parse().with_context(|| format!("A2A_PORT is {port:?}, which is no port"))
}

fn capabilities() -> AgentCapabilities {
    AgentCapabilities { streaming: Some(true), ..AgentCapabilities::default() }
}

fn card(name: String, port: u16) -> AgentCard {
    let base = format!("http://127.0.0.1:{port}");
    AgentCard {
        name,
        description: "Says it back, louder.".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        supported_interfaces: vec![
            AgentInterface::new(format!("{base}/jsonrpc"), a2a::TRANSPORT_PROTOCOL_JSONRPC),
            AgentInterface::new(format!("{base}/rest"), a2a::TRANSPORT_PROTOCOL_HTTP_JSON),
        ],
        capabilities: capabilities(),
        default_input_modes: vec!["text/plain".into()],
        default_output_modes: vec!["text/plain".into()],
        skills: vec![AgentSkill {
            id: "shout".into(),
            name: "Shout".into(),
            description: "Returns the text in upper case.".into(),
            tags: vec!["text".into()],
            examples: None,
            input_modes: None,
            output_modes: None,
            security_requirements: None,
        }],
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    }
}

struct Shout;

impl AgentExecutor for Shout {
    fn execute(
        &self,
        ctx: ExecutorContext,
    ) -> BoxStream<'static, Result<StreamResponse, A2AError>> {
        let text = ctx.message.as_ref().and_then(|message| message.text()).unwrap_or("").to_owned();
        let ids = Ids { task: ctx.task_id, context: ctx.context_id };
        let working = ids.task(TaskState::Working);
        let done = ids.status(TaskState::Completed);
        let words = ids.words(&text);
        stream::once(async { Ok(working) })
            .chain(words)
            .chain(stream::once(async { Ok(done) }))
            .boxed()
    }

    fn cancel(&self, ctx: ExecutorContext) -> BoxStream<'static, Result<StreamResponse, A2AError>> {
        let ids = Ids { task: ctx.task_id, context: ctx.context_id };
        stream::once(async move { Ok(ids.status(TaskState::Canceled)) }).boxed()
    }
}

/// Which task the events of one execution belong to.
#[derive(Clone)]
struct Ids {
    task: String,
    context: String,
}

impl Ids {
    fn task(&self, state: TaskState) -> StreamResponse {
        StreamResponse::Task(Task {
            id: self.task.clone(),
            context_id: self.context.clone(),
            status: status(state),
            artifacts: None,
            history: None,
            metadata: None,
        })
    }

    fn status(&self, state: TaskState) -> StreamResponse {
        StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
            task_id: self.task.clone(),
            context_id: self.context.clone(),
            status: status(state),
            metadata: None,
        })
    }

    fn artifact(&self, artifact_id: &str, text: String, append: bool) -> StreamResponse {
        StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
            task_id: self.task.clone(),
            context_id: self.context.clone(),
            artifact: Artifact {
                artifact_id: artifact_id.to_owned(),
                name: Some("answer".into()),
                description: None,
                parts: vec![Part::text(text)],
                metadata: None,
                extensions: None,
            },
            append: Some(append),
            last_chunk: None,
            metadata: None,
        })
    }

    /// One artifact, appended to a word at a time.
    fn words(&self, text: &str) -> BoxStream<'static, Result<StreamResponse, A2AError>> {
        let (words, pause) = answer(text);
        let ids = self.clone();
        let artifact_id = new_artifact_id();
        stream::iter(words.into_iter().enumerate())
            .then(move |(at, word)| {
                let event = ids.artifact(&artifact_id, word, at > 0);
                async move {
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    }
                    Ok(event)
                }
            })
            .boxed()
    }
}

/// What to say, and how long to wait before each word.
fn answer(text: &str) -> (Vec<String>, Option<Duration>) {
    if let Some(count) = text.strip_prefix("tick ").and_then(|n| n.trim().parse::<usize>().ok()) {
        let ticks = (1..=count.min(TICKS_MAX)).map(|n| format!("tick {n} "));
        return (ticks.collect(), Some(TICK));
    }
    let words = text.split_whitespace().map(|word| format!("{} ", word.to_uppercase()));
    (words.collect(), None)
}

fn status(state: TaskState) -> TaskStatus {
    TaskStatus { state, message: None, timestamp: None }
}

//! Tool servers that are programs: each speaks JSON-RPC in lines on its standard input and output,
//! and is reached by Streamable HTTP like every other.
//!
//! In the revisions with sessions each session has a process of its own, so that nothing of one can
//! be seen from another. Requests without a session share one process; their ids and progress
//! tokens are replaced on the way, so that no caller can meet another's.
//!
//! SPEC: MCP 2026-07-28, basic/transports/stdio; MCP 2025-11-25, basic/transports.

mod exchange;
mod line;
mod outgoing;
mod process;
mod reply;

use core::any::Any;
use core::fmt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::error::McpError;
use super::mirror::{PROTOCOL_VERSION, SESSION, single};
use super::revision::{Era, Revision};
use crate::body::{Body, empty};
use crate::limits::{PEEK_BYTES_MAX, PROCESSES_MAX, SESSION_IDLE_MAX};
use crate::peek::collect;
use exchange::Mode;
use outgoing::Outgoing;
use process::Process;
use reply::{accepted, events, reply};

pub use line::{LineError, LineReader};

/// Starts the program of one tool server.
pub trait Launcher: fmt::Debug + Send + Sync + 'static {
    /// Starts one process. Called for each session, and once for requests without; the launcher
    /// says how soon after a failure it tries again.
    ///
    /// # Errors
    /// [`LaunchError`] if there is no process now.
    fn launch(&self) -> Result<Launched, LaunchError>;
}

/// A running process, as the gateway holds it.
#[expect(missing_debug_implementations, reason = "streams have none")]
pub struct Launched {
    /// Its standard input.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// Its standard output.
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// Dropped when the process is of no use any more, which ends it.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// The program cannot be started now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program cannot be started now")]
pub struct LaunchError;

/// The processes of one tool server.
#[derive(Debug)]
pub(crate) struct Bridge {
    launcher: Arc<dyn Launcher>,
    processes: Mutex<Processes>,
}

#[derive(Debug, Default)]
struct Processes {
    sessions: HashMap<String, Session>,
    /// For requests without a session.
    shared: Option<Arc<Process>>,
}

#[derive(Debug)]
struct Session {
    process: Arc<Process>,
    used: Instant,
}

impl Bridge {
    pub(crate) fn new(launcher: Arc<dyn Launcher>) -> Self {
        Self { launcher, processes: Mutex::default() }
    }

    /// Answers a request as a server of Streamable HTTP would. Whose a session is was checked
    /// before.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, McpError> {
        let (head, body) = request.into_parts();
        let session = single(&head.headers, SESSION)?.map(str::to_owned);
        match (head.method, session) {
            (Method::POST, session) => {
                let broken = |_| McpError::Answer("the request broke off");
                let body = collect(body, PEEK_BYTES_MAX).await.map_err(broken)?;
                let message = Outgoing::read(&body)?;
                self.post(&head.headers, session, message).await
            }
            (Method::GET, Some(id)) => Ok(events(self.session(&id)?.listen())),
            (Method::DELETE, Some(id)) => {
                self.session(&id)?;
                self.end(&id);
                Ok(status(StatusCode::NO_CONTENT))
            }
            _ => Err(McpError::Verb),
        }
    }

    async fn post(
        &self,
        headers: &HeaderMap,
        session: Option<String>,
        message: Outgoing,
    ) -> Result<Response<Body>, McpError> {
        let named = single(headers, PROTOCOL_VERSION)?.and_then(Revision::named);
        let era = named.unwrap_or(Revision::UNNAMED).era();
        match (era, session) {
            (Era::Modern, _) if message.is_request() => {
                reply(self.shared()?, message, headers).await
            }
            // Whoever wants to cancel closes the answer.
            (Era::Modern, _) => Ok(accepted()),
            (Era::Legacy, None) if message.begins_session() => self.begin(message, headers).await,
            (Era::Legacy, None) => Err(McpError::Session),
            (Era::Legacy, Some(id)) => {
                let process = self.session(&id)?;
                if message.is_request() {
                    return reply(process, message, headers).await;
                }
                process.tell(message).await?;
                Ok(accepted())
            }
        }
    }

    /// A session with a process of its own.
    async fn begin(
        &self,
        message: Outgoing,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, McpError> {
        let id = new_id()?;
        let process = self.launch(Mode::Session)?;
        self.keep(&id, &process)?;
        let begun = reply(process, message, headers).await;
        let mut response = begun.inspect_err(|_| self.end(&id))?;
        let id = HeaderValue::from_str(&id).map_err(|_| McpError::Session)?;
        response.headers_mut().insert(SESSION, id);
        Ok(response)
    }

    /// Remembers a session's process. Those that went unused for too long, or have ended, make room.
    fn keep(&self, id: &str, process: &Arc<Process>) -> Result<(), McpError> {
        let mut processes = self.lock();
        processes.sessions.retain(|_, session| {
            session.used.elapsed() < SESSION_IDLE_MAX && !session.process.has_ended()
        });
        if processes.sessions.len() >= PROCESSES_MAX {
            return Err(McpError::Sessions);
        }
        let session = Session { process: Arc::clone(process), used: Instant::now() };
        processes.sessions.insert(id.to_owned(), session);
        Ok(())
    }

    fn session(&self, id: &str) -> Result<Arc<Process>, McpError> {
        let mut processes = self.lock();
        let session = processes.sessions.get_mut(id).ok_or(McpError::Session)?;
        session.used = Instant::now();
        let process = Arc::clone(&session.process);
        if process.has_ended() {
            processes.sessions.remove(id);
            return Err(McpError::Session);
        }
        Ok(process)
    }

    /// Ends a session, and its process with it.
    pub(crate) fn end(&self, id: &str) {
        let ended = self.lock().sessions.remove(id);
        if let Some(session) = ended {
            session.process.stop();
        }
    }

    fn shared(&self) -> Result<Arc<Process>, McpError> {
        let mut processes = self.lock();
        if let Some(process) = processes.shared.as_ref().filter(|process| !process.has_ended()) {
            return Ok(Arc::clone(process));
        }
        let process = self.launch(Mode::Shared)?;
        processes.shared = Some(Arc::clone(&process));
        Ok(process)
    }

    fn launch(&self, mode: Mode) -> Result<Arc<Process>, McpError> {
        let launched = self.launcher.launch();
        let launched = launched.map_err(|_| McpError::Program("it cannot be started now"))?;
        Ok(Arc::new(Process::new(launched, mode)))
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SPEC: MCP 2025-11-25, basic/transports, "Session Management": unique, and not to be guessed.
fn new_id() -> Result<String, McpError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| McpError::Program("there is no randomness"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;

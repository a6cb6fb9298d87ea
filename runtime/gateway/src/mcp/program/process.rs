//! One process, and the tasks that read from it and write to it.

use core::any::Any;
use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Launched;
use super::exchange::{Exchange, Mode, Piece};
use super::line::LineReader;
use super::outgoing::{Outgoing, cancellation};
use crate::limits::MESSAGES_WAITING_MAX;
use crate::mcp::error::McpError;

/// A running process. Dropping it ends it.
pub(super) struct Process {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
    _keep: Box<dyn Any + Send + Sync>,
}

/// What the tasks of a process, and its readers, have together.
struct Shared {
    exchange: Mutex<Exchange>,
    input: mpsc::Sender<Bytes>,
}

impl Shared {
    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, line: Bytes) -> Result<(), McpError> {
        self.input.send(line).await.map_err(|_| McpError::Program("it has ended"))
    }
}

impl Process {
    pub(super) fn new(launched: Launched, mode: Mode) -> Self {
        let Launched { input, output, keep } = launched;
        let (lines, written) = mpsc::channel(MESSAGES_WAITING_MAX);
        let shared = Arc::new(Shared { exchange: Mutex::new(Exchange::new(mode)), input: lines });
        let mut tasks = JoinSet::new();
        tasks.spawn(write(written, input, Arc::clone(&shared)));
        tasks.spawn(read(output, Arc::clone(&shared)));
        Self { shared, _tasks: tasks, _keep: keep }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.shared.exchange().has_ended()
    }

    /// Nobody hears anything of it from now on, so that nobody keeps it.
    pub(super) fn stop(&self) {
        self.shared.exchange().end();
    }

    /// Writes a request; its answer comes from what is returned.
    pub(super) async fn ask(self: Arc<Self>, request: &Outgoing) -> Result<Question, McpError> {
        let (number, line, pieces) = self.shared.exchange().ask(request)?;
        let question = Question { process: Arc::clone(&self), number, pieces };
        self.shared.write(line).await?;
        Ok(question)
    }

    /// Writes what waits for no answer.
    pub(super) async fn tell(&self, message: Outgoing) -> Result<(), McpError> {
        let line = self.shared.exchange().tell(&message);
        match line {
            Some(line) => self.shared.write(line).await,
            None => Ok(()),
        }
    }

    /// Whatever belongs to no request, from now on.
    pub(super) fn listen(&self) -> mpsc::Receiver<Piece> {
        self.shared.exchange().listen()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

/// A request under way. Dropping it gives it up.
pub(super) struct Question {
    process: Arc<Process>,
    number: u64,
    pub(super) pieces: mpsc::Receiver<Piece>,
}

impl Drop for Question {
    fn drop(&mut self) {
        let shared = &self.process.shared;
        let (was_open, mode) = {
            let mut exchange = shared.exchange();
            (exchange.give_up(self.number), exchange.mode())
        };
        // SPEC: MCP 2026-07-28: closing the answer cancels the request. In sessions it does not.
        if was_open && mode == Mode::Shared {
            // A process that does not read is not told either.
            let _full = shared.input.try_send(cancellation(self.number));
        }
    }
}

async fn write(
    mut lines: mpsc::Receiver<Bytes>,
    mut input: Box<dyn AsyncWrite + Send + Unpin>,
    shared: Arc<Shared>,
) {
    while let Some(line) = lines.recv().await {
        let written = async {
            input.write_all(&line).await?;
            input.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(%error, "a tool server's program reads no more");
            break;
        }
    }
    shared.exchange().end();
}

async fn read(mut output: Box<dyn AsyncRead + Send + Unpin>, shared: Arc<Shared>) {
    let (mut lines, mut chunk) = (LineReader::default(), BytesMut::with_capacity(CHUNK));
    loop {
        chunk.clear();
        match output.read_buf(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if let Err(error) = lines.push(&chunk) {
            tracing::warn!(%error, "a tool server's program is not listened to any more");
            break;
        }
        while let Some(line) = lines.next_line() {
            let answer = shared.exchange().hear(&line);
            if let Some(answer) = answer {
                // Waiting here for a process that does not read would be waiting for itself.
                let _full = shared.input.try_send(answer);
            }
        }
    }
    shared.exchange().end();
}

/// Bytes that are read at a time.
const CHUNK: usize = 16 * 1024;

//! `cloister connect`: a local port to one agent, whose runtime is verified over the connection that
//! carries the calls.
//!
//! ```text
//!   A2A client --HTTP--> port: LocalPort --> Visits (dialer) --> visit: TLS, proof, HTTP/2 --> runtime
//!                                               |
//!                                  Trusting: file, or a Verifier that is asked again
//! ```

mod error;
mod port;
mod print;
mod trusting;
mod visit;
mod visits;

use std::sync::Arc;

use cloister_gateway::{LocalPort, LocalPortOptions, Reach};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use error::CODES;
use error::ConnectError;
use trusting::Trusting;
use visits::{Target, Visits};

use crate::answer::Answer;
use crate::arguments::ConnectArguments;

/// Does what `cloister connect` asks for. What is connected to is printed when the port is open.
pub(crate) fn run(arguments: &ConnectArguments, json: bool) -> Answer {
    attempt(arguments, json).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn attempt(arguments: &ConnectArguments, json: bool) -> Result<Answer, ConnectError> {
    if !arguments.listen.ip().is_loopback() && !arguments.beyond_loopback {
        return Err(ConnectError::Exposed { address: arguments.listen });
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ConnectError::Process)?
        .block_on(connected(arguments, json))
}

/// Serves the port until a signal, or until the runtime is refused.
async fn connected(arguments: &ConnectArguments, json: bool) -> Result<Answer, ConnectError> {
    let mut terminated = signal(SignalKind::terminate()).map_err(ConnectError::Process)?;
    let trust = Arc::new(Trusting::of(arguments).await?);
    let failed = |source| ConnectError::Listen { address: arguments.listen, source };
    let listener = TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let target = Target { agent: arguments.agent.clone(), address: arguments.address.clone() };
    let visits = Arc::new(Visits::new(target, Arc::clone(&trust)));
    let first = visits.open().await?;
    // A reader that has gone is no reason not to serve.
    let _printed = print::opened(&first, &arguments.address, local, trust.is_asked()).print(json);
    let reach = if local.ip().is_loopback() { Reach::Loopback } else { Reach::Network };
    let dialer = Arc::clone(&visits);
    let options = LocalPortOptions { agent: arguments.agent.clone(), reach, dialer };
    tokio::select! {
        biased;
        refused = visits.refused() => Err(ConnectError::Refused(refused)),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(ConnectError::Process).map(|()| print::closed())
        }
        _ = terminated.recv() => Ok(print::closed()),
        never = port::serve(listener, LocalPort::new(options)) => match never {},
    }
}

//! Stand-ins for AMD's key distribution service and Intel's provisioning certification service:
//! one HTTP server that publishes what a [`Pki`](crate::Pki) signs, and that can misbehave.
//!
//! Paths, bodies and header fields are the vendors'. It runs on the Tokio runtime that starts it,
//! listens on the loopback address, and stops when it is dropped.

mod catalogue;
mod fault;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use catalogue::{Catalogue, Published};
pub use fault::Fault;

use fault::Body;

/// A running service. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Publisher {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    catalogue: Catalogue,
    fault: Option<Fault>,
    /// Path and query of every request, in the order of arrival.
    requests: Vec<String>,
}

impl Publisher {
    /// Publishes `catalogue` on a free port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(catalogue: Catalogue) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = State { catalogue, fault: None, requests: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// `http://127.0.0.1:PORT`, for every service that it stands in for.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes something else from now on.
    pub fn publish(&self, catalogue: Catalogue) {
        self.shared.state().catalogue = catalogue;
    }

    /// Misbehaves from now on; with `None`, behaves again.
    pub fn misbehave(&self, fault: impl Into<Option<Fault>>) {
        self.shared.state().fault = fault.into();
    }

    /// Path and query of every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request<Incoming>) -> (Option<Published>, Option<Fault>) {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let (catalogue, fault) = {
            let mut state = self.state();
            state.requests.push(path.clone());
            (state.catalogue.clone(), state.fault.clone())
        };
        // Signing takes a while, and others may ask meanwhile.
        (catalogue.find(&path), fault)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(respond(&shared, &request).await) }
    });
    // A client that goes away concerns nobody else.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(shared: &Shared, request: &Request<Incoming>) -> Response<Body> {
    match shared.answer(request) {
        (published, Some(fault)) => fault.respond(published).await,
        (Some(published), None) => fault::genuine(&published),
        (None, None) => fault::status(404),
    }
}

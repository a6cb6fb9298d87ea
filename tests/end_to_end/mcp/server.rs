//! A tool server on the official Rust SDK, which knows nothing of Cloister: it offers what the
//! conformance suite asks a server for, and keeps account of every request that reaches it.

mod handler;
mod offer;
mod rounds;

use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use handler::Everything;

/// One request as it reached the server: the agent that a runtime says sent it.
pub(crate) type Seen = Option<String>;

/// A running server. It ends when it is dropped.
pub(crate) struct ToolServer {
    /// Its endpoint.
    pub(crate) url: String,
    everything: Everything,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl ToolServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let everything = Everything::default();
        let offered = everything.clone();
        let service = StreamableHttpService::new(
            move || Ok(offered.clone()),
            Arc::new(LocalSessionManager::default()),
            StreamableHttpServerConfig::default(),
        );
        let seen = Arc::default();
        let app = axum::Router::new().nest_service("/mcp", service);
        let app = app.layer(from_fn_with_state(Arc::clone(&seen), noted));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, everything, seen, serving }
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many calls of `wait` were cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        self.everything.cancelled()
    }
}

impl Drop for ToolServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn noted(
    State(seen): State<Arc<Mutex<Vec<Seen>>>>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.headers().get("cloister-peer-agent");
    let peer = peer.map(|agent| agent.to_str().unwrap().to_owned());
    seen.lock().unwrap().push(peer);
    next.run(request).await
}

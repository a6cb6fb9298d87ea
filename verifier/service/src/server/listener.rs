//! Accepting connections, as many as are permitted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use crate::limits::DRAIN_TIMEOUT;
use crate::metrics::Metrics;

/// A bound port and what answers on it.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    metrics: Arc<Metrics>,
    connections: Arc<Semaphore>,
}

/// After accepting fails for want of descriptors: trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Listener {
    pub(crate) fn new(
        socket: TcpListener,
        tls: Arc<ServerConfig>,
        router: Router,
        metrics: Arc<Metrics>,
        connections_max: usize,
    ) -> Self {
        let connections = Arc::new(Semaphore::new(connections_max));
        Self { socket, tls, router, metrics, connections }
    }

    /// Serves until `stopping` is cancelled, and then until the running requests have ended or
    /// their time is up.
    pub(crate) async fn serve(self, stopping: CancellationToken) {
        let tasks = TaskTracker::new();
        let aborting = CancellationToken::new();
        tokio::select! {
            () = stopping.cancelled() => {}
            () = self.accept(&tasks, &stopping, &aborting) => {}
        }
        drop(self.socket);
        tasks.close();
        if tokio::time::timeout(DRAIN_TIMEOUT, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "closing connections that do not end");
            aborting.cancel();
            tasks.wait().await;
        }
    }

    async fn accept(
        &self,
        tasks: &TaskTracker,
        stopping: &CancellationToken,
        aborting: &CancellationToken,
    ) {
        // The semaphore is never closed.
        while let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await {
            let (socket, _) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause(error).await;
                    continue;
                }
            };
            let answered = self.answer(socket, stopping.clone());
            let aborted = aborting.clone();
            tasks.spawn(async move {
                let _permit = permit;
                tokio::select! {
                    () = answered => {}
                    () = aborted.cancelled() => {}
                }
            });
        }
    }

    fn answer(
        &self,
        socket: TcpStream,
        stopping: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let (tls, router) = (Arc::clone(&self.tls), self.router.clone());
        let metrics = Arc::clone(&self.metrics);
        async move {
            metrics.connections.increment();
            // Small answers should not wait for more; without it they only come later.
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY is refused");
            }
            match connection::handshake(tls, socket).await {
                Some(stream) => connection::serve(stream, router, stopping).await,
                None => metrics.handshake_failures.increment(),
            }
        }
    }
}

async fn pause(error: io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

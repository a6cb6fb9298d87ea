//! The local port.

use core::convert::Infallible;
use core::time::Duration;
use std::sync::Arc;

use cloister_gateway::LocalPort;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections of local clients at a time.
const CONNECTIONS_MAX: usize = 256;

/// After an error of accepting: out of file descriptors, which needs time.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts for ever.
pub(super) async fn serve(listener: TcpListener, port: LocalPort) -> Infallible {
    let most = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed; were it, connections would not be counted.
        let permit = Arc::clone(&most).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let port = port.clone();
                tokio::spawn(async move {
                    connection(stream, port).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// HTTP/1.1 and HTTP/2. A client that leaves, however, is its own affair.
async fn connection(stream: TcpStream, port: LocalPort) {
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let port = port.clone();
        async move { Ok::<_, Infallible>(port.call(request).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ended = builder.serve_connection(TokioIo::new(stream), service).await;
}

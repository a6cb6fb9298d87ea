//! One connection: from accepted socket to its last request.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::limits;

/// The client's certificate, if it showed one. TLS has verified chain, dates and possession.
#[derive(Clone, Debug)]
pub(crate) struct PeerCertificate(Option<Arc<[u8]>>);

impl PeerCertificate {
    fn of(stream: &TlsStream<TcpStream>) -> Self {
        let certificates = stream.get_ref().1.peer_certificates();
        Self(certificates.and_then(<[_]>::first).map(|leaf| Arc::from(leaf.as_ref())))
    }

    /// The leaf, DER.
    pub(crate) fn der(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

/// The TLS handshake; `None` if it failed or took too long.
pub(super) async fn handshake(
    tls: Arc<ServerConfig>,
    socket: TcpStream,
) -> Option<TlsStream<TcpStream>> {
    let accepted = TlsAcceptor::from(tls).accept(socket);
    match tokio::time::timeout(limits::HANDSHAKE_TIMEOUT, accepted).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("handshake took too long");
            None
        }
    }
}

/// Answers requests until the client leaves or `stopping` is cancelled; then the running ones end.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    router: Router,
    stopping: CancellationToken,
) {
    let peer = PeerCertificate::of(&stream);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, peer) = (router.clone(), peer.clone());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.oneshot(request).await
        }
    });
    let builder = builder();
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection broke off");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIMEOUT)
        .max_buf_size(limits::HTTP1_BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits::PING_INTERVAL)
        .keep_alive_timeout(limits::PING_TIMEOUT)
        .max_concurrent_streams(limits::STREAMS_MAX)
        .max_header_list_size(limits::HEADER_BYTES_MAX);
    builder
}

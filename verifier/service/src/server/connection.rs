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
/// A client that asks for nothing is not kept.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    router: Router,
    stopping: CancellationToken,
) {
    let peer = PeerCertificate::of(&stream);
    let asked = CancellationToken::new();
    let first = asked.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        first.cancel();
        let (router, peer) = (router.clone(), peer.clone());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.oneshot(request).await
        }
    });
    let builder = builder(&stream);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = silence(&asked) => return,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection broke off");
    }
}

/// Ends once the first request is overdue, and never where it came in time.
async fn silence(asked: &CancellationToken) {
    if tokio::time::timeout(limits::FIRST_REQUEST_TIMEOUT, asked.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
    tracing::debug!("connection is closed: no request came");
}

/// For the protocol that ALPN chose: nothing is guessed from the first bytes.
fn builder(stream: &TlsStream<TcpStream>) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => builder.http2_only(),
        _ => builder.http1_only(),
    };
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

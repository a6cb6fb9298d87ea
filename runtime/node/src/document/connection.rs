//! One connection of somebody who asks for the document.

use core::convert::Infallible;
use std::sync::Arc;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use super::Documents;
use crate::limits::{
    DOCUMENT_CONNECTION_TIMEOUT, DOCUMENT_HEADERS_BYTES_MAX, DOCUMENT_STREAMS_MAX,
};
use crate::state::Standing;

/// Serves `stream`, which was accepted under `standing` and has this exporter value, until the
/// other end is done or has had its time.
pub(crate) async fn serve<S>(
    stream: S,
    standing: Arc<Standing>,
    exporter: [u8; 32],
    documents: Arc<Documents>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (documents, standing) = (Arc::clone(&documents), Arc::clone(&standing));
        async move { Ok::<_, Infallible>(documents.answer(&standing, exporter, &request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(DOCUMENT_STREAMS_MAX)
        .max_header_list_size(DOCUMENT_HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // Dropping the connection ends whatever is still open on it.
    match tokio::time::timeout(DOCUMENT_CONNECTION_TIMEOUT, connection).await {
        Ok(ended) => debug!(error = ?ended.err(), "a connection for the document ended"),
        Err(_) => debug!("a connection for the document had its time"),
    }
}

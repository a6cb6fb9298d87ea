//! HTTP on loopback: the agent's surface, and the operator port.

use core::convert::Infallible;
use core::pin::pin;
use std::sync::Arc;

use cloister_gateway::{Body, BoxFuture, Outbound, boxed};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::limits::{OPERATOR_CONNECTIONS_MAX, SURFACE_CONNECTIONS_MAX};
use crate::operator::Operator;
use crate::serve::{Bound, accept};

/// Serves the agent's calls to its peers, HTTP/1.1 and HTTP/2, until `stop`.
pub(crate) async fn serve_agent(
    bound: Bound,
    gateway: Outbound,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    serve(bound, SURFACE_CONNECTIONS_MAX, tasks, stop, move |request| {
        let gateway = gateway.clone();
        Box::pin(async move { gateway.call(request).await })
    })
    .await;
}

/// Serves operators until `stop`.
pub(crate) async fn serve_operator(
    bound: Bound,
    operator: Operator,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    serve(bound, OPERATOR_CONNECTIONS_MAX, tasks, stop, move |request| {
        let operator = operator.clone();
        Box::pin(async move { operator.answer(&request).await.map(boxed) })
    })
    .await;
}

async fn serve<H>(
    bound: Bound,
    connections: usize,
    tasks: TaskTracker,
    stop: CancellationToken,
    handler: H,
) where
    H: Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static,
{
    let most = Arc::new(Semaphore::new(connections));
    let stopping = stop.clone();
    accept(bound, most, tasks, stop, move |stream, _, permit| {
        let (handler, stopping) = (handler.clone(), stopping.clone());
        async move {
            connection(stream, handler, stopping).await;
            drop(permit);
        }
    })
    .await;
}

/// One connection; after `stop` it finishes what it has begun.
async fn connection<H>(stream: TcpStream, handler: H, stop: CancellationToken)
where
    H: Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync + 'static,
{
    // Without it, the last small frame of an event stream waits for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "local connection");
    }
    let service = service_fn(move |request| {
        let answered = handler(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "local connection");
    }
}

//! One question to a runtime's operator port.

use core::time::Duration;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::ChannelsError;

/// From the first packet to the last. The runtime is on this machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// One line is below 1 KiB, and a runtime keeps 1024 channels open unless its host says otherwise.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the runtime at `operator` says under `path`.
pub(super) async fn ask(operator: SocketAddr, path: &'static str) -> Result<Bytes, ChannelsError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, exchange(operator, path)).await {
        Ok(answer) => answer,
        Err(_) => Err(ChannelsError::unreachable(operator, "no answer in time")),
    }
}

async fn exchange(operator: SocketAddr, path: &'static str) -> Result<Bytes, ChannelsError> {
    let broken = |error: hyper::Error| ChannelsError::unreachable(operator, error);
    let stream = TcpStream::connect(operator).await;
    let stream = stream.map_err(|error| ChannelsError::unreachable(operator, error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the sender, and what goes wrong on it shows in the answer.
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, operator.to_string())
        .body(Empty::<Bytes>::new())
        .map_err(|error| ChannelsError::unreachable(operator, error))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    connection.abort();
    let body = body.map_err(|error| ChannelsError::unreachable(operator, error))?.to_bytes();
    if status == StatusCode::OK { Ok(body) } else { Err(ChannelsError::Status(status)) }
}

//! Plain HTTP on loopback, for a runtime's operator port.

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What ends an answer's header.
const END: &[u8] = b"\r\n\r\n";

/// Whether a GET is answered with 200.
pub async fn succeeds(url: &str) -> bool {
    get(url).await.is_ok_and(|(status, _)| status == 200)
}

/// The JSON that a GET is answered with.
pub async fn json(url: &str) -> anyhow::Result<serde_json::Value> {
    let body = text(url).await?;
    serde_json::from_str(&body).with_context(|| format!("{url} answered no JSON: {body}"))
}

/// The text that a GET is answered with.
pub async fn text(url: &str) -> anyhow::Result<String> {
    String::from_utf8(bytes(url).await?).with_context(|| format!("{url} answered no text"))
}

/// The bytes that a GET is answered with.
pub async fn bytes(url: &str) -> anyhow::Result<Vec<u8>> {
    let (status, body) = get(url).await?;
    let told = || format!("{url} answered {status}: {}", String::from_utf8_lossy(&body));
    anyhow::ensure!(status == 200, told());
    Ok(body)
}

/// Status and body of a GET. HTTP/1.0, so that the body ends with the connection.
async fn get(url: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let rest = url.strip_prefix("http://").context("only http:// is spoken here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(END.len()).position(|window| window == END);
    let body = answer.split_off(end.context("the answer has no end of header")? + END.len());
    let head = String::from_utf8(answer).context("the answer's header is no text")?;
    let status = head.split(' ').nth(1).context("the answer has no status")?.parse()?;
    Ok((status, body))
}

//! Plain HTTP on loopback, for a runtime's operator port.

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Whether a GET is answered with 200.
pub async fn succeeds(url: &str) -> bool {
    get(url).await.is_ok_and(|(status, _)| status == 200)
}

/// The JSON that a GET is answered with.
pub async fn json(url: &str) -> anyhow::Result<serde_json::Value> {
    let (status, body) = get(url).await?;
    anyhow::ensure!(status == 200, "{url} answered {status}: {body}");
    serde_json::from_str(&body).with_context(|| format!("{url} answered no JSON: {body}"))
}

/// The text that a GET is answered with.
pub async fn text(url: &str) -> anyhow::Result<String> {
    let (status, body) = get(url).await?;
    anyhow::ensure!(status == 200, "{url} answered {status}: {body}");
    Ok(body)
}

/// Status and body of a GET. HTTP/1.0, so that the body ends with the connection.
async fn get(url: &str) -> anyhow::Result<(u16, String)> {
    let rest = url.strip_prefix("http://").context("only http:// is spoken here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of header")?;
    let status = head.split(' ').nth(1).context("the answer has no status")?.parse()?;
    Ok((status, body.to_owned()))
}

//! The one client of everything that is measured: HTTP/1.1 on one connection, with next to nothing
//! around the bytes.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where and what to ask.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) at: SocketAddr,
    /// The path before the interface's own.
    pub(super) base: String,
}

impl Call {
    /// The head of a request for `path` with a body of so many bytes.
    pub(super) fn head(&self, path: &str, bytes: usize) -> Vec<u8> {
        let Self { at, base } = self;
        format!(
            "POST {base}{path} HTTP/1.1\r\nhost: {at}\r\ncontent-type: application/json\r\n\
             a2a-version: 1.0\r\ncontent-length: {bytes}\r\n\r\n"
        )
        .into_bytes()
    }

    /// A whole JSON-RPC request.
    pub(super) fn json_rpc(&self, method: &str, text: &str) -> Vec<u8> {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"message":{{"messageId":"m-1","role":"ROLE_USER","parts":[{{"text":"{text}"}}]}}}}}}"#
        );
        [self.head("/jsonrpc", body.len()), body.into_bytes()].concat()
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// What was received of the answer that is being read.
    received: Vec<u8>,
    /// How much of it was read.
    read: usize,
}

/// Received at a time: more than any answer to a unary call has.
const READ_BYTES: usize = 4096;

impl Connection {
    pub(super) async fn open(at: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(at).await.with_context(|| format!("nobody at {at}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(READ_BYTES), read: 0 })
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Sends a request and reads its answer, which has to be a success of declared length.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.send(request).await?;
        let head = self.until(b"\r\n\r\n").await?;
        let declared = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let declared: usize = declared.with_context(|| format!("no length is declared: {head}"))?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
        while self.received.len().saturating_sub(self.read) < declared {
            self.receive().await?;
        }
        self.read = self.read.saturating_add(declared);
        Ok(())
    }

    /// Reads on until `end` and past it; what came before.
    pub(super) async fn until(&mut self, end: &[u8]) -> Result<String> {
        self.forget_read();
        let mut searched = 0;
        loop {
            let rest = self.received.get(searched..).unwrap_or_default();
            if let Some(found) = rest.windows(end.len()).position(|window| window == end) {
                let at = searched.saturating_add(found);
                self.read = at.saturating_add(end.len());
                let found = self.received.get(..at).unwrap_or_default();
                return Ok(String::from_utf8_lossy(found).into_owned());
            }
            searched = self.received.len().saturating_sub(end.len());
            self.receive().await?;
        }
    }

    fn forget_read(&mut self) {
        if self.read >= self.received.len() {
            self.received.clear();
        } else {
            drop(self.received.drain(..self.read));
        }
        self.read = 0;
    }

    async fn receive(&mut self) -> Result<()> {
        let more = self.stream.read_buf(&mut self.received).await?;
        ensure!(more > 0, "the connection ended: {}", String::from_utf8_lossy(&self.received));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::Connection;

    #[tokio::test(flavor = "current_thread")]
    async fn answers_are_read_to_their_end_and_no_further_however_they_come() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd";
            for _ in 0..2 {
                let mut asked = [0; 3];
                stream.read_exact(&mut asked).await.unwrap();
                for piece in answer.chunks(5) {
                    stream.write_all(piece).await.unwrap();
                    stream.flush().await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        });
        let mut connection = Connection::open(at).await.unwrap();
        connection.ask(b"ask").await.unwrap();
        connection.ask(b"ask").await.unwrap();
        assert!(connection.ask(b"ask").await.is_err(), "what is refused does not count");
        serving.await.unwrap();
    }
}

//! What an idle channel occupies: resident memory over many of them, over loopback, each with its
//! TLS, its verdict and its HTTP/2 connection, after a request has gone through it.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use cloister_channel::session::{Decision, Established, Event, Session};
use cloister_channel::{Handshake, KeyExchange, server_name};
use cloister_domain::world::NOW;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self as client, SendRequest};
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{KIB, Pair};
use crate::timing::Measured;

/// Channels that are opened before the first one counts: the allocator's own memory.
const FIRST: u32 = 128;
/// Channels that count.
const COUNTED: u32 = 512;

type Nothing = Empty<Bytes>;

/// Resident memory for each end of an idle channel.
pub(crate) fn memory() -> Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pair = Pair::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut open = Vec::new();
        for _ in 0..FIRST {
            open.push(channel(&pair, &listener).await?);
        }
        let before = resident()?;
        for _ in 0..COUNTED {
            open.push(channel(&pair, &listener).await?);
        }
        let grown = resident()?.checked_sub(before).context("memory shrank")?;
        let live = open.iter().filter(|end| !end.sender.is_closed()).count();
        ensure!(live == open.len(), "a channel closed");
        let ends = f64::from(COUNTED) * 2.0;
        let input = format!("{COUNTED} channels with HTTP/2");
        Ok(Measured::size(f64::from(u32::try_from(grown)?) / ends, KIB, input))
    })
}

/// What one process holds of both ends, beside the tasks that serve them.
struct Open {
    sender: SendRequest<Nothing>,
    _verdicts: (Established, Established),
}

async fn channel(pair: &Pair, listener: &TcpListener) -> Result<Open> {
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr()?), listener.accept());
    let name = server_name(&pair.world.domain);
    let (near, far) = tokio::try_join!(
        TlsConnector::from(Arc::clone(&pair.dialler)).connect(name, near?),
        TlsAcceptor::from(Arc::clone(&pair.listener)).accept(far?.0),
    )?;
    let (mut near, mut far) = (near, far);
    let handshakes = (
        Handshake::client(near.get_ref().1, KeyExchange::PostQuantum)?,
        Handshake::server(far.get_ref().1, KeyExchange::PostQuantum)?,
    );
    let (local, trust) = (Arc::clone(&pair.a), Arc::clone(&pair.trust));
    let agent = pair.b.agent().clone();
    let initiator = Session::initiator(local, trust, handshakes.0, agent, NOW)?;
    let (local, trust) = (Arc::clone(&pair.b), Arc::clone(&pair.trust));
    let responder = Session::responder(local, trust, handshakes.1, NOW)?;
    // The responder is established by the first byte of HTTP, which it has to be given back.
    let dialled = async {
        let verdict = establish(&mut near, initiator).await?;
        near.write_all(b"P").await?;
        near.flush().await?;
        Ok::<_, anyhow::Error>(verdict)
    };
    let verdicts = tokio::try_join!(dialled, establish(&mut far, responder))?;
    let sender = carry(near, far).await?;
    Ok(Open { sender, _verdicts: verdicts })
}

/// Puts HTTP/2 on the connection, and one request through it.
async fn carry<A, B>(near: A, far: B) -> Result<SendRequest<Nothing>>
where
    A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serve = service_fn(|_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Nothing::new()))
    });
    let serving = server::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(far), serve);
    drop(tokio::spawn(serving));
    let (mut sender, connection) = client::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .handshake(TokioIo::new(near))
        .await?;
    drop(tokio::spawn(connection));
    let request = Request::get("http://agent/").body(Nothing::new())?;
    sender.send_request(request).await?;
    Ok(sender)
}

async fn establish<S>(stream: &mut S, mut session: Session) -> Result<Established>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match session.poll_event() {
            Some(Event::PeerProven(_)) => session.decide(Decision::Accept, NOW)?,
            Some(Event::Established(verdict)) => return Ok(*verdict),
            Some(other) => bail!("{other:?}"),
            None => {}
        }
        while let Some(bytes) = session.poll_transmit() {
            stream.write_all(&bytes).await?;
        }
        stream.flush().await?;
        if let Some(event) = session.poll_event() {
            let Event::Established(verdict) = event else { bail!("{event:?}") };
            return Ok(*verdict);
        }
        let len = stream.read(&mut buffer).await?;
        session.handle_bytes(buffer.get(..len).context("a read within its buffer")?, NOW)?;
    }
}

/// Resident memory of this process in bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line.context("VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    kib.checked_mul(1024).context("too much memory")
}

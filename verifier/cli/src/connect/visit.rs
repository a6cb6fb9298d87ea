//! One visit: TLS, the runtime's proof, and HTTP/2 until its lease ends.

use core::future::Future;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use cloister_channel::session::SessionError;
use cloister_channel::tls::{VisitorHandshake, visit_client_config};
use cloister_channel::visit::{Reached, Visitor};
use cloister_channel::{KeyExchange, TrustBundle, VerifiedLease, server_name};
use cloister_gateway::{Body, BoxFuture, Channel, DialError, boxed, subject};
use cloister_policy::Subject;
use http::{Request, Response};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ConnectError;
use super::trusting::Trusting;
use super::visits::Target;
use crate::clock::now;
use crate::remote::connection::Time;
use crate::remote::nonce;

/// From the first packet to the verdict.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a Verifier is asked whether the lease still holds.
const TRUST_INTERVAL: Duration = Duration::from_secs(30);

/// How often a silent runtime is probed.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// One TLS record's plaintext.
const READ_BYTES: usize = 16 * 1024;

/// A visit that has begun.
pub(super) struct Visit {
    reached: Reached,
    peer: Arc<Subject>,
    sender: SendRequest<Body>,
}

impl Visit {
    /// Dials, verifies, and begins to carry.
    ///
    /// # Errors
    /// [`ConnectError`] if the runtime cannot be reached, or is not the one that is meant.
    pub(super) async fn begin(
        target: &Target,
        trust: &Arc<Trusting>,
    ) -> Result<Self, ConnectError> {
        let beginning = async {
            let (stream, reached) = reach(target, trust.renewed().await).await?;
            let handshake = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(KEEPALIVE)
                .keep_alive_timeout(KEEPALIVE)
                .handshake(TokioIo::new(stream));
            let (sender, connection) = handshake.await.map_err(ConnectError::Http)?;
            let lost = lost(Arc::clone(trust), reached.lease().clone());
            tokio::spawn(carry(connection, lost));
            let peer = Arc::new(subject(reached.peer()));
            Ok(Self { reached, peer, sender })
        };
        let late = |_| target.unreachable("no verdict in time");
        tokio::time::timeout(BEGIN_TIMEOUT, beginning).await.map_err(late)?
    }

    /// The runtime, as it was verified.
    pub(super) const fn reached(&self) -> &Reached {
        &self.reached
    }

    /// Whether requests can be put on it.
    pub(super) fn lasts(&self) -> bool {
        !self.sender.is_closed() && now() < self.ends()
    }

    const fn ends(&self) -> UnixTime {
        self.reached.lease().claims().expires_at
    }
}

impl Channel for Visit {
    fn peer(&self) -> Arc<Subject> {
        Arc::clone(&self.peer)
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        let mut sender = self.sender.clone();
        Box::pin(async move {
            let failed = |error: ConnectError| DialError::new(error.failure(), &error);
            // SECURITY: the lease may have ended since the visit was looked up.
            if !self.lasts() {
                return Err(failed(ConnectError::Over));
            }
            let response = sender.send_request(request).await;
            response.map(|it| it.map(boxed)).map_err(|error| failed(ConnectError::Http(error)))
        })
    }
}

/// Drives the connection until it ends or has to. Dropping it ends what is still open on it.
async fn carry<E>(connection: impl Future<Output = Result<(), E>>, lost: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = lost => {}
        _ended = connection => {}
    }
}

/// Waits until the lease ends, or is not good any more under the newest trust bundle.
async fn lost(trust: Arc<Trusting>, lease: VerifiedLease) {
    loop {
        let left = lease.claims().expires_at.since(now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(TRUST_INTERVAL)).await;
        let bundle = tokio::time::timeout(TRUST_INTERVAL, trust.renewed()).await;
        let bundle = bundle.unwrap_or_else(|_| trust.bundle());
        if lease.recheck(&bundle, now()).is_err() {
            return;
        }
    }
}

/// A stream on which the runtime proved that it is the one that is meant.
async fn reach(
    target: &Target,
    trust: Arc<TrustBundle>,
) -> Result<(TlsStream<TcpStream>, Reached), ConnectError> {
    let broken = |source: io::Error| target.broken(source);
    let config = visit_client_config(&trust, KeyExchange::PostQuantum, Arc::new(Time))?;
    let stream = TcpStream::connect(&target.address).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    let name = server_name(trust.trust_domain());
    let mut stream = TlsConnector::from(config).connect(name, stream).await.map_err(broken)?;
    let handshake = VisitorHandshake::of(stream.get_ref().1, KeyExchange::PostQuantum)?;
    let (mut visitor, greeting) =
        Visitor::new(trust, handshake, target.agent.clone(), nonce()?, now())?;
    stream.write_all(&greeting).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let len = stream.read(&mut buffer).await.map_err(broken)?;
        let bytes = buffer.get(..len).unwrap_or_default();
        if bytes.is_empty() {
            return Err(SessionError::Ended.into());
        }
        if let Some(reached) = visitor.handle_bytes(bytes, now())? {
            return Ok((stream, reached));
        }
    }
}

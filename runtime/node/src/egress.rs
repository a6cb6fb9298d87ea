//! The agent's way out: a proxy on its loopback that connects to declared destinations, and to
//! nobody else.
//!
//! It answers `CONNECT` only: what is carried is between the agent and the destination, and the
//! runtime does not look into it. Names are resolved here, since the agent can ask nobody.

mod address;

use core::convert::Infallible;
use core::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use cloister_audit::record::Barrier;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::audit::AuditLog;
use crate::config::Destination;
use crate::limits::{EGRESS_CONNECT_MAX, EGRESS_CONNECTIONS_MAX};
use crate::serve::{Bound, accept};
use address::is_public;

/// Which destinations the agent may reach.
#[derive(Debug)]
pub(crate) struct Egress {
    declared: Vec<Destination>,
    audit: Arc<AuditLog>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is no `CONNECT` to a host and a port.
    Request,
    /// The measured file does not name it.
    Undeclared,
    /// Its name leads into the machine or a private network.
    Private,
    /// It cannot be put on record.
    Unrecorded,
    /// It does not answer, or has no address.
    Unreachable,
}

impl Refusal {
    const fn code(self) -> &'static str {
        match self {
            Self::Request => "fence.egress.request",
            Self::Undeclared => "fence.egress.undeclared",
            Self::Private => "fence.egress.private",
            Self::Unrecorded => "fence.egress.unrecorded",
            Self::Unreachable => "fence.egress.unreachable",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Request => StatusCode::METHOD_NOT_ALLOWED,
            Self::Undeclared | Self::Private => StatusCode::FORBIDDEN,
            Self::Unrecorded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Egress {
    /// Leads to `declared`, and puts on record what it let through and what not.
    pub(crate) const fn new(declared: Vec<Destination>, audit: Arc<AuditLog>) -> Self {
        Self { declared, audit }
    }

    /// A connection to `wanted`, where `method` is `CONNECT`.
    async fn open(&self, method: &Method, wanted: Option<&str>) -> Result<TcpStream, Refusal> {
        let subject = wanted.unwrap_or_default();
        let opened = self.connect(method, subject).await;
        if let Err(refusal) = opened {
            debug!(subject, %refusal, "egress");
            self.audit.fenced(Barrier::Egress, wanted, Some(refusal.code()), 1);
        }
        opened
    }

    async fn connect(&self, method: &Method, subject: &str) -> Result<TcpStream, Refusal> {
        let wanted = Destination::parse(subject).filter(|_| method == Method::CONNECT);
        let wanted = wanted.ok_or(Refusal::Request)?;
        if !self.declared.contains(&wanted) {
            return Err(Refusal::Undeclared);
        }
        let addresses = addresses(&wanted).await?;
        // On record before it is there.
        self.audit.passed(subject).await.map_err(|_| Refusal::Unrecorded)?;
        for address in addresses {
            if let Ok(Ok(stream)) =
                tokio::time::timeout(EGRESS_CONNECT_MAX, TcpStream::connect(address)).await
            {
                return Ok(stream);
            }
        }
        Err(Refusal::Unreachable)
    }
}

/// Where a destination is. SECURITY: what is checked here is what is connected to.
async fn addresses(to: &Destination) -> Result<Vec<SocketAddr>, Refusal> {
    // An address was declared as such, whatever network it is in.
    if let Ok(address) = to.host.parse() {
        return Ok(vec![SocketAddr::new(address, to.port)]);
    }
    let found = tokio::net::lookup_host((to.host.as_str(), to.port)).await;
    let found: Vec<_> = found.map_err(|_| Refusal::Unreachable)?.collect();
    if found.iter().all(|address| is_public(address.ip())) {
        Ok(found)
    } else {
        Err(Refusal::Private)
    }
}

/// Serves the agent until `stop`.
pub(crate) async fn serve(
    bound: Bound,
    egress: Arc<Egress>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let most = Arc::new(Semaphore::new(EGRESS_CONNECTIONS_MAX));
    let (carried, stopping) = (tasks.clone(), stop.clone());
    accept(bound, most, tasks, stop, move |stream, _, permit| {
        let (egress, tasks, stop) = (Arc::clone(&egress), carried.clone(), stopping.clone());
        async move {
            let permit = Arc::new(permit);
            let service = service_fn(|request| {
                let (egress, tasks) = (Arc::clone(&egress), tasks.clone());
                let (stop, permit) = (stop.clone(), Arc::clone(&permit));
                async move {
                    Ok::<_, Infallible>(answer(request, &egress, &tasks, (stop, permit)).await)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                debug!(%error, "egress");
            }
        }
    })
    .await;
}

async fn answer(
    mut request: Request<Incoming>,
    egress: &Egress,
    tasks: &TaskTracker,
    (stop, held): (CancellationToken, impl Send + 'static),
) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    let wanted = request.uri().authority().map(http::uri::Authority::as_str);
    match egress.open(request.method(), wanted).await {
        Err(refusal) => *response.status_mut() = refusal.status(),
        Ok(outside) => {
            let upgraded = hyper::upgrade::on(&mut request);
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    ended = carry(upgraded, outside) => {
                        if let Err(error) = ended {
                            debug!(%error, "egress");
                        }
                    }
                }
                drop(held);
            });
        }
    }
    response
}

async fn carry(inside: hyper::upgrade::OnUpgrade, mut outside: TcpStream) -> io::Result<()> {
    let mut inside = TokioIo::new(inside.await.map_err(io::Error::other)?);
    tokio::io::copy_bidirectional(&mut inside, &mut outside).await?;
    Ok(())
}

#[cfg(test)]
mod tests;

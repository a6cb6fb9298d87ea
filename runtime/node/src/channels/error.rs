//! Why a channel did not come about, or ended.

use core::time::Duration;
use std::io;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_channel::life::Ending;
use cloister_channel::session::{Misuse, SessionError};
use cloister_channel::tls::HandshakeError;
use cloister_gateway::DialFailure;

use super::Closing;
use crate::document;
use crate::verifier::VerifierError;

cloister_attestation::codes! {
    /// The runtime is not admitted.
    NOT_ADMITTED = "node.channel.not_admitted", Operator, "",
        "Look at /readyz and the log for why this runtime has no live lease.",
        "Channels are opened under a live lease. This runtime has none at the moment: it was not admitted yet, could not renew in time, or was revoked.";
    /// No runtime of that agent is registered.
    UNKNOWN_AGENT = "node.channel.unknown_agent", Caller, "",
        "Check the agent's name with `cloister agents list`.",
        "The Verifier knows no live runtime of an agent of that name in this trust domain.";
    /// Nobody answers.
    CONNECT = "node.channel.connect", Peer, "",
        "Check that the peer's runtime runs and that its advertised address can be reached from here.",
        "No TCP connection to the address that the peer's runtime advertises came about.";
    /// TLS failed.
    TLS = "node.channel.tls", Peer, "",
        "Check that both runtimes are of one trust domain, hold live leases and require the same key exchange.",
        "The TLS handshake between two runtimes failed: a certificate was refused, a lease's certificate was out of date, or the two sides have no key exchange in common.";
    /// The connection broke.
    BROKEN = "node.channel.broken", Peer, "",
        "Try again; look at the network and at the peer's log if it recurs.",
        "The connection between two runtimes broke.";
    /// The handshake took too long.
    TIMEOUT = "node.channel.timeout", Peer, "",
        "Try again; raise limits.handshake_timeout_ms if the network is slow.",
        "TLS and session proof were not complete in time. A peer that connects and then says nothing ends like this.";
    /// There are as many channels as there may be.
    FULL = "node.channel.full", Operator, "",
        "Raise limits.channels_max in node.toml, or find out who opens so many channels.",
        "The runtime has as many channels open as node.toml permits.";
    /// There are as many visitors as there may be.
    VISITORS = "node.channel.visitors", Caller, "",
        "Visit again in a while, and end visits that are done.",
        "Anybody may dial as a visitor where agent.toml allows it, so there is room for so many at a time, fewer from one address, and a rate at which one address may begin visits.";
    /// The peer is left alone for a while.
    BREAKER = "node.channel.breaker_open", Peer, "",
        "Try again after the time in the message; look at the log for why the peer could not be reached before.",
        "The last dials of this peer failed one after the other, so that it is dialled again only after a wait that grows from half a second to half a minute. One dial is then let through; if it succeeds, so are all others. The request was not delivered.";
    /// Too many requests wait.
    QUEUE = "node.channel.queue_full", Operator, "",
        "Send fewer requests at a time, or raise limits.waiting_per_peer_max and limits.waiting_max in node.toml.",
        "Requests wait while a channel is opened, and a bounded number of them runs on one channel. This one found no room and was refused at once; it was not delivered.";
    /// No Evidence of this side.
    OWN_EVIDENCE = "node.channel.own_evidence", Operator, "",
        "Look at the log for what the TEE said; open fewer channels at a time where Evidence is made for each.",
        "Either end of the channel demands Evidence made for this session, and this runtime made none: its TEE failed, or was asked for more than it is asked in that time.";
    /// A peer's Evidence is not good.
    PEER_EVIDENCE = "node.channel.peer_evidence", Peer, "RFC 9334 section 5.2",
        "Look at the log for the Verifier's findings, and at the peer's machine and image.",
        "The measured configuration demands Evidence made for each session. What the peer made does not pass the demands that a lease is given by, or is for another image than its lease.";
    /// The channel was closed by this side.
    CLOSED = "node.channel.closed", Peer, "",
        "Try again once both runtimes hold a live lease.",
        "The channel was closed because a lease ended or was taken away, or because this runtime shuts down. Whether the request was delivered is not known.";
}

/// A channel did not come about, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// No live lease.
    #[error("this runtime is not admitted")]
    NotAdmitted,
    /// No such agent.
    #[error("no runtime of agent {0} is registered")]
    UnknownAgent(String),
    /// The registry gave no answer.
    #[error("the registry gave no answer")]
    Registry(#[from] VerifierError),
    /// No TCP connection.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// TLS failed.
    #[error("TLS handshake failed")]
    Tls(#[source] io::Error),
    /// The handshake is not one that a channel may ride on.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The session was refused, by one side or the other.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A session was driven wrongly.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// HTTP/2 on the channel failed.
    #[error("HTTP/2 on the channel failed")]
    Http(#[from] h2::Error),
    /// Too slow.
    #[error("no verdict in time")]
    Timeout,
    /// Too many channels.
    #[error("as many channels are open as may be")]
    Full,
    /// Too many connections for the attestation document.
    #[error("as many connections ask for the attestation document as may")]
    Crowded,
    /// Too many visitors.
    #[error("as many visitors are here, or come from there, as may")]
    Visitors,
    /// The peer is left alone for a while.
    #[error("{agent} failed to answer and is dialled again in {} ms", wait.as_millis())]
    Breaker {
        /// Which peer.
        agent: String,
        /// For how long.
        wait: Duration,
    },
    /// Too many requests wait for a channel, or run on it.
    #[error("too many requests for {0} wait or run")]
    Queue(String),
    /// This side has no Evidence to show.
    #[error("no evidence for this session")]
    OwnEvidence(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The peer's Evidence is not good.
    #[error("the peer's evidence for this session is refused")]
    PeerEvidence,
    /// Ended before it began to carry anything.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// Closed by this side.
    #[error("channel is closed: {0:?}")]
    Closed(Option<Closing>),
}

impl ChannelError {
    /// What the gateway is to make of it where no channel came about.
    #[must_use]
    pub const fn failure(&self) -> DialFailure {
        match self {
            Self::UnknownAgent(_) => DialFailure::UnknownAgent,
            Self::Tls(_) | Self::Handshake(_) | Self::Session(_) | Self::PeerEvidence => {
                DialFailure::Refused
            }
            Self::Queue(_) => DialFailure::Overloaded,
            // Nothing was sent before the verdict.
            Self::NotAdmitted
            | Self::Broken(_)
            | Self::Http(_)
            | Self::Registry(_)
            | Self::Connect { .. }
            | Self::Misuse(_)
            | Self::Timeout
            | Self::Full
            | Self::Crowded
            | Self::Visitors
            | Self::Breaker { .. }
            | Self::OwnEvidence(_)
            | Self::Ended(_)
            | Self::Closed(_) => DialFailure::Unreachable,
        }
    }

    /// The same for a request on a channel: `undelivered` where it certainly was not delivered.
    #[must_use]
    pub const fn failure_of_request(&self, undelivered: bool) -> DialFailure {
        if undelivered { self.failure() } else { DialFailure::Interrupted }
    }

    /// Whether this side's policy refused somebody who had proved who it is.
    pub(super) const fn is_own_policy(&self) -> bool {
        matches!(self, Self::Session(SessionError::Policy))
    }

    /// Whether a dial that ended so says something about the peer: the breaker counts it.
    pub(super) const fn speaks_against_peer(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Tls(_)
            | Self::Handshake(_)
            | Self::Session(_)
            | Self::PeerEvidence
            | Self::Broken(_)
            | Self::Http(_)
            | Self::Timeout => true,
            Self::NotAdmitted
            | Self::UnknownAgent(_)
            | Self::Registry(_)
            | Self::Misuse(_)
            | Self::Full
            | Self::Crowded
            | Self::Visitors
            | Self::Breaker { .. }
            | Self::Queue(_)
            | Self::OwnEvidence(_)
            | Self::Ended(_)
            | Self::Closed(_) => false,
        }
    }

    /// Whether another channel may do better.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Closed(_))
    }
}

impl Diagnostic for ChannelError {
    fn code(&self) -> &'static Code {
        match self {
            Self::NotAdmitted => &NOT_ADMITTED,
            Self::UnknownAgent(_) => &UNKNOWN_AGENT,
            Self::Registry(error) => error.code(),
            Self::Connect { .. } => &CONNECT,
            Self::Tls(_) => &TLS,
            Self::Handshake(error) => error.code(),
            Self::Session(error) => error.code(),
            Self::Misuse(error) => error.code(),
            Self::Broken(_) | Self::Http(_) => &BROKEN,
            Self::Timeout => &TIMEOUT,
            Self::Full => &FULL,
            Self::Crowded => &document::CROWDED,
            Self::Visitors => &VISITORS,
            Self::Breaker { .. } => &BREAKER,
            Self::Queue(_) => &QUEUE,
            Self::OwnEvidence(_) => &OWN_EVIDENCE,
            Self::PeerEvidence => &PEER_EVIDENCE,
            Self::Ended(ending) => ending.code(),
            Self::Closed(_) => &CLOSED,
        }
    }
}

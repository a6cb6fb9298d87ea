//! Why there is no port, or not any more.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_channel::session::SessionError;
use cloister_channel::tls::{HandshakeError, TlsError};
use cloister_gateway::DialFailure;
use rustls::AlertDescription;

use super::visits::Target;
use crate::answer::Exit;
use crate::remote::{RemoteError, codes};

cloister_attestation::codes! {
    /// The runtime takes no visitors.
    NO_VISITORS = "cli.connect.no_visitors", Operator, "RFC 7301",
        "Set `visitors = \"allow\"` under `[peers]` in the agent.toml of the runtime, permit something to `principal is Visitor` in its policy, and have the image admitted.",
        "Something answers TLS at the address and does not agree to a visit. A runtime refuses visitors unless its measured agent.toml allows them; nobody on its host can.";
    /// The runtime turned this machine away.
    TURNED_AWAY = "cli.connect.turned_away", Operator, "",
        "Find the reason in the runtime's log, whose policy has to permit `connect` to `principal is Visitor`.",
        "The runtime closed the connection before it proved itself, as it does without a word where policy does not let visitors in, another agent is meant than its own, or its lease has ended.";
    /// The port cannot be listened on.
    LISTEN = "cli.connect.listen", Caller, "",
        "Give an address of this machine and a port that nothing else listens on, or port 0.",
        "The system refused to listen on the address given as --listen.";
    /// The port would be open to others.
    EXPOSED = "cli.connect.exposed", Caller, "",
        "Listen on 127.0.0.1 or [::1]; or pass `--beyond-loopback` where others are meant to use the port.",
        "What is carried to the agent is encrypted and bound to its runtime; what is carried to this port is neither. On another address than loopback, whoever reaches it speaks to the agent as this machine.";
    /// The connection to the runtime broke.
    BROKEN = "cli.connect.broken", Peer, "",
        "Send the request again if it can be repeated.",
        "The visit ended while a request was on it: the runtime's lease ended or was taken away, the runtime stopped, or the network broke. Whether the request was delivered is not known.";
    /// Nothing to work with.
    PROCESS = "cli.connect.process", Caller, "",
        "Check the limits of the process.",
        "The operating system gave this program no place to wait, or no way to hear signals.";
}

/// There is no port to the agent.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// An argument or file does not read, or the Verifier gives no trust bundle.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The address is not on loopback.
    #[error("{address} is not a loopback address")]
    Exposed {
        /// As given.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// As given.
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// The process has no room for it.
    #[error("cannot wait")]
    Process(#[source] io::Error),
    /// TLS is not configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No visit's protocol is agreed on.
    #[error("the runtime at {address} takes no visitors")]
    NoVisitors {
        /// As given.
        address: String,
    },
    /// The certificate is refused.
    #[error("the certificate of the runtime at {address} is refused")]
    Certificate {
        /// As given.
        address: String,
        #[source]
        source: rustls::Error,
    },
    /// The handshake is not one that a visit may ride on.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The runtime did not prove itself.
    #[error(transparent)]
    Session(SessionError),
    /// It closed the connection instead.
    #[error("the runtime turned this machine away")]
    TurnedAway,
    /// HTTP/2 on the visit failed.
    #[error("the visit broke")]
    Http(#[source] hyper::Error),
    /// The lease has ended.
    #[error("the visit is over")]
    Over,
    /// Refused when it was dialled again.
    #[error(transparent)]
    Refused(Arc<Self>),
}

impl From<SessionError> for ConnectError {
    fn from(error: SessionError) -> Self {
        if matches!(error, SessionError::Ended) { Self::TurnedAway } else { Self::Session(error) }
    }
}

impl Target {
    /// Nobody answers, or not in time.
    pub(super) fn unreachable(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ConnectError {
        let (address, source) = (self.address.clone(), source.into());
        RemoteError::Unreachable { address, source }.into()
    }

    /// What an error of the connection means.
    pub(super) fn broken(&self, error: io::Error) -> ConnectError {
        let address = self.address.clone();
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
                ConnectError::NoVisitors { address }
            }
            Some(source @ rustls::Error::InvalidCertificate(_)) => {
                ConnectError::Certificate { address, source: source.clone() }
            }
            _ => self.unreachable(error),
        }
    }
}

impl ConnectError {
    /// How the command ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Remote(error) => error.exit(),
            Self::Exposed { .. } | Self::Listen { .. } | Self::Process(_) | Self::Tls(_) => {
                Exit::Misuse
            }
            Self::Certificate { .. } | Self::Handshake(_) => Exit::Refused,
            Self::Session(SessionError::Deadline) => Exit::NoConclusion,
            Self::Session(_) => Exit::Refused,
            Self::NoVisitors { .. } | Self::TurnedAway | Self::Http(_) | Self::Over => {
                Exit::NoConclusion
            }
            Self::Refused(error) => error.exit(),
        }
    }

    /// What a client of the port is told.
    pub(super) fn failure(&self) -> DialFailure {
        let turned_away = matches!(self, Self::NoVisitors { .. } | Self::TurnedAway);
        if matches!(self, Self::Http(_)) {
            DialFailure::Interrupted
        } else if turned_away || self.exit() == Exit::Refused {
            DialFailure::Refused
        } else {
            DialFailure::Unreachable
        }
    }
}

impl Diagnostic for ConnectError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Remote(error) => error.code(),
            Self::Exposed { .. } => &EXPOSED,
            Self::Listen { .. } => &LISTEN,
            Self::Process(_) => &PROCESS,
            Self::Tls(error) => error.code(),
            Self::NoVisitors { .. } => &NO_VISITORS,
            Self::Certificate { .. } => &codes::CHAIN,
            Self::Handshake(error) => error.code(),
            Self::Session(error) => error.code(),
            Self::TurnedAway => &TURNED_AWAY,
            Self::Http(_) | Self::Over => &BROKEN,
            Self::Refused(error) => error.code(),
        }
    }
}

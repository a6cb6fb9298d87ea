//! Carries A2A between agents: what crosses is classified, authorized by the peer's attested
//! identity, and otherwise left alone.
//!
//! ```text
//!  local agent                                                          peer's runtime
//!      | plain HTTP                                    HTTP/2 on the channel |
//!      v                                                                     v
//!  Outbound: surface, route, dial, classify,   ~~~>   Inbound: classify, authorize, audit,
//!            authorize, audit, cleanse,                        cleanse, identify, deliver
//!            present, deliver                                           ---> agent
//! ```
//!
//! Each word is one `tower` layer in a file of its own; [`Inbound`], [`Outbound`] and [`LocalPort`],
//! which is for a person's machine, are only the lists. Bodies are forwarded byte for byte: as much
//! of a request is read as tells the operation and the ids of tasks and contexts, and nothing is
//! encoded again. The exceptions are cards and push notification configurations, whose URLs are made
//! to lead through the gateway, and lists, from which others' tasks and tools are taken out.
//! There is no limit on how long an answer takes.
//!
//! What this crate deliberately does not do: open channels (see [`Dialer`]), judge Evidence, or
//! forward anything that it cannot classify, or translate between versions or bindings. What is no
//! operation of the table, has two readings, or says another version than it has the form of is
//! refused in the binding's own error shape.
//! The local agent is told the code and the remedy; a peer is told no more than it has to know.
//!
//! Read first: [`Inbound`] and [`Operation`].
#![forbid(unsafe_code)]

mod agent;
pub mod backoff;
mod body;
mod card;
mod client;
mod delegation;
mod dialer;
mod directory;
mod doors;
mod end;
mod envelope;
mod error;
mod frame;
mod headers;
mod inbound;
mod layer;
mod limiter;
mod limits;
mod local_port;
mod loopback;
mod mcp;
mod meter;
mod metrics;
mod object;
mod operation;
mod outbound;
mod ownership;
mod parts;
mod path;
mod peek;
mod push;
mod query;
mod recorder;
mod reply;
mod scan;
mod sse;
mod subject;
mod version;
mod wire;

pub use agent::{AgentAddress, AgentAddressError, AgentPorts};
pub use body::{Body, BodyError, boxed, empty, full, held};
pub use card::{
    Attested, CardError, EXTENSION, Front, OriginPolicy, SIMULATED_EXTENSION, SignatureRule, Vouch,
    rewritten as rewritten_card,
};
pub use cloister_channel::AgentName;
pub use delegation::{Delegations, Membership, Terms};
pub use dialer::{BoxFuture, Channel, DialError, DialFailure, Dialer};
pub use doors::Doors;
pub use envelope::EnvelopeError;
pub use error::{CODES, codes};
pub use inbound::{Inbound, InboundOptions, Visit};
pub use layer::Reach;
pub use local_port::{LocalPort, LocalPortOptions};
pub use loopback::{Loopback, OwnLoopback};
pub use mcp::{
    Event, EventError, EventReader, LaunchError, Launched, Launcher, LineError, LineReader,
    ServerName, ToolDigest, ToolDigestError, ToolPins, ToolPlace, ToolReport, ToolServer,
    ToolServerError, ToolServers, ToolsReport, Unpinned,
};
pub use metrics::Counts;
pub use object::ObjectError;
pub use operation::Operation;
pub use outbound::{Outbound, OutboundOptions};
pub use ownership::Owners;
pub use path::RESERVED_PATH;
pub use push::{Pushes, WebhookPorts, notified_task, rewritten_push_request};
pub use recorder::{RecordError, Recorder, direction as recorded_direction, peer_facts};
pub use scan::ScanError;
pub use subject::subject;

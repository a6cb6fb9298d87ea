//! Carries A2A between agents.
#![forbid(unsafe_code)]

mod agent;
mod body;
mod dialer;
mod inbound;
mod outbound;

pub use agent::{AgentAddress, AgentAddressError, AgentName, AgentNameError};
pub use body::{Body, BodyError, boxed, empty, full};
pub use dialer::{BoxFuture, Channel, DialError, DialFailure, Dialer};
pub use inbound::{Inbound, InboundOptions};
pub use outbound::{Outbound, OutboundOptions};

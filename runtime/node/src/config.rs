//! The two configuration files, read and checked before anything else happens.
//!
//! `agent.toml` is part of the measured image and says everything that trust depends on.
//! `node.toml` comes from the host and can make the runtime unavailable, but not less careful:
//! no key in it names a root, a policy, an agent or a program. Unknown keys are refused in both.

mod agent;
mod card;
mod error;
mod fence;
mod node;
mod push;
mod root;
mod source;
mod tools;

pub(crate) use agent::{A2A_PORT, AGENT, GRPC_PORT, NO_PROXY, PROXY, SURFACE};
pub use agent::{
    AgentConfig, AuditDemands, Declaration, Durability, Freshness, ImageName, Output, PeerDemands,
    VerifierPin, Visitors, Workload,
};
pub use error::{CODES, ConfigError, EXPOSED, Position, SYNTAX, UNREADABLE, VALUE};
pub use fence::{Applies, Destination, FenceDemands};
pub use node::{
    Limits, LogConfig, LogFormat, NodeConfig, OnRefusal, TeeConfig, TeeInterface, TeeKind,
};
pub use root::Root;
pub use tools::{Place, Tool, ToolProgram};

//! What holds the agent.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// What of the fence the agent met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Barrier {
    /// A system call that no agent needs: the process that made it was ended.
    #[n(0)]
    SystemCall,
    /// The runtime's way out, which leads to declared destinations only.
    #[n(1)]
    Egress,
    /// A network without routes.
    #[n(2)]
    Network,
    /// The limit on processes.
    #[n(3)]
    Processes,
    /// The limit on memory: a process was ended.
    #[n(4)]
    Memory,
}

/// The agent met its fence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Fenced {
    /// What of it.
    #[n(0)]
    pub barrier: Barrier,
    /// What it tried: a system call's name, or `host:port`; absent where the kernel only counts.
    #[n(1)]
    pub subject: Option<String>,
    /// Why it was denied, as a stable code; absent where it was let through.
    #[n(2)]
    pub refused: Option<String>,
    /// How often, since the record before.
    #[n(3)]
    pub count: u64,
}

impl Fenced {
    pub(super) fn texts(&self) -> Vec<&str> {
        self.subject.iter().chain(&self.refused).map(String::as_str).collect()
    }
}

//! MCP: tool servers behind the gateway.
//!
//! A tool server is known by a name of the measured configuration. It listens on loopback, or is a
//! program under the runtime that speaks on its standard input and output, or is behind a peer's
//! runtime. The local agent finds it at `/tools/NAME/mcp` of the surface, and peers, if it is
//! exposed, at the same path of a channel. All speak Streamable HTTP, in every revision of both
//! eras; revisions are not translated into one another.
//!
//! What crosses is classified by its body, authorized like every operation, and passed on byte for
//! byte. What a server says is read message by message: what a caller may not use is in no list and no
//! capability, tools that are not what they are expected to be are not there, and who may not answer
//! is not asked.
//!
//! OAuth passes and ends nowhere on the way: `Authorization` goes to the tool server, and its
//! challenge comes back, as they are. The runtime neither asks for tokens nor looks at them; what
//! it decides by is the attested peer. A server's metadata endpoints are not carried.

mod asked;
mod capability;
mod catalogue;
mod classify;
mod definition;
mod error;
mod event;
mod heard;
mod list;
mod message;
mod method;
mod mirror;
mod parameter;
mod pins;
mod program;
mod revision;
mod screen;
mod server;
mod session;

pub(crate) use asked::{Asked, Thing};
pub(crate) use catalogue::{Recalled, Tool, Viewer, viewer};
pub(crate) use classify::{classify, operation_of};
pub(crate) use definition::Page;
pub(crate) use error::{CODES, McpError};
pub(crate) use mirror::{LAST_EVENT, SESSION, of_method as mirror_method};
pub(crate) use parameter::check as check_mirrors;
pub(crate) use revision::{Era, Revision};
pub(crate) use screen::{Permits, Screen, Verdict};
pub(crate) use server::{Beside, Endpoint, Server};

pub use definition::{ToolDigest, ToolDigestError};
pub use event::{Event, EventError, EventReader};
pub use pins::{ToolPins, Unpinned};
pub use program::{LaunchError, Launched, Launcher, LineError, LineReader};
pub use server::{
    ServerName, ToolPlace, ToolReport, ToolServer, ToolServerError, ToolServers, ToolsReport,
};

//! MCP: tool servers behind the gateway.
//!
//! A tool server is known by a name of the measured configuration. It listens on loopback, or is a
//! program under the runtime that speaks on its standard input and output, or is behind a peer's
//! runtime. The local agent finds it at `/tools/NAME/mcp` of the surface, and peers, if it is
//! exposed, at the same path of a channel. All speak Streamable HTTP, in every revision of both
//! eras; revisions are not translated into one another.
//!
//! What crosses is classified by its body, authorized like every operation, and passed on byte for
//! byte. The exceptions are lists: what a caller may not use is not in them.
//!
//! OAuth passes and ends nowhere on the way: `Authorization` goes to the tool server, and its
//! challenge comes back, as they are. The runtime neither asks for tokens nor looks at them; what
//! it decides by is the attested peer. A server's metadata endpoints are not carried.

mod asked;
mod classify;
mod error;
mod list;
mod message;
mod method;
mod mirror;
mod revision;
mod server;
mod session;

pub(crate) use asked::{Asked, Thing};
pub(crate) use classify::classify;
pub(crate) use error::{CODES, McpError};
pub(crate) use list::ListKind;
pub(crate) use mirror::SESSION;
pub(crate) use revision::{Era, Revision};
pub(crate) use server::{Beside, Endpoint, Server};
pub use server::{ServerName, ToolPlace, ToolServer, ToolServerError, ToolServers};

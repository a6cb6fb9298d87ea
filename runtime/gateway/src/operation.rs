//! What a request asks for, the same for every binding.

mod answer;
mod fields;
mod path;
mod said;
mod table;

use cloister_policy::{Binding, OperationFacts, OperationName, Protocol};

use http::{HeaderMap, Method};

use crate::envelope::{Envelope, EnvelopeError};
use crate::scan::{Scan, ScanError};

pub(crate) use answer::{FIELDS as ANSWER_FIELDS, members as answer_members};
pub(crate) use fields::{Field, Member, Take, Within};
pub(crate) use path::{HttpMatch, http};
pub(crate) use said::{Contradiction, Said, Slot};
pub(crate) use table::{Row, V0_3, V1_0, grpc, is_grpc_path, rpc};

/// A classified request: what policy, records and metrics speak about.
///
/// The ids are known in every binding: those of a path and query, and those of the body, which is
/// read as far as that takes. Where a body is larger than what is read before a request is
/// forwarded, ids that have not come by then are held to be absent, and the rest of the body is
/// watched: one that comes later breaks the request off before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The protocol.
    pub protocol: Protocol,
    /// The protocol's version, Major.Minor, as the method's or path's form tells it.
    pub version: &'static str,
    /// How it is put on the wire.
    pub binding: Binding,
    /// Which operation.
    pub name: OperationName,
    /// The tenant that the request names.
    pub tenant: Option<String>,
    /// The task that the request names, without `tasks/`.
    pub task: Option<String>,
    /// The context that the request names.
    pub context: Option<String>,
    /// Whether the answer is a stream of events.
    pub streaming: bool,
    /// The MCP server, by the name under which its runtime knows it.
    pub server: Option<String>,
    /// The MCP tool, or for `prompts_get` the prompt, that the request names.
    pub tool: Option<String>,
    /// The URI of the MCP resource that the request names.
    pub resource: Option<String>,
    /// Media types of the message's parts, where the message was read.
    pub media_types: Option<Vec<String>>,
    /// URIs of the protocol extensions that the request asks for.
    pub extensions: Vec<String>,
    /// The push notification configuration that the request names.
    pub config: Option<String>,
    /// Other tasks that a sent message refers to.
    pub references: Vec<String>,
    /// Whether a push notification configuration comes with a sent message.
    pub carries_push_config: bool,
}

impl Operation {
    pub(crate) const fn new(binding: Binding, version: &'static str, name: OperationName) -> Self {
        Self {
            protocol: name.protocol(),
            version,
            binding,
            name,
            tenant: None,
            task: None,
            context: None,
            streaming: matches!(name, OperationName::Stream | OperationName::Subscribe),
            server: None,
            tool: None,
            resource: None,
            media_types: None,
            extensions: Vec::new(),
            config: None,
            references: Vec::new(),
            carries_push_config: false,
        }
    }

    /// An operation of the table, with what the request says.
    pub(crate) fn of_row(row: &Row, binding: Binding, said: Said) -> Self {
        Self {
            tenant: said.tenant,
            task: said.task,
            context: said.context,
            config: said.config,
            references: said.references,
            media_types: said.media_types,
            carries_push_config: said.push,
            ..Self::new(binding, row.version, row.name)
        }
    }

    /// What a JSON-RPC request asks for, whatever version its method belongs to; `None` if the
    /// method is not in the protocol's table.
    ///
    /// # Errors
    /// [`EnvelopeError`] for a body that is no request, or one with two readings.
    pub fn of_json_rpc(body: &[u8]) -> Result<Option<Self>, EnvelopeError> {
        let envelope = Envelope::parse(body)?;
        envelope.row().map(|row| envelope.operation(row)).transpose()
    }

    /// What a gRPC request asks for, whose body comes in these pieces; `None` if the path is not in
    /// the protocol's table.
    ///
    /// # Errors
    /// [`ScanError`] for a body that is not one message, or has two readings.
    pub fn of_grpc<'a>(
        path: &str,
        body: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, ScanError> {
        grpc(path).map(|row| Self::of_scan(row, Scan::protobuf(row), body)).transpose()
    }

    /// What an HTTP+JSON request asks for of an interface of `version`: by its method, its path and
    /// query beneath the interface's URL, and its body, which comes in these pieces. `None` if the
    /// path is not in the protocol's table.
    ///
    /// # Errors
    /// [`ScanError`] for a request whose places contradict each other, and a body that is not one
    /// object or has two readings.
    pub fn of_http_json<'a>(
        version: &str,
        method: &Method,
        path: &str,
        body: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, ScanError> {
        let (path, query) = path.split_once('?').map_or((path, None), |(it, q)| (it, Some(q)));
        let Some(found) = http(method, path, version) else { return Ok(None) };
        let row = found.row;
        let scan = Scan::json(row, found.said(query)?);
        Self::of_scan(row, scan, body).map(Some)
    }

    /// What a POST asks the tool server `server` for; `None` for what is refused: a body that is no
    /// message, has two readings, or says something else than the headers.
    #[must_use]
    pub fn of_mcp(server: &str, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        crate::mcp::operation_of(server, headers, body)
    }

    fn of_scan<'a>(
        row: &'static Row,
        mut scan: Scan,
        body: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, ScanError> {
        let binding = scan.binding();
        let mut is_empty = true;
        for piece in body {
            is_empty &= piece.is_empty();
            scan.feed(piece)?;
        }
        if !(is_empty && binding == Binding::HttpJson && !row.sends()) {
            scan.end()?;
        }
        let said = scan.settle();
        if row.sends() && !said.message {
            return Err(ScanError::Fields);
        }
        Ok(Self::of_row(row, binding, said))
    }

    /// The tool as policies name it: `SERVER/TOOL`.
    pub(crate) fn qualified_tool(&self) -> Option<String> {
        Some(format!("{}/{}", self.server.as_ref()?, self.tool.as_ref()?))
    }

    /// The facts that a policy may decide over. Tenant, task and context are not among them: whose
    /// they are is not a matter of policy.
    #[must_use]
    pub fn facts(&self, message_bytes: Option<u64>) -> OperationFacts<'_> {
        OperationFacts {
            protocol: self.protocol,
            version: self.version,
            binding: self.binding,
            name: self.name,
            streaming: self.streaming,
            message_bytes,
            media_types: self.media_types.as_deref(),
            extensions: &self.extensions,
            server: self.server.as_deref(),
            tool: self.tool.as_deref(),
            resource: self.resource.as_deref(),
        }
    }
}

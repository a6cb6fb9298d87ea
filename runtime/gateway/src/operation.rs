//! What a request asks for, the same for every binding.

mod table;

use cloister_policy::{Binding, OperationFacts, OperationName, Protocol};

use crate::envelope::{Envelope, EnvelopeError};

pub(crate) use table::{HttpMatch, Ids, RpcRow, V0_3, V1_0, http, rpc};

/// A classified request: what policy, records and metrics speak about.
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
    /// The tenant that the request names in its path or parameters.
    pub tenant: Option<String>,
    /// The task that the request names in its path or parameters.
    pub task: Option<String>,
    /// The context that the request names in its parameters.
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

    /// The facts that a policy may decide over.
    ///
    /// Tenant, task and context are not among them: on HTTP+JSON they may be inside a body that is
    /// not read, so a rule over them could be avoided by choosing the binding.
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

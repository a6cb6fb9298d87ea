//! Refusals in the shape that MCP has for errors.
//!
//! SPEC: MCP 2026-07-28, basic, "Error Codes", server/tools and server/resources, "Error
//! Handling"; MCP 2025-11-25, server/resources, "Error Handling".

use cloister_attestation::code::Diagnostic as _;
use http::header::ALLOW;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::status::{INVALID_PARAMS, RESOURCE_NOT_FOUND, Status};
use super::{Audience, json_response};
use crate::body::Body;
use crate::error::Cause;
use crate::mcp::{Asked, Era, McpError, Revision, Thing};

/// What is said: an HTTP status, and the members of a JSON-RPC error.
struct Said {
    http: StatusCode,
    code: i32,
    message: String,
    data: Option<Value>,
}

/// The response to a request that asked for something and does not get it.
pub(super) fn response(cause: &Cause, asked: &Asked, audience: Audience) -> Response<Body> {
    let mut said = hidden(cause, asked).unwrap_or_else(|| plain(cause, asked));
    if audience == Audience::Local {
        said.message =
            format!("{}. {cause}. {}", said.message.trim_end_matches('.'), cause.remedy());
        said.data
            .get_or_insert_with(|| json!({ "code": cause.code().id, "remedy": cause.remedy() }));
    }
    let mut error = json!({ "code": said.code, "message": said.message });
    if let (Some(data), Some(error)) = (said.data, error.as_object_mut()) {
        error.insert("data".to_owned(), data);
    }
    // Written by hand so that the id keeps the bytes that it came in; without one there is none.
    let id = asked.id.as_ref().map(|id| format!("\"id\":{id},")).unwrap_or_default();
    let mut response = json_response(format!("{{\"jsonrpc\":\"2.0\",{id}\"error\":{error}}}"));
    *response.status_mut() = said.http;
    if said.http == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// SECURITY: what a caller may not use is answered like what is not there, to the letter.
fn hidden(cause: &Cause, asked: &Asked) -> Option<Said> {
    let hides = matches!(
        cause,
        Cause::Denied { .. } | Cause::Mcp(McpError::UnknownTool | McpError::Unpinned { .. })
    );
    let (code, message, data) = match &asked.thing {
        Thing::Tool(name) => (INVALID_PARAMS, format!("Unknown tool: {name}"), None),
        Thing::Prompt(name) => (INVALID_PARAMS, format!("Unknown prompt: {name}"), None),
        Thing::Resource(uri) => {
            let code = match asked.revision.era() {
                Era::Legacy => RESOURCE_NOT_FOUND,
                Era::Modern => INVALID_PARAMS,
            };
            (code, "Resource not found".to_owned(), Some(json!({ "uri": uri })))
        }
        Thing::Task(_) => (INVALID_PARAMS, "Task not found".to_owned(), None),
        Thing::Nothing => return None,
    };
    hides.then_some(Said { http: StatusCode::OK, code, message, data })
}

fn plain(cause: &Cause, asked: &Asked) -> Said {
    let status = Status::of(cause);
    let mut http = status.http;
    if matches!(cause, Cause::ContentType) {
        http = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    // With 404, a session of the older revisions would be taken to have ended.
    if matches!(cause, Cause::Mcp(McpError::Method(revision)) if revision.era() == Era::Legacy) {
        http = if asked.id.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    }
    let mut data = None;
    if let Cause::Mcp(McpError::Version(requested)) = cause {
        let supported = Revision::ALL.map(Revision::as_str);
        data = Some(json!({ "supported": supported, "requested": requested }));
    }
    Said { http, code: status.json_rpc, message: status.coarse.to_owned(), data }
}

//! Makes sure, before a tool is called, that it is what it is expected to be.

use std::collections::HashMap;

use bytes::Bytes;
use cloister_attestation::jcs;
use cloister_policy::OperationName;
use http::{HeaderValue, Response};
use http_body_util::BodyExt as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::{Classified, Next};
use super::caller::Caller;
use crate::body::Body;
use crate::end::End;
use crate::limits::{DEFINITIONS_FETCH_MAX, LIST_BYTES_MAX, LIST_PAGES_MAX, TOOLS_MAX};
use crate::mcp::{
    self, Asked, Era, EventReader, McpError, Page, Recalled, Screen, Tool, check_mirrors,
};
use crate::object::Object;
use crate::peek::{collect, is_encoded, media};

/// Checks the tool that is called, and that the headers say what its arguments say.
///
/// SECURITY: a tool of which nothing is known lately has its server's list read for this very
/// caller first: in the same session, with the same credentials.
pub(super) async fn certify<E, S>(
    next: &S,
    call: &Caller<E>,
    screen: &Screen,
) -> Result<(), McpError>
where
    E: End,
    S: Next<Classified<E>>,
{
    let name = call.tool().ok_or(McpError::UnknownTool)?;
    let catalogue = screen.server.catalogue();
    let tool = match catalogue.recall(&screen.viewer, name) {
        Recalled::Tool(tool) => Some(tool),
        Recalled::Absent => None,
        Recalled::Forgotten if catalogue.lets_unknown(name) => return Ok(()),
        Recalled::Forgotten => look(next, call, screen, name).await?,
    };
    match tool {
        Some(Tool { drift: Some(drift), .. }) => Err(drift.refusal()),
        Some(tool) => mirrored(&tool, call, &screen.asked),
        None if catalogue.lets_unknown(name) => Ok(()),
        None => Err(McpError::UnknownTool),
    }
}

/// Checks the headers that mirror arguments; only the era that has them sends them.
fn mirrored<E: End>(tool: &Tool, call: &Caller<E>, asked: &Asked) -> Result<(), McpError> {
    if asked.revision.era() == Era::Legacy || tool.mirrors.is_empty() {
        return Ok(());
    }
    let arguments = asked.arguments.as_ref().map(|raw| jcs::parse(raw.get().as_bytes()));
    let arguments = arguments.transpose().map_err(|_| McpError::HeaderMismatch("mcp-param-*"))?;
    check_mirrors(&tool.mirrors, call.headers(), &arguments.unwrap_or(Value::Null))
}

/// Reads the whole list, unless somebody else of the same view just did.
async fn look<E, S>(
    next: &S,
    call: &Caller<E>,
    screen: &Screen,
    name: &str,
) -> Result<Option<Tool>, McpError>
where
    E: End,
    S: Next<Classified<E>>,
{
    let catalogue = screen.server.catalogue();
    let turn = catalogue.turn(screen.viewer);
    let _turn = turn.lock().await;
    match catalogue.recall(&screen.viewer, name) {
        Recalled::Tool(tool) => return Ok(Some(tool)),
        Recalled::Absent => return Ok(None),
        Recalled::Forgotten => {}
    }
    let generation = catalogue.generation();
    let listed = timeout(DEFINITIONS_FETCH_MAX, listed(next, call, screen, generation));
    let tools = listed.await.map_err(|_| McpError::Definition("its server does not answer"))??;
    let tool = tools.get(name).cloned();
    catalogue.shown_whole(screen.viewer, generation, tools);
    Ok(tool)
}

/// Every tool that the server lists for this caller.
async fn listed<E, S>(
    next: &S,
    call: &Caller<E>,
    screen: &Screen,
    generation: u64,
) -> Result<HashMap<String, Tool>, McpError>
where
    E: End,
    S: Next<Classified<E>>,
{
    let (mut tools, mut cursor) = (HashMap::new(), None);
    for number in 0..LIST_PAGES_MAX {
        let id = format!("cloister-tools-list-{number}");
        let question = question(&screen.asked, &id, cursor.as_deref())?;
        let mut request = call.beside(OperationName::ToolsList, question);
        let method = HeaderValue::from_static("tools/list");
        mcp::mirror_method(request.request.headers_mut(), method);
        let response = next.proceed(request).await;
        let response = response.map_err(|_| McpError::Definition("its server does not answer"))?;
        let page = page(response, &id).await?;
        for (name, definition) in page.tools {
            let (revision, recorder) = (screen.asked.revision, &*screen.recorder);
            let shown = (name.as_str(), &definition);
            let tool = screen.server.judge(revision, generation, shown, recorder);
            // SECURITY: of two tools of one name nobody could say which is called.
            match (tool, tools.remove(&name)) {
                (Some(tool), None) => drop(tools.insert(name, tool)),
                (_, Some(_)) => return Err(McpError::Definition("its server lists it twice")),
                (None, None) => {}
            }
        }
        if tools.len() > TOOLS_MAX {
            break;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
    Err(McpError::Definition("its server's list has no end"))
}

/// `tools/list`, as the caller would ask it.
fn question(asked: &Asked, id: &str, cursor: Option<&str>) -> Result<Bytes, McpError> {
    let cursor = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    let mut params = raw(&cursor)?;
    if let Some(meta) = &asked.meta {
        params = with_metadata(&params, meta)?;
    }
    Ok(Bytes::from(format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"method\":\"tools/list\",\"params\":{params}}}"
    )))
}

const UNWRITABLE: McpError = McpError::Definition("the call's metadata has two readings");

fn raw(value: &Value) -> Result<Box<RawValue>, McpError> {
    serde_json::value::to_raw_value(value).map_err(|_| UNWRITABLE)
}

/// The caller's own metadata, but for what is about this one call.
fn with_metadata(params: &RawValue, meta: &RawValue) -> Result<Box<RawValue>, McpError> {
    let mut meta = Object::read(meta).map_err(|_| UNWRITABLE)?;
    meta.remove("progressToken");
    let meta = meta.to_raw().map_err(|_| UNWRITABLE)?;
    let mut params = Object::read(params).map_err(|_| UNWRITABLE)?;
    params.set("_meta", meta);
    params.to_raw().map_err(|_| UNWRITABLE)
}

/// The page that an answer holds.
async fn page(response: Response<Body>, id: &str) -> Result<Page, McpError> {
    let unusable = McpError::Definition("its server answered `tools/list` with no list");
    let (head, body) = response.into_parts();
    if !head.status.is_success() || is_encoded(&head.headers) {
        return Err(unusable);
    }
    let answer = match media(&head.headers) {
        "application/json" => collect(body, LIST_BYTES_MAX).await.ok(),
        "text/event-stream" => answer_to(body, id).await,
        _ => None,
    };
    answer.and_then(|answer| Page::of_response(&answer)).ok_or(unusable)
}

/// The answer to the request of this id, in a stream of events.
async fn answer_to(mut body: Body, id: &str) -> Option<Bytes> {
    let (mut reader, wanted) = (EventReader::default(), format!("\"{id}\""));
    loop {
        let data = body.frame().await?.ok()?.into_data().ok()?;
        reader.push(&data).ok()?;
        while let Some(event) = reader.next_event().ok()? {
            let Some(data) = event.data else { continue };
            let is_answer = Object::parse(data.as_bytes()).is_ok_and(|message| {
                message.has("result") && message.get("id").is_some_and(|it| it.get() == wanted)
            });
            if is_answer {
                return Some(Bytes::from(data));
            }
        }
    }
}

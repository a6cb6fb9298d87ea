//! How the server answers.
#![expect(deprecated, reason = "clients of the older revisions use what the newest one gives up")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerConfig, ServerNotification, ServerRequest, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::offer::OFFER;
use super::rounds;

const PAUSE: Duration = Duration::from_millis(50);

type Context = RequestContext<RoleServer>;

/// A list that has changed.
#[derive(Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

/// The server. Every session has a clone of it.
#[derive(Clone)]
pub(super) struct Everything {
    changes: broadcast::Sender<Change>,
    cancelled: Arc<AtomicUsize>,
}

impl Default for Everything {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(16), cancelled: Arc::default() }
    }
}

impl Everything {
    pub(super) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// What a tool does beside answering.
    async fn act(&self, tool: &str, context: &Context) -> Result<(), ErrorData> {
        match tool {
            "test_tool_with_logging" => told(context, LoggingLevel::Info).await?,
            "test_tool_with_progress" => progressed(context).await?,
            "test_logging_tool" => {
                if let Some(level) = context.meta.log_level() {
                    told(context, level).await?;
                }
            }
            "test_reconnection" => tokio::time::sleep(PAUSE * 2).await,
            "test_missing_capability" => can_sample(context)?,
            "test_trigger_tool_change" => self.change(Change::Tools),
            "test_trigger_prompt_change" => self.change(Change::Prompts),
            "wait" => {
                context.ct.cancelled().await;
                self.cancelled.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
        Ok(())
    }

    /// Nobody may be listening.
    fn change(&self, change: Change) {
        drop(self.changes.send(change));
    }
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(OFFER.capabilities.clone())
            .with_server_info(Implementation::new("everything", "1.0.0"))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(OFFER.tools.clone()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        OFFER.tools.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        if let Some(question) = OFFER.questions.get(name) {
            return Ok(asked(question, &context).await?.into());
        }
        let client = context.client_capabilities().unwrap_or_default();
        let answers = request.input_responses.unwrap_or_default();
        if let Some(needed) =
            rounds::needed(name, &answers, request.request_state.as_deref(), &client)?
        {
            return Ok(needed.into());
        }
        self.act(name, &context).await?;
        let answer = OFFER.answer::<CallToolResult>(name).map(Into::into);
        answer.ok_or_else(|| ErrorData::invalid_params(format!("Unknown tool: {name}"), None))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(OFFER.resources.clone()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(OFFER.templates.clone()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let unknown =
            || ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })));
        let content = OFFER.content(uri).ok_or_else(unknown)?;
        let content = serde_json::from_value(content).unwrap();
        Ok(ReadResourceResult::new(vec![content]).into())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(OFFER.prompts.clone()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let client = context.client_capabilities().unwrap_or_default();
        let answers = request.input_responses.unwrap_or_default();
        let state = request.request_state.as_deref();
        if let Some(needed) = rounds::needed(&request.name, &answers, state, &client)? {
            return Ok(needed.into());
        }
        let arguments = request.arguments.unwrap_or_default();
        let prompt: Option<GetPromptResult> = OFFER.messages(&request.name, arguments);
        prompt.map(Into::into).ok_or_else(|| {
            ErrorData::invalid_params(format!("Unknown prompt: {}", request.name), None)
        })
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            let (sink, accepted) = (subscription.sink(), subscription.accepted());
            let sent = match change {
                Ok(Change::Tools) if accepted.tools_list_changed == Some(true) => {
                    sink.notify_tool_list_changed().await
                }
                Ok(Change::Prompts) if accepted.prompts_list_changed == Some(true) => {
                    sink.notify_prompt_list_changed().await
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                return Ok(());
            }
        }
    }
}

/// What the client answers to a question of the legacy era.
async fn asked(question: &Value, context: &Context) -> Result<CallToolResult, ErrorData> {
    let request: ServerRequest = serde_json::from_value(question.clone()).unwrap();
    let said = match context.peer.send_request(request).await {
        Ok(answer) => format!("The client answered: {}", serde_json::to_string(&answer).unwrap()),
        Err(error) => {
            return Ok(CallToolResult::error(vec![ContentBlock::text(error.to_string())]));
        }
    };
    Ok(CallToolResult::success(vec![ContentBlock::text(said)]))
}

async fn told(context: &Context, level: LoggingLevel) -> Result<(), ErrorData> {
    for data in ["started", "processing", "completed"] {
        let params = json!({ "level": level, "logger": "everything", "data": data });
        notify(context, "notifications/message", params).await?;
    }
    Ok(())
}

async fn progressed(context: &Context) -> Result<(), ErrorData> {
    let Some(token) = context.meta.get_progress_token() else { return Ok(()) };
    for progress in [0, 50, 100] {
        let params = json!({ "progressToken": token, "progress": progress, "total": 100 });
        notify(context, "notifications/progress", params).await?;
    }
    Ok(())
}

async fn notify(context: &Context, method: &str, params: Value) -> Result<(), ErrorData> {
    let notification = json!({ "method": method, "params": params });
    let notification: ServerNotification = serde_json::from_value(notification).unwrap();
    let sent = context.peer.send_notification(notification).await;
    sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

fn can_sample(context: &Context) -> Result<(), ErrorData> {
    let client = context.client_capabilities().unwrap_or_default();
    if client.sampling.is_some() {
        return Ok(());
    }
    let sampling: ClientCapabilities = serde_json::from_value(json!({ "sampling": {} })).unwrap();
    Err(ErrorData::missing_required_client_capability(sampling))
}

//! A planner with a webhook and a translator that notifies it, each behind a gateway for both
//! directions, joined without sockets.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use cloister_gateway::{
    AgentName, Body, BoxFuture, Channel, DialError, DialFailure, Dialer, Inbound, InboundOptions,
    Outbound, OutboundOptions, Pushes, Recorder, Vouch, WebhookPorts, full,
};
use cloister_policy::Subject;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::agent::{Agent, Handler, card};
use crate::network::{
    EVERYTHING, called, failure, json_of, local, no_lease, planner, policy, translator, whole,
};
use crate::notes::Notes;
use crate::vouch::{PLANNER, TRANSLATOR};

/// The task that every message to the translator makes.
pub(crate) const TASK: &str = "made";
pub(crate) const TOKEN: &str = "t0ken-of-the-webhook";
pub(crate) const CREDENTIALS: &str = "cr3dentials-of-the-webhook";

const SURFACE_OF_PLANNER: u16 = 4600;
const SURFACE_OF_TRANSLATOR: u16 = 4700;

/// A channel that hands requests to the other side's gateway.
pub(crate) struct Line {
    me: Subject,
    there: Mutex<Subject>,
    inbound: OnceLock<Inbound>,
    /// Requests that crossed: path and body.
    crossed: Mutex<Vec<(String, Bytes)>>,
    /// Dials that are to fail.
    down: AtomicUsize,
}

impl Line {
    fn new(me: Subject, there: Subject) -> Arc<Self> {
        Arc::new(Self {
            me,
            there: Mutex::new(there),
            inbound: OnceLock::new(),
            crossed: Mutex::default(),
            down: AtomicUsize::new(0),
        })
    }

    /// Somebody else of the same name answers from now on.
    pub(crate) fn answered_by(&self, somebody: Subject) {
        *self.there.lock().unwrap() = somebody;
    }

    /// The next dials fail.
    pub(crate) fn fails(&self, dials: usize) {
        self.down.store(dials, Ordering::Relaxed);
    }

    /// Requests that crossed to a path that begins like this.
    pub(crate) fn crossed(&self, path: &str) -> Vec<Bytes> {
        let crossed = self.crossed.lock().unwrap();
        let there = crossed.iter().filter(|(to, _)| to.starts_with(path));
        there.map(|(_, body)| body.clone()).collect()
    }

    /// The paths of deliveries that crossed.
    pub(crate) fn references(&self) -> Vec<String> {
        let crossed = self.crossed.lock().unwrap();
        let paths = crossed.iter().map(|(path, _)| path.clone());
        paths.filter(|path| path.starts_with("/cloister/push/")).collect()
    }
}

#[derive(Clone)]
struct OnLine(Arc<Line>);

impl Channel for OnLine {
    fn peer(&self) -> Arc<Subject> {
        Arc::new(self.0.there.lock().unwrap().clone())
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| failure(DialFailure::Interrupted))?;
            let body = body.to_bytes();
            let crossing = (head.uri.path().to_owned(), body.clone());
            self.0.crossed.lock().unwrap().push(crossing);
            let request = Request::from_parts(head, full(body));
            Ok(self.0.inbound.get().unwrap().call(Arc::new(self.0.me.clone()), request).await)
        })
    }
}

impl Dialer for OnLine {
    fn dial<'a>(&'a self, _: &'a AgentName) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        let left = self.0.down.load(Ordering::Relaxed);
        self.0.down.store(left.saturating_sub(1), Ordering::Relaxed);
        let dialled: Arc<dyn Channel> = Arc::new(self.clone());
        let dialled = if left > 0 { Err(failure(DialFailure::Unreachable)) } else { Ok(dialled) };
        Box::pin(async move { dialled })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        None
    }
}

/// One agent's gateway, both directions of it.
pub(crate) struct Side {
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) pushes: Arc<Pushes>,
    pub(crate) notes: Arc<Notes>,
    /// To the other side.
    pub(crate) line: Arc<Line>,
}

pub(crate) struct Pair {
    pub(crate) planner: Side,
    pub(crate) translator: Side,
    pub(crate) webhook: Agent,
    /// What the translator's agent was sent.
    pub(crate) asked: Arc<Mutex<Vec<Bytes>>>,
}

impl Pair {
    pub(crate) async fn open() -> Self {
        Self::governed(EVERYTHING, EVERYTHING).await
    }

    /// With policies at the planner and at the translator.
    pub(crate) async fn governed(planners: &str, translators: &str) -> Self {
        let webhook = Agent::echo().await;
        let asked = Arc::<Mutex<Vec<Bytes>>>::default();
        let agent = Agent::serving(both_versions, keeper(Arc::clone(&asked))).await;
        let ports = WebhookPorts::from_iter([webhook.address.port()]);
        let planner = side(
            (planner(), translator()),
            (webhook.address, SURFACE_OF_PLANNER),
            (planners, ports),
            Arc::clone(&PLANNER) as Arc<dyn Vouch>,
        );
        let translator = side(
            (translator(), self::planner()),
            (agent.address, SURFACE_OF_TRANSLATOR),
            (translators, WebhookPorts::default()),
            Arc::clone(&TRANSLATOR) as Arc<dyn Vouch>,
        );
        planner.line.inbound.set(translator.inbound.clone()).unwrap_or_else(|_| panic!("once"));
        translator.line.inbound.set(planner.inbound.clone()).unwrap_or_else(|_| panic!("once"));
        Self { planner, translator, webhook, asked }
    }

    /// Where the planner's agent wants to be notified.
    pub(crate) fn hook(&self) -> String {
        format!("http://{}/hook?of=planner", self.webhook.address)
    }

    /// A configuration of version 1.0 with everything that it may have.
    pub(crate) fn config(&self) -> Value {
        let authentication = json!({"scheme": "Bearer", "credentials": CREDENTIALS});
        json!({"url": self.hook(), "token": TOKEN, "authentication": authentication})
    }

    /// One JSON-RPC call of the planner's agent to the translator.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Request::post("/agents/translator/a2a/jsonrpc")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("accept-encoding", "gzip")
            .body(full(body.to_string()));
        json_of(self.planner.outbound.call(request.unwrap()).await).await.1
    }

    /// A message that makes the task and brings a configuration.
    pub(crate) async fn send(&self, config: Value) -> Value {
        let configuration = json!({"taskPushNotificationConfig": config});
        self.call("SendMessage", json!({"message": {}, "configuration": configuration})).await
    }

    /// The URL that the translator's agent has been given last.
    pub(crate) fn given(&self) -> String {
        let asked = self.asked.lock().unwrap();
        let body: Value = serde_json::from_slice(asked.last().unwrap()).unwrap();
        url_in(&body).unwrap()
    }

    /// What the translator's agent posts to its runtime.
    pub(crate) async fn post(&self, url: &str, body: impl Into<Bytes>) -> StatusCode {
        let request = Request::post(url).header("content-type", "application/json");
        let request = request.header("x-a2a-notification-token", "forged").body(full(body));
        whole(self.translator.outbound.call(request.unwrap()).await).await.0
    }

    /// The bodies that the webhook got, once there are so many.
    pub(crate) async fn delivered(&self, count: usize) -> Vec<Bytes> {
        while self.webhook.seen().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.webhook.seen().into_iter().map(|seen| seen.body).collect()
    }
}

/// The first `url` of a request.
fn url_in(value: &Value) -> Option<String> {
    let Value::Object(members) = value else { return None };
    let here = members.get("url").and_then(Value::as_str).map(str::to_owned);
    here.or_else(|| members.values().find_map(url_in))
}

/// A status of a task of the translator's.
pub(crate) fn notice(task: &str, state: &str) -> String {
    format!(
        r#"{{"statusUpdate": {{"taskId": "{task}", "status": {{"state": "{state}" , "x" : 1.0}}}}}}"#
    )
}

fn side(
    (me, there): (Subject, Subject),
    (agent, surface): (SocketAddr, u16),
    (policies, ports): (&str, WebhookPorts),
    vouch: Arc<dyn Vouch>,
) -> Side {
    let notes = Arc::<Notes>::default();
    let line = Line::new(me.clone(), there);
    let pushes = Arc::new(Pushes::new(([127, 0, 0, 1], surface).into(), ports));
    let inbound = Inbound::new(InboundOptions {
        local: local(&me),
        pushes: Arc::clone(&pushes),
        vouch: Arc::clone(&vouch),
        recorder: Arc::clone(&notes) as Arc<dyn Recorder>,
        ..called(agent, policies)
    });
    let outbound = Outbound::new(OutboundOptions {
        local: local(&me),
        policy: policy(policies),
        dialer: Arc::new(OnLine(Arc::clone(&line))),
        doors: None,
        vouch,
        pushes: Arc::clone(&pushes),
        servers: Arc::default(),
        recorder: Arc::clone(&notes) as Arc<dyn Recorder>,
        delegations: no_lease(),
    });
    Side { inbound, outbound, pushes, notes, line }
}

/// A card of both versions over JSON-RPC, and of the current one over HTTP+JSON.
fn both_versions(address: SocketAddr) -> Value {
    let mut card = card(address);
    card["capabilities"]["pushNotifications"] = json!(true);
    card["supportedInterfaces"].as_array_mut().unwrap().push(json!({
        "url": format!("http://{address}/a2a/jsonrpc"),
        "protocolBinding": "JSONRPC",
        "protocolVersion": "0.3",
    }));
    card
}

/// An agent that keeps configurations as they come, and makes one task of every message.
fn keeper(asked: Arc<Mutex<Vec<Bytes>>>) -> Handler {
    let kept = Arc::<Mutex<Vec<Value>>>::default();
    let handler: Handler = Arc::new(move |request: Request<Incoming>| {
        let (asked, kept) = (Arc::clone(&asked), Arc::clone(&kept));
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let method = request.method().clone();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            asked.lock().unwrap().push(body);
            let answer = if said["jsonrpc"].is_string() {
                let method = said["method"].as_str().unwrap();
                match answered(&kept, method, &said["params"]) {
                    Some(result) => json!({"jsonrpc": "2.0", "id": said["id"], "result": result}),
                    None => json!({"jsonrpc": "2.0", "id": said["id"], "error": {"code": -32003}}),
                }
            } else {
                let name = match (method.as_str(), path.ends_with("pushNotificationConfigs")) {
                    ("POST", true) => "CreateTaskPushNotificationConfig",
                    ("GET", true) => "ListTaskPushNotificationConfigs",
                    ("GET", false) => "GetTaskPushNotificationConfig",
                    _ => "SendMessage",
                };
                answered(&kept, name, &said).unwrap()
            };
            let response = Response::builder().header("content-type", "application/json");
            response.body(full(answer.to_string())).unwrap()
        })
    });
    handler
}

fn answered(kept: &Mutex<Vec<Value>>, method: &str, params: &Value) -> Option<Value> {
    let mut kept = kept.lock().unwrap();
    let named = |mut config: Value| {
        let inner = match config.get_mut("pushNotificationConfig") {
            Some(inner) => inner,
            None => &mut config,
        };
        if inner["id"].is_null() {
            inner["id"] = json!("named-by-the-agent");
        }
        config
    };
    match method {
        "SendMessage" | "message/send" => {
            let message = &params["message"];
            if message["metadata"]["refuse"] == json!(true) {
                return None;
            }
            let configuration = &params["configuration"];
            let config = &configuration["taskPushNotificationConfig"];
            if config.is_object() {
                kept.push(named(config.clone()));
            }
            let task = json!({"id": TASK, "contextId": "c", "kind": "task"});
            Some(if method == "SendMessage" { json!({"task": task}) } else { task })
        }
        "CreateTaskPushNotificationConfig" | "tasks/pushNotificationConfig/set" => {
            kept.push(named(params.clone()));
            kept.last().cloned()
        }
        "GetTaskPushNotificationConfig" | "tasks/pushNotificationConfig/get" => {
            kept.last().cloned()
        }
        "ListTaskPushNotificationConfigs" => Some(json!({"configs": *kept})),
        "tasks/pushNotificationConfig/list" => Some(json!(*kept)),
        "DeleteTaskPushNotificationConfig" => Some(json!({})),
        _ => None,
    }
}

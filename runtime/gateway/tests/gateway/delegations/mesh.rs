//! Three runtimes of one trust domain, joined by channels that attest what they are told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::time::UnixTime;
use cloister_channel::trust::Revocation;
use cloister_channel::{Credentials, Peer, TrustBundle};
use cloister_domain::world::{NOW, World, agent, at};
use cloister_gateway::{
    AgentName, Body, BoxFuture, Channel, Delegations, DialError, DialFailure, Dialer, Inbound,
    InboundOptions, Membership, Outbound, OutboundOptions, Recorder, Terms, Vouch, full, subject,
};
use cloister_policy::{PolicyBundle, Subject};
use http::{Request, Response};

use crate::agent::Agent;
use crate::network::{called, local, no_pushes, policy};
use crate::notes::Notes;
use crate::vouch::TRANSLATOR;

pub(super) const MESSAGE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"1","role":"ROLE_USER","parts":[{"text":"x"}]}}}"#;

/// Time and trust that all of them share.
struct Common {
    now: AtomicU64,
    trust: RwLock<Arc<TrustBundle>>,
}

struct Runtime {
    credentials: Arc<Credentials>,
    agent: Agent,
    inbound: Inbound,
    outbound: Outbound,
    calling: Arc<Notes>,
    called: Arc<Notes>,
}

pub(super) struct Mesh {
    common: Arc<Common>,
    runtimes: Arc<OnceLock<BTreeMap<&'static str, Runtime>>>,
}

/// A runtime's standing.
struct Standing {
    common: Arc<Common>,
    credentials: Arc<Credentials>,
}

impl Membership for Standing {
    fn terms(&self) -> Option<Terms> {
        let trust = self.common.trust.read().unwrap_or_else(PoisonError::into_inner);
        Some(Terms {
            credentials: Arc::clone(&self.credentials),
            trust: Arc::clone(&trust),
            now: UnixTime::from_secs(self.common.now.load(Ordering::Relaxed)),
        })
    }
}

fn attested(credentials: &Credentials) -> Arc<Subject> {
    Arc::new(subject(&Peer::from(credentials.lease())))
}

struct Known {
    own: Arc<Subject>,
    runtimes: Arc<OnceLock<BTreeMap<&'static str, Runtime>>>,
}

impl Dialer for Known {
    fn dial<'a>(
        &'a self,
        agent: &'a AgentName,
    ) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        let found = self.runtimes.get().unwrap().get(agent.as_str()).map(|runtime| Joined {
            caller: Arc::clone(&self.own),
            peer: attested(&runtime.credentials),
            inbound: runtime.inbound.clone(),
        });
        let unknown = PolicyBundle::parse(b"\xff").unwrap_err();
        Box::pin(async move {
            let joined =
                found.ok_or_else(|| DialError::new(DialFailure::UnknownAgent, &unknown))?;
            Ok(Arc::new(joined) as Arc<dyn Channel>)
        })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        Some(Arc::clone(&self.own))
    }
}

/// A channel without a network.
struct Joined {
    caller: Arc<Subject>,
    peer: Arc<Subject>,
    inbound: Inbound,
}

impl Channel for Joined {
    fn peer(&self) -> Arc<Subject> {
        Arc::clone(&self.peer)
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        Box::pin(async move { Ok(self.inbound.call(Arc::clone(&self.caller), request).await) })
    }
}

impl Mesh {
    /// A planner, a translator and a printer, each under the same policy.
    pub(super) async fn open(policies: &str) -> Self {
        let world = World::new();
        let trust = RwLock::new(Arc::new(world.trust()));
        let common = Arc::new(Common { now: AtomicU64::new(NOW.as_secs()), trust });
        let runtimes = Arc::new(OnceLock::new());
        let mut all = BTreeMap::new();
        for name in ["planner", "translator", "printer"] {
            let credentials = world.runtime(name);
            all.insert(name, runtime(&common, &runtimes, credentials, policies).await);
        }
        assert!(runtimes.set(all).is_ok());
        Self { common, runtimes }
    }

    fn runtime(&self, name: &str) -> &Runtime {
        &self.runtimes.get().unwrap()[name]
    }

    pub(super) fn agent(&self, name: &str) -> &Agent {
        &self.runtime(name).agent
    }

    pub(super) fn credentials(&self, name: &str) -> &Credentials {
        &self.runtime(name).credentials
    }

    /// On record at a runtime whose agent called.
    pub(super) fn calling(&self, name: &str) -> &Notes {
        &self.runtime(name).calling
    }

    /// On record at a runtime that was called.
    pub(super) fn called(&self, name: &str) -> &Notes {
        &self.runtime(name).called
    }

    pub(super) fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.common.now.load(Ordering::Relaxed))
    }

    pub(super) fn pass(&self, time: Duration) {
        self.common.now.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// Takes an agent's lease away, as every runtime hears.
    pub(super) fn revoke(&self, name: &str) {
        let mut trust = self.common.trust.write().unwrap();
        let mut newer = TrustBundle::clone(&trust);
        let why = Revocation {
            agent: agent(name),
            reason: "agent.quarantined".into(),
            forget_after: at(3600),
        };
        newer.revoke(self.credentials(name).lease().claims().instance(), why).unwrap();
        *trust = Arc::new(newer);
    }

    /// The agent of `from` sends a message to `to` with these headers.
    pub(super) async fn call(
        &self,
        from: &str,
        to: &str,
        headers: &[(&str, &str)],
    ) -> Response<Body> {
        let request = request(&format!("/agents/{to}/a2a/jsonrpc"), headers);
        self.runtime(from).outbound.call(request).await
    }

    /// A runtime that does not keep the rules presents `chain` with a message.
    pub(super) async fn present(&self, by: &str, to: &str, chain: &[u8]) -> Response<Body> {
        let chain = URL_SAFE_NO_PAD.encode(chain);
        let request = request("/a2a/jsonrpc", &[("cloister-delegation", &chain)]);
        self.runtime(to).inbound.call(attested(self.credentials(by)), request).await
    }
}

fn request(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("a2a-version", "1.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(full(MESSAGE)).unwrap()
}

async fn runtime(
    common: &Arc<Common>,
    runtimes: &Arc<OnceLock<BTreeMap<&'static str, Runtime>>>,
    credentials: Arc<Credentials>,
    policies: &str,
) -> Runtime {
    let own = attested(&credentials);
    let agent = Agent::echo().await;
    let (calling, called_notes) = (Arc::<Notes>::default(), Arc::<Notes>::default());
    let standing = Standing { common: Arc::clone(common), credentials: Arc::clone(&credentials) };
    let delegations = Arc::new(Delegations::new(Arc::new(standing)));
    let inbound = Inbound::new(InboundOptions {
        local: local(&own),
        recorder: Arc::clone(&called_notes) as Arc<dyn Recorder>,
        delegations: Arc::clone(&delegations),
        ..called(agent.address, policies)
    });
    let outbound = Outbound::new(OutboundOptions {
        local: local(&own),
        policy: policy(policies),
        dialer: Arc::new(Known { own, runtimes: Arc::clone(runtimes) }),
        doors: None,
        vouch: Arc::clone(&TRANSLATOR) as Arc<dyn Vouch>,
        pushes: no_pushes(),
        servers: Arc::default(),
        recorder: Arc::clone(&calling) as Arc<dyn Recorder>,
        delegations,
    });
    Runtime { credentials, agent, inbound, outbound, calling, called: called_notes }
}

//! What a runtime is made of, built and not yet running.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_attester::Attester;
use cloister_audit::record::Began;
use cloister_channel::tls::{self, Demands, KeyExchange};
use cloister_channel::{AgentName, IdentityKey};
use cloister_gateway::{
    AgentAddress, AgentPorts, Delegations, Inbound, InboundOptions, OriginPolicy, Outbound,
    OutboundOptions, Pushes, Recorder, ToolServers, Vouch, WebhookPorts,
};
use cloister_policy::{InForce, LocalAgent, PolicyBundle};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::BootError;
use crate::addresses::Addresses;
use crate::agent::Enclosure;
use crate::attest;
use crate::audit::{AuditLog, AuditLogError, Owner};
use crate::channels::{
    ChannelTable, Dialler, DiallerOptions, Freshness, Judge, Listener, ListenerOptions, PeerTable,
    Visitors,
};
use crate::clock::Clock;
use crate::config::{self, AgentConfig, NodeConfig};
use crate::document::Documents;
use crate::doors::Doors;
use crate::enrol::Enroller;
use crate::fence::Fence;
use crate::limits::{
    DOCUMENT_EVIDENCE_BURST, DOCUMENT_EVIDENCE_INTERVAL, SESSION_EVIDENCE_BURST,
    SESSION_EVIDENCE_INTERVAL,
};
use crate::loopback::Loopback;
use crate::membership::Membership;
use crate::operator::Operator;
use crate::press::{Press, Quota};
use crate::published::Published;
use crate::serve::{Bound, bind};
use crate::showing::Showing;
use crate::state::State;
use crate::supervisor::Board;
use crate::tools::{self, Ground};
use crate::verifier::Verifier;
use crate::vouch::CardVoucher;
use crate::watch::Watch;
use crate::workload::{Declared, declare};

/// The bound addresses.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) listen: Bound,
    pub(super) surface: Bound,
    pub(super) operator: Bound,
    pub(super) agent: AgentPorts,
    /// Where declared destinations are reached from behind the fence, if there are any.
    pub(super) egress: Option<Bound>,
    /// Where the agent is.
    pub(super) loopback: Loopback,
}

impl Ports {
    pub(super) async fn bind(
        agent: &AgentConfig,
        node: &NodeConfig,
        fence: Option<&Fence>,
    ) -> Result<Self, BootError> {
        let loopback = fence.map_or(Loopback::Shared, Fence::loopback);
        let workload = &agent.workload;
        let way_out = fence.filter(|_| !agent.fence.egress.is_empty());
        let egress = match way_out {
            Some(_) => Some(loopback.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?),
            None => None,
        };
        Ok(Self {
            listen: bind(node.listen).await?,
            surface: loopback.bind(node.surface).await?,
            operator: bind(node.operator).await?,
            agent: agent_ports(workload.a2a_port, workload.grpc_port, &loopback).await?,
            egress,
            loopback,
        })
    }

    /// How the agent and what is beside it are reached.
    fn beside(&self) -> Arc<dyn cloister_gateway::Loopback> {
        Arc::new(self.loopback.clone())
    }

    fn agent(&self) -> (SocketAddr, Loopback) {
        (self.agent.http.get(), self.loopback.clone())
    }

    pub(super) const fn addresses(&self) -> Addresses {
        Addresses {
            listen: self.listen.address,
            surface: self.surface.address,
            operator: self.operator.address,
            agent: self.agent.http.get(),
        }
    }
}

/// Where the agent will serve. A port that the runtime chooses is free at this moment; the agent
/// binds it, since the runtime cannot hand over a socket.
async fn agent_ports(
    http: u16,
    grpc: Option<u16>,
    loopback: &Loopback,
) -> Result<AgentPorts, BootError> {
    // Held until all are chosen, so that they differ.
    let mut chosen = Vec::new();
    let http = agent_address(http, &mut chosen, loopback).await?;
    let grpc = match grpc {
        Some(port) => agent_address(port, &mut chosen, loopback).await?,
        None => http,
    };
    Ok(AgentPorts { http, grpc })
}

async fn agent_address(
    port: u16,
    chosen: &mut Vec<Bound>,
    loopback: &Loopback,
) -> Result<AgentAddress, BootError> {
    let wanted = SocketAddr::from(([127, 0, 0, 1], port));
    if port != 0 {
        return Ok(AgentAddress::try_from(wanted)?);
    }
    let bound = loopback.bind(wanted).await?;
    let address = bound.address;
    chosen.push(bound);
    Ok(AgentAddress::try_from(address)?)
}

/// Everything that [`super::Runtime`] sets in motion.
pub(super) struct Parts {
    pub(super) state: Arc<State>,
    pub(super) membership: Membership,
    pub(super) watch: Watch,
    pub(super) showing: Showing,
    /// What the Verifier publishes, and where it is asked for.
    pub(super) published: (Arc<Published>, Verifier),
    pub(super) listener: Listener,
    pub(super) outbound: Outbound,
    pub(super) operator: Operator,
    pub(super) board: Arc<Board>,
    pub(super) connections: TaskTracker,
    /// Processes of tool servers.
    pub(super) processes: TaskTracker,
    /// Doors that were opened, to be served.
    pub(super) opened: mpsc::Receiver<Bound>,
}

impl Parts {
    pub(super) async fn build(
        agent: &AgentConfig,
        node: &NodeConfig,
        ports: &Ports,
        enclosure: Enclosure,
        clock: Clock,
    ) -> Result<Self, BootError> {
        let attester = Arc::new(open_attester(node)?);
        let identity = Arc::new(IdentityKey::generate()?);
        let declared = Arc::new(declared(agent, &identity).await?);
        let addresses = ports.addresses();
        let clock = Arc::new(clock);
        let audit = Arc::new(audit(agent, node, (&identity, &declared), &clock).await?);
        let state = state(agent, node, &clock, &audit);
        let judge = judge(agent, &declared, &audit)?;
        let verifier = Verifier::new(node, &agent.verifier, Arc::clone(&clock));
        let (documents, freshness) = evidence(agent, &state, &verifier, &attester, &declared);
        let endpoint = node.advertise.clone().unwrap_or_else(|| addresses.listen.to_string());
        let cards = Cards::new(agent, &state, &identity, &endpoint)?;
        let enroller = Enroller {
            verifier: verifier.clone(),
            attester,
            identity,
            audit,
            declared,
            endpoint,
            clock,
            expected: agent.into(),
        };
        let published = published(agent, &state, &judge)?;
        let connections = TaskTracker::new();
        let peers = Arc::new(PeerTable::new(&node.limits, Arc::clone(state.events())));
        let dialler = Dialler::new(DiallerOptions {
            state: Arc::clone(&state),
            peers: Arc::clone(&peers),
            verifier: verifier.clone(),
            freshness: Arc::clone(&freshness),
            judge: Arc::clone(&judge),
            limits: node.limits,
            tasks: connections.clone(),
        });
        let (doors, opened) = Doors::new(addresses.surface.port(), ports.loopback.clone());
        let ground = Ground { enclosure, phase: state.phase(), processes: TaskTracker::new() };
        let servers = servers(agent, &ground, ports)?;
        let (inbound, outbound) =
            gateways(&judge, &state, (agent, ports), dialler, doors, cards, &servers);
        let board = Arc::<Board>::default();
        Ok(Self {
            membership: membership(enroller, &published, &state, node),
            showing: Showing::new(verifier.clone(), Arc::clone(&state)),
            watch: Watch::new(&verifier, &state, &published),
            published: (published, verifier),
            listener: Listener::new(ListenerOptions {
                state: Arc::clone(&state),
                judge,
                gateway: inbound,
                documents,
                freshness,
                visitors: visitors(agent),
                limits: node.limits,
            }),
            operator: Operator::new(&state, peers, &board, (ports.agent(), servers)),
            outbound,
            state,
            board,
            connections,
            processes: ground.processes,
            opened,
        })
    }
}

fn servers(
    agent: &AgentConfig,
    ground: &Ground,
    ports: &Ports,
) -> Result<Arc<ToolServers>, BootError> {
    let servers = tools::servers(agent, ground)?;
    Ok(Arc::new(ToolServers::within(&ports.beside(), servers)))
}

fn judge(
    agent: &AgentConfig,
    declared: &Declared,
    audit: &Arc<AuditLog>,
) -> Result<Arc<Judge>, BootError> {
    let policy = Arc::new(InForce::new(PolicyBundle::parse(&declared.policy)?)?);
    Ok(Arc::new(Judge { local: local_agent(agent), policy, audit: Arc::clone(audit) }))
}

fn state(
    agent: &AgentConfig,
    node: &NodeConfig,
    clock: &Arc<Clock>,
    audit: &Arc<AuditLog>,
) -> Arc<State> {
    let channels = Arc::new(ChannelTable::new(node.limits.channels_max));
    Arc::new(State::new(Arc::clone(clock), demands(agent), channels, Arc::clone(audit)))
}

/// What becomes of the policies that the Verifier publishes, as the measured configuration says.
fn published(
    agent: &AgentConfig,
    state: &Arc<State>,
    judge: &Arc<Judge>,
) -> Result<Arc<Published>, BootError> {
    let name = AgentName::new(&agent.agent.name)?;
    let (state, judge) = (Arc::clone(state), Arc::clone(judge));
    Ok(Arc::new(Published::new(agent.policy_source, name, state, judge)))
}

/// What the gateway needs for cards.
struct Cards {
    origin: Arc<OriginPolicy>,
    vouch: Arc<dyn Vouch>,
}

impl Cards {
    fn new(
        agent: &AgentConfig,
        state: &Arc<State>,
        identity: &IdentityKey,
        endpoint: &str,
    ) -> Result<Self, BootError> {
        Ok(Self {
            origin: Arc::new(agent.card.clone()),
            vouch: Arc::new(CardVoucher::new(Arc::clone(state), identity, endpoint)?),
        })
    }
}

fn membership(
    enroller: Enroller,
    published: &Arc<Published>,
    state: &Arc<State>,
    node: &NodeConfig,
) -> Membership {
    let (published, state) = (Arc::clone(published), Arc::clone(state));
    Membership { enroller, state, published, on_refusal: node.on_refusal }
}

/// Where the agent may be notified, and where it posts the notifications of others: at its own ports,
/// unless the measured file says otherwise, and at the surface.
fn pushes(config: &AgentConfig, ports: &Ports) -> Pushes {
    let agent = ports.agent;
    let own = || [agent.http, agent.grpc].iter().map(|at| at.get().port()).collect();
    let permitted: WebhookPorts = config.webhooks.clone().unwrap_or_else(own);
    Pushes::new(ports.surface.address, permitted)
}

/// The gateway in both directions, under one policy.
fn gateways(
    judge: &Judge,
    state: &Arc<State>,
    (config, ports): (&AgentConfig, &Ports),
    dialler: Dialler,
    doors: Doors,
    cards: Cards,
    servers: &Arc<ToolServers>,
) -> (Inbound, Outbound) {
    let Judge { local, policy, audit } = judge;
    let pushes = Arc::new(pushes(config, ports));
    let recorder: Arc<dyn Recorder> = audit.clone();
    let delegations = Arc::new(Delegations::new(state.clone()));
    let options = InboundOptions {
        local: local.clone(),
        agent: ports.agent,
        policy: Arc::clone(policy),
        origin: cards.origin,
        vouch: Arc::clone(&cards.vouch),
        owners: Arc::default(),
        pushes: Arc::clone(&pushes),
        servers: Arc::clone(servers),
        recorder: Arc::clone(&recorder),
        delegations: Arc::clone(&delegations),
    };
    let inbound = Inbound::new(options).within(&ports.beside());
    let outbound = Outbound::new(OutboundOptions {
        local: local.clone(),
        policy: Arc::clone(policy),
        dialer: Arc::new(dialler),
        doors: Some(Arc::new(doors)),
        vouch: cards.vouch,
        pushes,
        servers: Arc::clone(servers),
        recorder,
        delegations,
    });
    (inbound, outbound)
}

fn open_attester(node: &NodeConfig) -> Result<Attester, BootError> {
    let attester = Attester::open(&attest::options(&node.tee))
        .inspect_err(|error| debug!(code = error.code().id, "no TEE"))?;
    if attester.simulated() {
        warn!(tee = attester.description(), "SIMULATED TEE");
    } else {
        info!(tee = attester.description(), "TEE");
    }
    Ok(attester)
}

/// Evidence for strangers, and for sessions, each within a quota of its own.
fn evidence(
    agent: &AgentConfig,
    state: &Arc<State>,
    verifier: &Verifier,
    attester: &Arc<Attester>,
    declared: &Arc<Declared>,
) -> (Arc<Documents>, Arc<Freshness>) {
    let strangers = Quota::new(DOCUMENT_EVIDENCE_BURST, DOCUMENT_EVIDENCE_INTERVAL);
    let sessions = Quota::new(SESSION_EVIDENCE_BURST, SESSION_EVIDENCE_INTERVAL);
    let press = Press::new(Arc::clone(attester), Arc::clone(declared), strangers);
    let demanded = demands(agent).freshness;
    let freshness = Freshness::new(demanded, press.beside(sessions), verifier.clone());
    let documents = Documents::new(Arc::clone(state), press);
    (Arc::new(documents), Arc::new(freshness))
}

/// Reads and hashes the declared files on a thread that may block.
async fn declared(agent: &AgentConfig, identity: &IdentityKey) -> Result<Declared, BootError> {
    let config = agent.clone();
    let declared = tokio::task::spawn_blocking(move || declare(&config)).await??;
    let (agent, instance) = (&agent.agent.name, identity.instance());
    info!(agent, manifest = %declared.digest, %instance, "declared");
    Ok(declared)
}

/// Begins the audit log, on a thread that may block.
async fn audit(
    agent: &AgentConfig,
    node: &NodeConfig,
    (identity, declared): (&Arc<IdentityKey>, &Declared),
    clock: &Arc<Clock>,
) -> Result<AuditLog, BootError> {
    if agent.audit.demand == config::Durability::Durable && node.audit.is_none() {
        return Err(AuditLogError::Demanded.into());
    }
    let owner = Owner {
        identity: Arc::clone(identity),
        trust_domain: agent.trust_domain.to_string(),
        agent: agent.agent.name.clone(),
        clock: Arc::clone(clock),
    };
    let began = Began {
        image: agent.image.name.clone(),
        version: agent.image.version.clone(),
        manifest: declared.digest,
        policy: declared.manifest.policy.0,
        runtime: env!("CARGO_PKG_VERSION").to_owned(),
        durable: node.audit.is_some(),
        predecessor: None,
    };
    let folder = node.audit.clone();
    let begin = move || AuditLog::begin(owner, began, folder.as_deref());
    Ok(tokio::task::spawn_blocking(begin).await??)
}

fn local_agent(agent: &AgentConfig) -> LocalAgent {
    LocalAgent {
        agent: agent.agent.name.clone(),
        trust_domain: agent.trust_domain.to_string(),
        principal: agent.agent.principal.clone(),
    }
}

/// The measured file alone decides whether there are any.
fn visitors(agent: &AgentConfig) -> Option<Arc<Visitors>> {
    match agent.peers.visitors {
        config::Visitors::Refuse => None,
        config::Visitors::Allow => Some(Arc::default()),
    }
}

const fn demands(agent: &AgentConfig) -> Demands {
    let key_exchange = if agent.peers.require_post_quantum {
        KeyExchange::PostQuantum
    } else {
        KeyExchange::PostQuantumPreferred
    };
    let freshness = match agent.peers.freshness {
        config::Freshness::Lease => tls::Freshness::Lease,
        config::Freshness::Session => tls::Freshness::Session,
    };
    Demands { key_exchange, freshness }
}

//! A node: what a runtime holds, without its tasks and sockets.

use std::sync::Arc;

use cloister_channel::{
    AgentName, Credentials, Demands, IdentityKey, TrustBundle, client_config, server_config,
};
use rustls::{ClientConfig, ServerConfig};

use super::clock::{Clock, Ms};
use super::verifier::{Boot, Issued};

/// One machine, through all of its boots.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) agent: AgentName,
    pub(super) clock: Clock,
    /// Which part of a partitioned network it is in.
    pub(super) part: bool,
    /// Whether it can reach the Verifier, as far as its own line goes.
    pub(super) online: bool,
    /// What it demands of its channels.
    pub(super) demands: Demands,
    /// Numbers of the agents that it wants channels to.
    pub(super) wants: Vec<usize>,
    /// What runs on it, if anything does.
    pub(super) running: Option<Running>,
}

/// One boot of a runtime.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) boot: Boot,
    demands: Demands,
    pub(super) identity: Arc<IdentityKey>,
    pub(super) standing: Option<Standing>,
    /// Whether the lease held when it was looked at last.
    pub(super) served: bool,
    /// Counts intentions to ask for a lease: the latest replaces those before.
    pub(super) turn: u64,
    /// Since when it hears every change within the Verifier's bound.
    pub(super) watching: Option<Ms>,
    /// Counts streams of changes, so that nothing of an old one is heard in a new one.
    pub(super) stream: u64,
    /// Changes of one stream arrive in order.
    pub(super) heard_until: Ms,
}

/// What channels are opened under.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) credentials: Arc<Credentials>,
    pub(super) trust: Arc<TrustBundle>,
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
}

impl Running {
    pub(super) const fn new(boot: Boot, identity: Arc<IdentityKey>, demands: Demands) -> Self {
        Self {
            boot,
            demands,
            identity,
            standing: None,
            served: false,
            turn: 0,
            watching: None,
            stream: 0,
            heard_until: 0,
        }
    }

    /// Takes what the Verifier issued into use, if the own checks pass. An answer may be older
    /// than what was heard since: then the trust bundle in use stays.
    pub(super) fn admit(&mut self, issued: Issued, clock: &mut Clock, at: Ms) -> bool {
        let trust = self.newer(issued.trust);
        let credentials = Credentials::new(
            Arc::clone(&self.identity),
            issued.channel,
            &[issued.certificate],
            &issued.lease,
            &trust,
            clock.now(at),
        );
        let Ok(credentials) = credentials else { return false };
        clock.raise(credentials.lease().claims().issued_at, at);
        self.standing = Some(Standing::new(Arc::new(credentials), trust, self.demands, clock));
        // Should it be lost before anybody looks, that is noticed.
        self.served = true;
        true
    }

    /// Takes a newer trust bundle into use.
    pub(super) fn trust(&mut self, trust: TrustBundle, clock: &Clock) {
        let trust = self.newer(trust);
        let Some(standing) = self.standing.take() else { return };
        self.standing = Some(Standing::new(standing.credentials, trust, self.demands, clock));
    }

    /// Whether the own lease holds, as the node sees it.
    pub(super) fn serves(&self, clock: &Clock, at: Ms) -> Option<&Standing> {
        let standing = self.standing.as_ref()?;
        let good = standing.credentials.lease().recheck(&standing.trust, clock.now(at));
        good.is_ok().then_some(standing)
    }

    fn newer(&self, trust: TrustBundle) -> Arc<TrustBundle> {
        match &self.standing {
            Some(standing) if standing.trust.sequence() > trust.sequence() => {
                Arc::clone(&standing.trust)
            }
            _ => Arc::new(trust),
        }
    }
}

impl Standing {
    fn new(
        credentials: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        demands: Demands,
        clock: &Clock,
    ) -> Self {
        let client = client_config(&credentials, &trust, demands, clock.for_tls()).unwrap();
        let server = server_config(&credentials, &trust, demands, clock.for_tls()).unwrap();
        Self { credentials, trust, client, server }
    }
}

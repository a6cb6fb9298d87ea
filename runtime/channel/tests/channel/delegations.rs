//! Chains of delegations: what is believed, and each way to claim more.

mod forged;
mod properties;

use std::collections::BTreeSet;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_channel::delegation::{Delegation, DelegationError, DelegationId, Grant, Presented};
use cloister_channel::trust::Revocation;
use cloister_channel::{Credentials, TrustBundle};

use crate::world::{NOW, World, agent, at};

/// Agents of one trust domain, who may all do the same.
struct Scene {
    world: World,
    trust: TrustBundle,
    agents: Vec<Arc<Credentials>>,
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn scopes(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&scope| scope.to_owned()).collect()
}

impl Scene {
    fn new() -> Self {
        Self::with_scopes(&["book", "pay", "read"])
    }

    fn with_scopes(scope: &[&str]) -> Self {
        let world = World::new();
        let scope: Vec<String> = scope.iter().map(|&scope| scope.to_owned()).collect();
        let agents = NAMES.map(|name| {
            world.runtime_with(name, AnchorPolicy::Vendor, |claims| claims.scope.clone_from(&scope))
        });
        Self { trust: world.trust(), world, agents: agents.into() }
    }

    fn grant(&self, to: usize, scope: &[&str]) -> (cloister_channel::SpiffeId, BTreeSet<String>) {
        (self.agents[to].lease().claims().spiffe_id(), scopes(scope))
    }

    fn begin(&self, from: usize, to: usize, scope: &[&str]) -> Result<Vec<u8>, DelegationError> {
        let (audience, scope) = self.grant(to, scope);
        let id = DelegationId::new([1; 16]);
        let grant = Grant { audience: &audience, scope: Some(scope), not_after: at(300), id };
        grant.begin(&self.agents[from])
    }

    /// `from` passes on to `to` what it was passed in `chain` by `by`.
    fn extend(
        &self,
        chain: &[u8],
        (by, from, to): (usize, usize, usize),
        scope: &[&str],
    ) -> Result<Vec<u8>, DelegationError> {
        let parent = self.read(chain, by, from)?;
        let (audience, scope) = self.grant(to, scope);
        let id = DelegationId::new([2; 16]);
        let grant = Grant { audience: &audience, scope: Some(scope), not_after: at(300), id };
        grant.extend(&parent, &self.agents[from])
    }

    fn read(&self, chain: &[u8], by: usize, to: usize) -> Result<Delegation, DelegationError> {
        self.read_at(chain, by, to, NOW)
    }

    fn read_at(
        &self,
        chain: &[u8],
        by: usize,
        to: usize,
        now: UnixTime,
    ) -> Result<Delegation, DelegationError> {
        let to = self.agents[to].lease().claims().spiffe_id();
        let by = self.agents[by].lease().claims().instance();
        Delegation::verify(chain, Presented { to: &to, by: &by }, &self.trust, now)
    }

    /// A to B to C.
    fn passed_on(&self) -> Vec<u8> {
        let chain = self.begin(0, 1, &["pay", "read"]).unwrap();
        self.extend(&chain, (0, 1, 2), &["read"]).unwrap()
    }
}

fn code<T: core::fmt::Debug>(result: Result<T, DelegationError>) -> &'static str {
    result.unwrap_err().code().id
}

#[test]
fn what_was_passed_on_is_what_is_read_with_its_origin_and_its_end() {
    let scene = Scene::new();
    let first = scene.read(&scene.begin(0, 1, &["pay", "read"]).unwrap(), 0, 1).unwrap();
    assert_eq!(first.scope().collect::<Vec<_>>(), ["pay", "read"]);
    let second = scene.read(&scene.passed_on(), 1, 2).unwrap();
    assert_eq!(second.scope().collect::<Vec<_>>(), ["read"]);
    assert_eq!(second.origin().claims().agent, agent("a"));
    assert_eq!(second.not_after(), at(300));
    let instance = |n: usize| scene.agents[n].lease().claims().instance();
    assert_eq!(second.issuers().collect::<Vec<_>>(), [instance(0), instance(1)]);
}

#[test]
fn without_a_scope_all_that_is_there_is_passed_on_and_no_longer_than_the_lease_lives() {
    let scene = Scene::new();
    let (audience, _) = scene.grant(1, &[]);
    let id = DelegationId::new([1; 16]);
    let grant = Grant { audience: &audience, scope: None, not_after: at(9_999), id };
    let chain = grant.clone().begin(&scene.agents[0]).unwrap();
    let read = scene.read(&chain, 0, 1).unwrap();
    assert_eq!(read.scope().collect::<Vec<_>>(), ["book", "pay", "read"]);
    assert_eq!(read.not_after(), scene.agents[0].lease().claims().expires_at);
}

#[test]
fn a_child_that_widens_its_scope_is_neither_made_nor_believed() {
    let scene = Scene::new();
    assert_eq!(code(scene.begin(0, 1, &["read", "admin"])), "delegation.scope");
    let chain = scene.begin(0, 1, &["read"]).unwrap();
    // B may pay itself; that was not passed on to it.
    assert_eq!(code(scene.extend(&chain, (0, 1, 2), &["pay"])), "delegation.scope");
    let empty = scene.begin(0, 1, &[]).unwrap();
    assert_eq!(scene.read(&empty, 0, 1).unwrap().scope().count(), 0);
    assert_eq!(code(scene.extend(&empty, (0, 1, 2), &["read"])), "delegation.scope");
}

#[test]
fn a_chain_presented_by_a_third_peer_or_to_another_audience_is_refused() {
    let scene = Scene::new();
    let chain = scene.passed_on();
    assert!(scene.read(&chain, 1, 2).is_ok());
    // B's chain for C, presented by the origin, by a stranger, by C itself; and to D and to B.
    for (by, to) in [(0, 2), (3, 2), (2, 2), (1, 3), (1, 1)] {
        assert_eq!(code(scene.read(&chain, by, to)), "delegation.audience", "{by} to {to}");
    }
}

#[test]
fn an_expired_parent_ends_every_child() {
    let scene = Scene::new();
    let chain = scene.passed_on();
    assert!(scene.read_at(&chain, 1, 2, at(299)).is_ok());
    for now in [300, 301] {
        assert_eq!(code(scene.read_at(&chain, 1, 2, at(now))), "delegation.expired", "{now}");
    }
    let parent = scene.begin(0, 1, &["read"]).unwrap();
    assert_eq!(code(scene.read_at(&parent, 0, 1, at(600))), "lease.expired");
}

#[test]
fn a_revoked_link_takes_the_chain_away_whoever_it_is() {
    for revoked in [0, 1] {
        let mut scene = Scene::new();
        let chain = scene.passed_on();
        let why = Revocation {
            agent: agent(NAMES[revoked]),
            reason: "agent.quarantined".into(),
            forget_after: at(600),
        };
        let instance = scene.agents[revoked].lease().claims().instance();
        scene.trust.revoke(instance, why).unwrap();
        assert_eq!(code(scene.read(&chain, 1, 2)), "lease.revoked", "{revoked}");
    }
}

#[test]
fn a_chain_of_another_trust_domain_is_refused() {
    let (scene, other) = (Scene::new(), Scene::new());
    let chain = other.passed_on();
    let to = other.agents[2].lease().claims().spiffe_id();
    let by = other.agents[1].lease().claims().instance();
    let refused = Delegation::verify(&chain, Presented { to: &to, by: &by }, &scene.trust, NOW);
    assert_eq!(code(refused), "lease.unknown_key");
    assert_eq!(other.world.domain, scene.world.domain, "the name is the same, the keys are not");
}

#[test]
fn four_agents_pass_on_and_a_fifth_does_not() {
    let scene = Scene::new();
    let mut chain = scene.begin(0, 1, &["read"]).unwrap();
    for from in 1..4 {
        chain = scene.extend(&chain, (from - 1, from, from + 1), &["read"]).unwrap();
    }
    assert_eq!(scene.read(&chain, 3, 4).unwrap().issuers().count(), 4);
    assert_eq!(code(scene.extend(&chain, (3, 4, 5), &["read"])), "delegation.depth");
}

#[test]
fn a_chain_that_leads_back_is_neither_made_nor_believed() {
    let scene = Scene::new();
    let chain = scene.begin(0, 1, &["read"]).unwrap();
    assert_eq!(code(scene.extend(&chain, (0, 1, 0), &["read"])), "delegation.chain");
    assert_eq!(code(scene.extend(&chain, (0, 1, 1), &["read"])), "delegation.chain");
    assert_eq!(code(scene.begin(0, 0, &["read"])), "delegation.chain");
}

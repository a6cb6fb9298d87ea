//! Chains of delegations, as peers present them and as peers may sign them.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use cloister_attestation::cbor::Writer;
use cloister_channel::delegation::{Delegation, DelegationId, Grant, Presented};
use cloister_channel::limits::DELEGATION_BYTES_MAX;
use cloister_channel::{Credentials, TrustBundle};
use cloister_domain::world::{self, NOW, at};

use super::{QUICK_SIGNED, outcome};
use crate::{Outcome, Target};

pub(super) const CHAIN: Target = Target {
    name: "delegation",
    run: chain,
    seeds: || vec![WORLD.chain.clone()],
    bytes_max: DELEGATION_BYTES_MAX + 16,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const STATEMENT: Target = Target {
    name: "delegation-statement",
    run: statement,
    seeds: || vec![WORLD.statement.clone()],
    bytes_max: 1024,
    quick_inputs: QUICK_SIGNED,
};

/// What is believed is what was signed, though a signature may be written otherwise.
fn chain(data: &[u8]) -> Outcome {
    let read = WORLD.read(data);
    if let Some(delegation) = &read {
        assert!(data.len() <= DELEGATION_BYTES_MAX);
        let genuine = WORLD.read(&WORLD.chain).expect("it is a seed");
        assert!(delegation.scope().eq(genuine.scope()), "nobody signed this");
        assert_eq!(delegation.not_after(), genuine.not_after());
        assert!(delegation.issuers().eq(genuine.issuers()));
    }
    outcome(&read)
}

/// Whatever an agent signs: it passes on no more than it was given, and no longer.
fn statement(data: &[u8]) -> Outcome {
    let read = WORLD.read(&WORLD.signed(data));
    if let Some(delegation) = &read {
        let given: Vec<&str> = GIVEN.to_vec();
        assert!(delegation.scope().all(|scope| given.contains(&scope)), "widened");
        assert!(delegation.not_after() <= at(300), "outlives its parent");
    }
    outcome(&read)
}

/// What the first agent passes on of its two scopes.
const GIVEN: [&str; 1] = ["translate"];

/// A to B to C.
struct World {
    trust: TrustBundle,
    agents: [Arc<Credentials>; 3],
    first: Vec<u8>,
    chain: Vec<u8>,
    statement: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let world = world::World::new();
    let agents = ["a", "b", "c"].map(|name| world.runtime(name));
    let trust = world.trust();
    let id = |agent: &Credentials| agent.lease().claims().spiffe_id();
    let (b, c) = (id(&agents[1]), id(&agents[2]));
    let scope: BTreeSet<String> = GIVEN.map(str::to_owned).into();
    let grant = |audience| Grant {
        audience,
        scope: Some(scope.clone()),
        not_after: at(300),
        id: DelegationId::new([3; 16]),
    };
    let first = grant(&b).begin(&agents[0]).expect("A has it");
    let by = agents[0].lease().claims().instance();
    let given = Delegation::verify(&first, Presented { to: &b, by: &by }, &trust, NOW);
    let chain = grant(&c).extend(&given.expect("A's own"), &agents[1]).expect("B was given it");
    let statement = payload(&chain);
    World { trust, agents, first, chain, statement }
});

impl World {
    /// What C makes of it, presented by B.
    fn read(&self, chain: &[u8]) -> Option<Delegation> {
        let [_, b, c] = &self.agents;
        let (to, by) = (c.lease().claims().spiffe_id(), b.lease().claims().instance());
        Delegation::verify(chain, Presented { to: &to, by: &by }, &self.trust, NOW).ok()
    }

    /// A's link, and one by B over `payload`.
    fn signed(&self, payload: &[u8]) -> Vec<u8> {
        let b = &self.agents[1];
        let typ = "application/vnd.cloister.delegation+cose";
        let signed = b.identity().sign_typed(typ, payload).expect("B has its key");
        let mut e = Writer::default();
        // Behind the head of an array of one.
        e.array(2).raw(&self.first[1..]);
        e.array(3).bytes(b.lease_bytes()).bytes(b.identity().spki()).bytes(&signed);
        e.into_bytes()
    }
}

/// What the last link signs: all from its label to the signature, which is at the end.
fn payload(chain: &[u8]) -> Vec<u8> {
    let label = b"\xa7\x01\x75cloister/delegation/1";
    let at = chain.windows(label.len()).rposition(|part| part == label).expect("a statement");
    let signature = 2 + 64;
    chain[at..chain.len() - signature].to_vec()
}

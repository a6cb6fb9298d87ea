//! What a seed does to a run: how many nodes, how bad the network, which faults and when.

use super::clock::Ms;
use cloister_domain::random::Random;

/// One thing that goes wrong, or right again, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The host sets a node's clock, by so many milliseconds.
    ClockJump(usize, i64),
    /// The network falls into two parts: bit `n` says where node `n` is.
    Partition(u64),
    Heal,
    VerifierDown,
    VerifierUp,
    /// One node loses its Verifier.
    CutOff(usize),
    Reconnect(usize),
    /// So many instances are revoked at once.
    Revoke(usize),
    /// The oldest revocation is lifted.
    Restore,
    /// Leases under older policy do not count any more.
    RaiseFloor,
    /// The Verifier begins to publish its next key, and signs with it.
    PublishKey,
    SignWithNextKey,
    Crash(usize),
}

/// The parameters of one run.
#[derive(Debug)]
pub(super) struct Weather {
    pub(super) nodes: usize,
    pub(super) agents: usize,
    /// How many other agents each node wants a channel to.
    pub(super) wants: usize,
    /// Life of a lease, in seconds.
    pub(super) lifetime: u64,
    /// The Verifier's clock, in milliseconds off the truth.
    pub(super) verifier_offset: i64,
    /// How far the nodes' clocks are off at the beginning, in milliseconds.
    pub(super) skew: i64,
    /// Slowest delivery of a segment that is not lost, in milliseconds.
    pub(super) latency: Ms,
    /// Segments lost and sent again, per 1,000.
    pub(super) loss: u64,
    /// Connections that an adversary sits on, per 1,000.
    pub(super) attacks: u64,
    /// Peers that policy refuses, per 1,000.
    pub(super) refusals: u64,
    /// Nodes that demand Evidence made for each session, per 1,000.
    pub(super) fresh: u64,
    /// Requests for such Evidence that hardware does not answer, per 1,000.
    pub(super) no_evidence: u64,
    /// Steps after which the node that took one crashes, per 1,000.
    pub(super) crashes: u64,
    pub(super) faults: Vec<(Ms, Fault)>,
    /// Faults stop.
    pub(super) calm: Ms,
    pub(super) end: Ms,
}

/// How far clocks may be off once faults have stopped, in milliseconds.
pub(super) const CALM_SKEW: i64 = 2_000;

/// After faults have stopped, every channel that is wanted is there within this time: a session's
/// deadline, a keep-alive timeout, a dial and a lease, each with its retries.
const RECOVERY: Ms = 30_000;

impl Weather {
    pub(super) fn new(nodes: usize, random: &mut Random) -> Self {
        let calm = random.between(5_000, 20_000);
        let mut weather = Self {
            nodes,
            agents: (random.index(7) + 2).min(nodes),
            wants: if nodes > 8 { 1 } else { random.index(nodes.min(3) - 1) + 1 },
            lifetime: *random.pick(&[30, 60, 600]),
            verifier_offset: random.around_zero(CALM_SKEW),
            skew: *random.pick(&[0, 1_000, 10_000, 60_000]),
            latency: *random.pick(&[1, 20, 200, 1_000]),
            loss: *random.pick(&[0, 10, 200]),
            attacks: *random.pick(&[0, 100, 500, 900]),
            refusals: *random.pick(&[0, 0, 20, 200]),
            fresh: *random.pick(&[0, 0, 0, 500, 1_000]),
            no_evidence: *random.pick(&[0, 0, 200]),
            crashes: *random.pick(&[0, 0, 1, 10]),
            faults: Vec::new(),
            calm,
            end: calm + RECOVERY,
        };
        for _ in 0..random.below(8) {
            weather.add_fault(random);
        }
        weather.faults.sort_by_key(|(at, _)| *at);
        weather
    }

    /// Draws a fault and, where it has one, its end.
    fn add_fault(&mut self, random: &mut Random) {
        let at = random.below(self.calm);
        let later = at + random.between(100, 20_000);
        let node = random.index(self.nodes);
        let (fault, undone) = match random.below(10) {
            0 => (Fault::ClockJump(node, random.around_zero(100_000)), None),
            1 => (Fault::Partition(random.between(1, u64::MAX - 1)), Some(Fault::Heal)),
            2 => (Fault::VerifierDown, Some(Fault::VerifierUp)),
            3 => (Fault::CutOff(node), Some(Fault::Reconnect(node))),
            4 => (Fault::Revoke(1), Some(Fault::Restore)),
            5 => (Fault::Revoke(1), None),
            6 => (Fault::Revoke(self.nodes / 2), None),
            7 => (Fault::RaiseFloor, None),
            8 => (Fault::PublishKey, Some(Fault::SignWithNextKey)),
            _ => (Fault::Crash(node), None),
        };
        self.faults.push((at, fault));
        self.faults.extend(undone.map(|fault| (later.min(self.calm), fault)));
    }
}

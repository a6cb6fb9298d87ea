//! What stands between two ends: two directions, each in order, and perhaps an adversary.

use std::collections::VecDeque;

use super::clock::Ms;
use cloister_domain::random::Random;

/// One piece that travels.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    /// What a session or an application wrote.
    Bytes(Vec<u8>),
    /// What the channel's life wrote, on its own stream.
    Renewal(Vec<u8>),
    /// The sender closed.
    End,
}

/// A piece, and whether it is what the peer sent.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) payload: Payload,
    pub(super) forged: bool,
}

impl Segment {
    pub(super) const fn honest(payload: Payload) -> Self {
        Self { payload, forged: false }
    }
}

/// One direction. What is put on it arrives in order, like a TCP stream's bytes.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// Segments that arrive at one moment, together.
    pub(super) queue: VecDeque<Vec<Segment>>,
    last: Ms,
}

impl Direction {
    /// Puts segments on the way; returns when they arrive at the earliest.
    pub(super) fn push(&mut self, segments: Vec<Segment>, arrives: Ms) -> Ms {
        self.queue.push_back(segments);
        self.last = self.last.max(arrives);
        self.last
    }
}

/// What an adversary does to one connection. It may hold both channel keys, so that TLS does not
/// stop it; it holds no identity key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attack {
    /// Ends one TLS connection with each side, and carries everything across.
    Relay,
    /// Carries the dial to another genuine node.
    Divert,
    /// Flips a bit of a proof.
    Tamper,
    /// Replaces a proof by an earlier one of the same node.
    Replay,
    /// Sends a node's own proof back to it.
    Reflect,
    /// Adds application bytes to a proof.
    Early,
    /// Sends a proof twice.
    Duplicate,
    /// Swaps the halves of a proof.
    Reorder,
    /// Keeps a proof to itself.
    Stall,
    /// Ends the connection inside a proof.
    Cut,
    /// Cuts a proof in many small pieces, which is no attack.
    Chop,
}

const ATTACKS: [Attack; 11] = [
    Attack::Relay,
    Attack::Divert,
    Attack::Tamper,
    Attack::Replay,
    Attack::Reflect,
    Attack::Early,
    Attack::Duplicate,
    Attack::Reorder,
    Attack::Stall,
    Attack::Cut,
    Attack::Chop,
];

/// Which kind of message an attack is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Proof,
    Renewal,
}

/// An attack on what one side sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aimed {
    pub(super) attack: Attack,
    pub(super) message: Message,
    pub(super) side: usize,
}

impl Aimed {
    pub(super) fn draw(random: &mut Random) -> Self {
        Self {
            attack: *random.pick(&ATTACKS),
            message: *random.pick(&[Message::Proof, Message::Proof, Message::Renewal]),
            side: random.index(2),
        }
    }
}

/// What the adversary can use against a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Loot {
    /// An earlier one of the same sender.
    pub(super) earlier: Option<Vec<u8>>,
    /// What the receiver said itself on this connection.
    pub(super) own: Option<Vec<u8>>,
}

/// What becomes of a message under an attack: the pieces that arrive instead, and whether each is
/// forged. Without a piece nothing arrives; an empty one is the connection's end.
pub(super) fn attacked(
    aimed: Aimed,
    message: Vec<u8>,
    loot: Loot,
    random: &mut Random,
) -> Vec<(Vec<u8>, bool)> {
    let (half, len) = (message.len() / 2, message.len());
    let instead = |other: Option<Vec<u8>>| match other {
        Some(other) => (other, true),
        None => (message.clone(), false),
    };
    match aimed.attack {
        Attack::Relay | Attack::Divert => vec![(message, false)],
        Attack::Tamper => vec![(flipped(message, random), true)],
        Attack::Replay => vec![instead(loot.earlier)],
        Attack::Reflect => vec![instead(loot.own)],
        // What is added to a renewal is not the renewal, which is believed.
        Attack::Early if aimed.message == Message::Proof && random.chance(500) => {
            vec![([&message[..], b"GET"].concat(), true)]
        }
        Attack::Early => vec![(message, false), (b"GET".to_vec(), true)],
        Attack::Duplicate => vec![(message.clone(), false), (message, true)],
        Attack::Reorder => vec![(message[half..].to_vec(), true), (message[..half].to_vec(), true)],
        Attack::Stall => Vec::new(),
        Attack::Cut => {
            vec![(message[..random.index(len - 1) + 1].to_vec(), false), (Vec::new(), true)]
        }
        Attack::Chop => message.chunks(random.index(64) + 8).map(|p| (p.to_vec(), false)).collect(),
    }
}

fn flipped(mut message: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.index(message.len());
    message[at] ^= 1 << random.below(8);
    message
}

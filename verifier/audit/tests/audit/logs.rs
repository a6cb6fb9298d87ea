//! A log in memory, with a key, for the other tests.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::{KeyError, SigningKey};
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{
    Began, Direction, Ending, Operation, Outcome, Payload, PeerFacts, Subjects, Verdict,
};
use cloister_audit::{
    AuditError, Checkpoint, Event, Frame, Hash, Head, Kind, Origin, Range, Record, Signed,
    SignedCheckpoint, Statement,
};

/// Signing fails as the crate's own errors or the key's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

pub(crate) struct Log {
    pub(crate) key: SigningKey,
    pub(crate) tree: Range,
    pub(crate) frames: Vec<Frame>,
}

impl Log {
    /// A log that has begun.
    pub(crate) fn new() -> Self {
        let key = SigningKey::generate().unwrap();
        let head = Head::new(origin(&key), &Range::from(0));
        let mut log = Self { key, tree: Range::from(0), frames: vec![head.frame().unwrap()] };
        log.push(began());
        log
    }

    pub(crate) fn push(&mut self, event: Event) -> u64 {
        let sequence = self.tree.end();
        let record = Record::new(sequence, time(sequence), event);
        let frame = Frame::new(Kind::Record, record.encode().unwrap()).unwrap();
        self.tree.append(frame.hash());
        self.frames.push(frame);
        sequence
    }

    /// An operation and its outcome.
    pub(crate) fn call(&mut self) {
        let of = self.push(Event::Operation(operation(true).into()));
        self.push(outcome(of));
    }

    pub(crate) fn checkpoint(&mut self) -> SignedCheckpoint {
        let signed = self.signed(self.tree.end(), self.tree.root());
        self.frames.push(Frame::new(Kind::Checkpoint, signed.bytes().to_vec()).unwrap());
        signed
    }

    pub(crate) fn signed(&self, size: u64, root: Hash) -> SignedCheckpoint {
        let checkpoint = Checkpoint::new(origin(&self.key), size, root, time(size));
        sign(&self.key, &checkpoint)
    }

    /// The same log, signed by the same key as far as it goes.
    pub(crate) fn copied(&self) -> Self {
        let key = SigningKey::generate().unwrap();
        Self { key, tree: self.tree.clone(), frames: self.frames.clone() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.frames.iter().flat_map(Frame::to_bytes).collect()
    }

    pub(crate) fn leaves(&self) -> Vec<Hash> {
        let records = self.frames.iter().filter(|frame| frame.kind() == Kind::Record);
        records.map(Frame::hash).collect()
    }
}

pub(crate) fn sign(key: &SigningKey, checkpoint: &Checkpoint) -> SignedCheckpoint {
    sign_as(key, checkpoint)
}

pub(crate) fn sign_as<T: Statement>(key: &SigningKey, statement: &T) -> Signed<T> {
    let sign = |typ, payload: &[u8]| {
        let header = Header { kid: b"", typ: Some(typ) };
        cose::sign(&header, payload, |form| key.sign(form)).map_err(SignError::from)
    };
    Signed::sign(statement, sign).unwrap()
}

pub(crate) fn origin(key: &SigningKey) -> Origin {
    Origin {
        trust_domain: "demo.example".into(),
        agent: "translator".into(),
        identity_key: key.public().spki().to_vec(),
    }
}

pub(crate) fn time(sequence: u64) -> UnixTime {
    UnixTime::from_secs(1_800_000_000 + sequence)
}

pub(crate) fn began() -> Event {
    Event::Began(Began {
        image: "translator-image".into(),
        version: "1.0.0".into(),
        manifest: Digest48::sha384(b"manifest"),
        policy: Digest48::sha384(b"policy"),
        runtime: "0.1.0".into(),
        durable: true,
        predecessor: None,
    })
}

pub(crate) fn peer() -> PeerFacts {
    PeerFacts {
        agent: "planner".into(),
        instance: "00112233445566778899aabbccddeeff".into(),
        trust_domain: "demo.example".into(),
        image: "planner-image".into(),
        version: "1.2.0".into(),
        tee: "snp".into(),
        tier: "affirming".into(),
        simulated: false,
    }
}

pub(crate) fn operation(permitted: bool) -> Operation {
    Operation {
        direction: Direction::Inbound,
        peer: Some(peer()),
        protocol: "A2A".into(),
        version: "1.0".into(),
        binding: "JSONRPC".into(),
        name: "send".into(),
        subjects: Subjects::default(),
        verdict: Verdict {
            permitted,
            reason: if permitted { "permitted".into() } else { "no_permit".into() },
            policies: vec!["planner-may-send".into()],
            bundle: Digest48::sha384(b"policy"),
            epoch: 3,
        },
        delegation: None,
        request: Some(payload(b"request")),
    }
}

pub(crate) fn payload(bytes: &[u8]) -> Payload {
    Payload { bytes: u64::try_from(bytes.len()).unwrap(), sha256: Hash::of(bytes) }
}

pub(crate) fn outcome(of: u64) -> Event {
    Event::Outcome(Outcome {
        of,
        ending: Ending::Answered { status: 200 },
        request: payload(b"request"),
        response: payload(b"response"),
    })
}

//! Audit logs: what a host presents as one, and what peers send of theirs.

use std::sync::LazyLock;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{
    Began, Direction, Ending, Leased, Operation, Outcome as Became, Payload, PeerFacts, Subjects,
    Verdict, VisitBegan, Vouched, name_digest,
};
use cloister_audit::{
    AuditError, CHECKPOINT_BYTES_MAX, Checkpoint, ConsistencyProof, Cosignature,
    EXCHANGE_BYTES_MAX, Event, Exchange, Frame, Frames, Hash, Head, Kind, Offer, Origin,
    RECORD_BYTES_MAX, Range, Record, Replay, Signed, SignedCheckpoint, SignedCosignature,
    Statement,
};

use super::{QUICK, QUICK_SIGNED, outcome, twice};
use crate::{Outcome, Target};

pub(super) const RECORD: Target = Target {
    name: "audit-record",
    run: record,
    seeds: || WORLD.records.clone(),
    bytes_max: RECORD_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const LOG: Target = Target {
    name: "audit-log",
    run: log,
    seeds: || vec![WORLD.log.clone()],
    bytes_max: 16 * 1024,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const CHECKPOINT: Target = Target {
    name: "audit-checkpoint",
    run: |data| signed(data, &WORLD.offer.checkpoint),
    seeds: || vec![WORLD.offer.checkpoint.bytes().to_vec()],
    bytes_max: CHECKPOINT_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const COSIGNATURE: Target = Target {
    name: "audit-cosignature",
    run: |data| signed(data, &WORLD.cosignature),
    seeds: || vec![WORLD.cosignature.bytes().to_vec()],
    bytes_max: CHECKPOINT_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const CONSISTENCY_PROOF: Target = Target {
    name: "audit-consistency-proof",
    run: proof,
    seeds: || WORLD.offer.proofs.iter().map(ConsistencyProof::to_bytes).collect(),
    bytes_max: 4096,
    quick_inputs: QUICK,
};

pub(super) const EXCHANGE: Target = Target {
    name: "audit-exchange",
    run: exchange,
    seeds: || vec![WORLD.exchange.encode(), Exchange::default().encode()],
    bytes_max: EXCHANGE_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

/// Every record that is read has one encoding.
fn record(data: &[u8]) -> Outcome {
    let read = twice(data, Record::decode);
    if let Some(record) = &read {
        assert_eq!(record.encode().as_deref(), Ok(data), "another encoding");
    }
    outcome(&read)
}

/// A log that reads to its end under the runtime's key has been signed, as far as its checkpoints
/// go, as it stands: no other log of that size and root is.
fn log(data: &[u8]) -> Outcome {
    let expected = WORLD.offer.checkpoint.checkpoint().origin.thumbprint();
    let (mut frames, mut replay) = (Frames::new(data), Replay::new(Some(expected)));
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) if replay.take(&frame).is_ok() => {}
            Ok(None) => break,
            Ok(Some(_)) | Err(_) => return Outcome::Refused,
        }
    }
    let Some(progress) = replay.progress() else { return Outcome::Refused };
    if let Some(last) = &progress.last {
        let is_last = |signed: &SignedCheckpoint| signed.statement() == last.statement();
        assert!(WORLD.signed.iter().any(is_last), "nobody signed this");
    }
    assert!(progress.witnesses.len() <= 1, "a witness that nobody was");
    Outcome::Accepted
}

/// Whatever is believed is what its key signed.
fn signed<T: Statement + PartialEq>(data: &[u8], genuine: &Signed<T>) -> Outcome {
    let read = twice(data, Signed::<T>::parse);
    if let Some(read) = &read {
        assert!(read.statement() == genuine.statement(), "nobody signed this");
    }
    outcome(&read)
}

/// What is proved is the tree that grew, and nothing else.
fn proof(data: &[u8]) -> Outcome {
    let read = twice(data, ConsistencyProof::from_bytes);
    if let Some(proof) = &read {
        assert_eq!(proof.to_bytes(), data, "another encoding");
        let (size, root) = (WORLD.leaves.len(), WORLD.root(WORLD.leaves.len()));
        let from = usize::try_from(proof.from).unwrap_or(usize::MAX).min(size);
        let other = Hash::of(b"another tree");
        assert_eq!(proof.verify(other, root), Err(AuditError::Proof), "proves anything");
        let claims = proof.from > 0 && proof.verify(WORLD.root(from), other).is_ok();
        assert!(!claims, "proves anything");
        let unlike = |genuine: &ConsistencyProof| {
            (genuine.from, genuine.to) == (proof.from, proof.to) && genuine != proof
        };
        if WORLD.offer.proofs.iter().any(unlike) {
            assert!(proof.verify(WORLD.root(from), root).is_err(), "proves with other hashes");
        }
    }
    outcome(&read)
}

/// Whatever is in a message is what its signer signed.
fn exchange(data: &[u8]) -> Outcome {
    let read = twice(data, Exchange::decode);
    if let Some(read) = &read {
        assert_eq!(read.encode(), data, "another encoding");
        let shown = read.offer.as_ref().map(|offer| offer.checkpoint.checkpoint());
        assert!(shown.is_none_or(|shown| shown == WORLD.offer.checkpoint.checkpoint()));
        let word = read.cosignature.as_ref().map(Signed::statement);
        assert!(word.is_none_or(|word| word == WORLD.cosignature.statement()));
    }
    outcome(&read)
}

/// A runtime's log, and the word of a witness for it.
struct World {
    records: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
    log: Vec<u8>,
    signed: Vec<SignedCheckpoint>,
    offer: Offer,
    cosignature: SignedCosignature,
    exchange: Exchange,
}

impl World {
    fn root(&self, size: usize) -> Hash {
        let mut tree = Range::from(0);
        self.leaves.iter().take(size).for_each(|leaf| tree.append(*leaf));
        tree.root()
    }
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (key, peer) = (SigningKey::generate(), SigningKey::generate());
    let (key, peer) = (key.expect("randomness"), peer.expect("randomness"));
    let mut writer = Writer::new(&key);
    let [began, leased, asked, became, visit] = events();
    [began, leased, asked].into_iter().for_each(|event| writer.push(event));
    let first = writer.sign(&key);
    let word = Cosignature::over(first.checkpoint(), origin(&peer, "planner"), 1, time(9));
    let cosignature = sign(&peer, &word);
    let vouched = Vouched { peer: facts(), cosignature: cosignature.bytes().to_vec() };
    [Event::Vouched(vouched), became, visit].into_iter().for_each(|event| writer.push(event));
    let last = writer.sign(&key);
    let size = u64::try_from(writer.leaves.len()).expect("a few");
    let proofs = [1, 2, 3, size].map(|from| ConsistencyProof::new(&writer.leaves, from));
    let proofs = proofs.map(|proof| proof.expect("a smaller tree")).to_vec();
    let offer = Offer { checkpoint: last.clone(), proofs };
    let exchange = Exchange { offer: Some(offer.clone()), cosignature: Some(cosignature.clone()) };
    let Writer { records, leaves, log, .. } = writer;
    World { records, leaves, log, signed: vec![first, last], offer, cosignature, exchange }
});

/// Writes a log as a runtime does.
struct Writer {
    origin: Origin,
    tree: Range,
    records: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
    log: Vec<u8>,
}

impl Writer {
    fn new(key: &SigningKey) -> Self {
        let (origin, tree) = (origin(key, "translator"), Range::from(0));
        let head = Head::new(origin.clone(), &tree).frame().expect("an origin");
        Self { origin, tree, records: Vec::new(), leaves: Vec::new(), log: head.to_bytes() }
    }

    fn push(&mut self, event: Event) {
        let record = Record::new(self.tree.end(), time(self.tree.end()), event);
        let bytes = record.encode().expect("a record");
        let frame = Frame::new(Kind::Record, bytes.clone()).expect("a short one");
        self.tree.append(frame.hash());
        self.leaves.push(frame.hash());
        self.records.push(bytes);
        self.log.extend(frame.to_bytes());
    }

    fn sign(&mut self, key: &SigningKey) -> SignedCheckpoint {
        let (size, root) = (self.tree.end(), self.tree.root());
        let signed = sign(key, &Checkpoint::new(self.origin.clone(), size, root, time(size)));
        let frame = Frame::new(Kind::Checkpoint, signed.bytes().to_vec()).expect("a short one");
        self.log.extend(frame.to_bytes());
        signed
    }
}

fn sign<T: Statement>(key: &SigningKey, statement: &T) -> Signed<T> {
    Signed::sign::<AuditError>(statement, |typ, payload| {
        let header = Header { kid: b"", typ: Some(typ) };
        Ok(cose::sign(&header, payload, |form| key.sign(form)).expect("a signature"))
    })
    .expect("its own key")
}

fn origin(key: &SigningKey, agent: &str) -> Origin {
    let identity_key = key.public().spki().to_vec();
    Origin { trust_domain: "demo.example".into(), agent: agent.into(), identity_key }
}

fn time(offset: u64) -> UnixTime {
    UnixTime::from_secs(1_800_000_000 + offset)
}

fn facts() -> PeerFacts {
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

fn events() -> [Event; 5] {
    let digest = Digest48::sha384(b"digest");
    let payload = |bytes: &[u8]| Payload { bytes: 7, sha256: Hash::of(bytes) };
    let began = Began {
        image: "translator-image".into(),
        version: "1.0.0".into(),
        manifest: digest,
        policy: digest,
        runtime: "0.1.0".into(),
        durable: true,
        predecessor: None,
    };
    let asked = Operation {
        direction: Direction::Inbound,
        peer: Some(facts()),
        protocol: "A2A".into(),
        version: "1.0".into(),
        binding: "JSONRPC".into(),
        name: "send".into(),
        delegation: None,
        subjects: Subjects { task: Some(name_digest("task", "a")), ..Subjects::default() },
        verdict: Verdict {
            permitted: true,
            reason: "permitted".into(),
            policies: vec!["planner-may-send".into()],
            bundle: digest,
            epoch: 3,
        },
        request: Some(payload(b"request")),
    };
    let became = Became {
        of: 2,
        ending: Ending::Answered { status: 200 },
        request: payload(b"request"),
        response: payload(b"response"),
    };
    let visit = VisitBegan {
        visit: 5,
        from: "192.0.2.1:443".into(),
        key_exchange: "X25519MLKEM768".into(),
        own_lease: digest,
        ends_at: time(600),
    };
    let leased = Leased { lease: digest, expires_at: time(600), policy_epoch: 3 };
    [
        Event::Began(began),
        Event::Leased(leased),
        Event::Operation(Box::new(asked)),
        Event::Outcome(became),
        Event::VisitBegan(visit),
    ]
}

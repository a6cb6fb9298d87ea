//! A log read again, entry by entry: every hash, the order, every checkpoint.

mod vouching;

use std::collections::BTreeSet;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;

use crate::checkpoint::SignedCheckpoint;
use crate::error::AuditError;
use crate::frame::{Frame, Head, Kind};
use crate::hash::Hash;
use crate::origin::Origin;
use crate::range::Range;
use crate::record::{Event, Record};
pub use vouching::Vouch;
use vouching::Vouching;

/// Checks a log as its entries come.
///
/// # Security
/// What it has checked is a log that one key signed up to the last checkpoint. Without an expected
/// key nobody has said whose; the records after the last checkpoint are only consistent.
#[derive(Debug)]
pub struct Replay {
    expected: Option<Digest48>,
    log: Option<Log>,
}

/// A log that has begun.
#[derive(Debug)]
struct Log {
    origin: Origin,
    first: u64,
    tree: Range,
    at: UnixTime,
    /// Operations that were permitted and have no outcome yet.
    open: BTreeSet<u64>,
    last: Option<SignedCheckpoint>,
    checkpoints: u64,
    vouching: Vouching,
}

/// What one entry was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The beginning.
    Head(Origin),
    /// A record.
    Record(Box<Record>),
    /// A checkpoint over everything before it.
    Checkpoint(Box<SignedCheckpoint>),
}

/// How far a log was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Whose log it says that it is.
    pub origin: Origin,
    /// The number of its first record that is there: 0 for a whole log.
    pub first: u64,
    /// How many records the log has, with those before the first.
    pub size: u64,
    /// The root over all of them.
    pub root: Hash,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// The last one.
    pub last: Option<SignedCheckpoint>,
    /// Operations without an outcome.
    pub open: u64,
    /// Who vouches for the log, and up to where.
    pub witnesses: Vec<Vouch>,
}

impl Replay {
    /// Before the first entry. `expected` is the thumbprint of the identity key that the log has
    /// to be of, where the caller knows it.
    #[must_use]
    pub const fn new(expected: Option<Digest48>) -> Self {
        Self { expected, log: None }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`AuditError`] with what is wrong with it. Nothing after it can be checked.
    pub fn take(&mut self, frame: &Frame) -> Result<Step, AuditError> {
        match (&mut self.log, frame.kind()) {
            (None, _) => {
                let log = Log::begin(frame, self.expected.as_ref())?;
                let origin = log.origin.clone();
                self.log = Some(log);
                Ok(Step::Head(origin))
            }
            (Some(_), Kind::Head) => Err(AuditError::Head("it begins twice")),
            (Some(log), Kind::Record) => log.record(frame),
            (Some(log), Kind::Checkpoint) => log.checkpoint(frame),
        }
    }

    /// How far the log was read; `None` before its first entry.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.log.as_ref().map(|log| Progress {
            origin: log.origin.clone(),
            first: log.first,
            size: log.tree.end(),
            root: log.tree.root(),
            checkpoints: log.checkpoints,
            last: log.last.clone(),
            open: u64::try_from(log.open.len()).unwrap_or(u64::MAX),
            witnesses: log.vouching.all(),
        })
    }
}

impl Log {
    fn begin(frame: &Frame, expected: Option<&Digest48>) -> Result<Self, AuditError> {
        let head = Head::read(frame)?;
        let observed = head.origin.thumbprint();
        if let Some(expected) = expected.filter(|expected| **expected != observed) {
            let (expected, observed) = (expected.to_string(), observed.to_string());
            return Err(AuditError::Origin { expected, observed });
        }
        let tree = head.before()?;
        Ok(Self {
            origin: head.origin,
            first: tree.end(),
            tree,
            at: UnixTime::from_secs(0),
            open: BTreeSet::new(),
            last: None,
            checkpoints: 0,
            vouching: Vouching::default(),
        })
    }

    fn record(&mut self, frame: &Frame) -> Result<Step, AuditError> {
        let record = Record::decode(frame.payload())?;
        let refused = |reason| AuditError::Order { sequence: record.sequence, reason };
        if record.sequence != self.tree.end() {
            return Err(refused("it has another number"));
        }
        if record.at < self.at {
            return Err(refused("it is older than the one before it"));
        }
        if matches!(record.event, Event::Began(_)) != (record.sequence == 0) {
            return Err(refused("a log begins once, with its first record"));
        }
        self.settle(&record).map_err(refused)?;
        if let Event::Vouched(event) = &record.event {
            self.vouching.take(&event.cosignature, &self.origin, self.first > 0)?;
        }
        self.at = record.at;
        self.tree.append(frame.hash());
        Ok(Step::Record(Box::new(record)))
    }

    /// Pairs operations and outcomes.
    fn settle(&mut self, record: &Record) -> Result<(), &'static str> {
        if let Event::Operation(operation) = &record.event
            && operation.verdict.permitted
        {
            self.open.insert(record.sequence);
        }
        // What precedes the first record is not here to be paired with.
        if let Event::Outcome(outcome) = &record.event
            && outcome.of >= self.first
            && !self.open.remove(&outcome.of)
        {
            return Err("it is the outcome of nothing that is open");
        }
        Ok(())
    }

    fn checkpoint(&mut self, frame: &Frame) -> Result<Step, AuditError> {
        let signed = SignedCheckpoint::parse(frame.payload())?;
        let said = signed.checkpoint();
        if said.origin != self.origin {
            let observed = said.origin.thumbprint().to_string();
            let expected = self.origin.thumbprint().to_string();
            return Err(AuditError::Origin { expected, observed });
        }
        let refused = |reason| AuditError::Disagrees { size: said.size, reason };
        if said.size != self.tree.end() {
            return Err(refused("there is another number of them"));
        }
        if said.root != self.tree.root() {
            return Err(refused("they have another root"));
        }
        if said.at < self.at {
            return Err(refused("it is older than they are"));
        }
        self.at = said.at;
        self.vouching.signed(said);
        self.checkpoints = self.checkpoints.saturating_add(1);
        self.last = Some(signed.clone());
        Ok(Step::Checkpoint(Box::new(signed)))
    }
}

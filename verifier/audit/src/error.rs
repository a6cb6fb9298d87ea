//! Why bytes are not a log, or not an honest one.

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// A record does not decode.
    RECORD = "audit.record", Peer, "",
        "Read the log with the version of cloister that wrote it.",
        "A record is deterministic CBOR of a known version. This one has another form, or an event in it has a text that is empty, too long, or has control characters.";
    /// The log does not begin as logs do.
    HEAD = "audit.head", Caller, "",
        "Name a file that a runtime wrote as its audit log.",
        "A log begins with its origin: trust domain, agent and identity key. These bytes begin otherwise.";
    /// The bytes end within an entry.
    TORN = "audit.torn", Operator, "",
        "Take the entries before it; a runtime that was killed while it wrote leaves such an end.",
        "The log ends in the middle of an entry. What a runtime acknowledged is never in such an end, since it is written whole before it is acknowledged.";
    /// An entry's hash does not fit its bytes.
    ALTERED = "audit.altered", Operator, "RFC 9162 section 2.1.1",
        "Keep the log and its machine as they are, and compare with checkpoints that were kept elsewhere.",
        "Every entry is stored with the hash that stands for it in the tree. This entry has other bytes than the ones that its hash is of: storage failed, or somebody changed them.";
    /// A record is out of order.
    ORDER = "audit.order", Operator, "",
        "Keep the log as it is, and compare with checkpoints that were kept elsewhere.",
        "Records are numbered without gaps, do not go back in time, begin with the record of the log's beginning, and an outcome follows the one operation that it is of. Here that is not so: records are missing, or were put in.";
    /// A checkpoint does not fit the records.
    DISAGREES = "audit.disagrees", Operator, "RFC 9162 section 2.1.4",
        "Move the folder aside and keep it for examination; the runtime does not start beside it.",
        "The runtime signed a size and a root, and the records that are there have others. They were changed, removed or put in after it signed.";
    /// A checkpoint is malformed.
    CHECKPOINT = "audit.checkpoint", Peer, "RFC 9052 section 4.2",
        "Use a runtime of a version that this program supports.",
        "A checkpoint is a COSE_Sign1 of its own media type over an origin, a size, a root and a time, in one encoding.";
    /// A checkpoint's signature does not hold.
    SIGNATURE = "audit.signature", Peer, "FIPS 186-5 section 6",
        "Ask the runtime for a checkpoint that its identity key signed.",
        "The signature of the checkpoint was not made by the identity key that the checkpoint names.";
    /// A checkpoint or a log is of somebody else.
    ORIGIN = "audit.origin", Peer, "",
        "Check that the log, the checkpoint and the lease are of the same boot of the same runtime.",
        "Each boot of a runtime has an identity key and a log of its own. This one names another key than the one that was expected.";
    /// Two checkpoints cannot be of one log.
    EQUIVOCATION = "audit.equivocation", Peer, "RFC 9162 section 2.1.4",
        "Quarantine the agent, and keep both checkpoints and their logs.",
        "A runtime signed two checkpoints of its log, and nothing shows that the log of the second extends that of the first. It rewrote its log, or keeps two.";
    /// Two checkpoints contradict each other.
    FORK = "audit.fork", Peer, "RFC 9162 section 2.1.4",
        "Quarantine the agent, and keep both checkpoints: they are the proof.",
        "A runtime's identity key signed two different logs of one size. No runtime that works as it was measured does that.";
    /// A cosignature is malformed, or of something else.
    COSIGNATURE = "audit.cosignature", Peer, "RFC 9052 section 4.2",
        "Use runtimes of versions that know each other's cosignatures.",
        "A cosignature is a COSE_Sign1 of its own media type over a witness, a log, a size and a root, in one encoding. This one has another form, or is over something that the log never was.";
    /// A message between witnesses is malformed.
    MESSAGE = "audit.message", Peer, "",
        "Use runtimes of versions that know each other's messages.",
        "Two runtimes show each other their logs in messages of one encoding. This one has another.";
    /// A proof proves nothing.
    PROOF = "audit.proof", Caller, "RFC 9162 sections 2.1.3 and 2.1.4",
        "Ask for a proof between exactly these two trees.",
        "An inclusion or consistency proof leads to another root than the one that it was held against, or its length does not fit the sizes.";
}

/// Why bytes are not a log, or not an honest one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Not a record.
    #[error("not a record: {reason}")]
    Record {
        /// What is wrong with it.
        reason: String,
    },
    /// Not the beginning of a log.
    #[error("not the beginning of an audit log: {0}")]
    Head(&'static str),
    /// The bytes end within an entry.
    #[error("the log ends within the entry at byte {at}")]
    Torn {
        /// Where the entry begins.
        at: u64,
    },
    /// An entry has other bytes than its hash is of.
    #[error("the entry at byte {at} was altered: {reason}")]
    Altered {
        /// Where the entry begins.
        at: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// A record is not the one that has to follow.
    #[error("record {sequence} is out of order: {reason}")]
    Order {
        /// Its place.
        sequence: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// A checkpoint is of other records.
    #[error("a checkpoint over {size} records disagrees with the records: {reason}")]
    Disagrees {
        /// The size that was signed.
        size: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// Not a checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// Not signed by the key that it names.
    #[error("the checkpoint is not signed by the identity key that it names")]
    Signature,
    /// Of another runtime.
    #[error("of another runtime: identity key {observed}, expected {expected}")]
    Origin {
        /// Thumbprint that was expected.
        expected: String,
        /// Thumbprint that is there.
        observed: String,
    },
    /// Two checkpoints that cannot be of one log.
    #[error("nothing shows that the log of {later} records extends the one of {earlier}")]
    Equivocation {
        /// The earlier size.
        earlier: u64,
        /// The later size.
        later: u64,
    },
    /// Two checkpoints that contradict each other.
    #[error("two different logs of {size} records are signed")]
    Fork {
        /// The size of both.
        size: u64,
    },
    /// Not a cosignature, or not of this log.
    #[error("not a cosignature of this log: {0}")]
    Cosignature(&'static str),
    /// Not a message between witnesses.
    #[error("not a message between witnesses")]
    Message,
    /// A proof of nothing.
    #[error("the proof does not lead to that root")]
    Proof,
}

impl Diagnostic for AuditError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Record { .. } => &RECORD,
            Self::Head(_) => &HEAD,
            Self::Torn { .. } => &TORN,
            Self::Altered { .. } => &ALTERED,
            Self::Order { .. } => &ORDER,
            Self::Disagrees { .. } => &DISAGREES,
            Self::Checkpoint(_) => &CHECKPOINT,
            Self::Signature => &SIGNATURE,
            Self::Origin { .. } => &ORIGIN,
            Self::Equivocation { .. } => &EQUIVOCATION,
            Self::Fork { .. } => &FORK,
            Self::Cosignature(_) => &COSIGNATURE,
            Self::Message => &MESSAGE,
            Self::Proof => &PROOF,
        }
    }
}

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied()
}

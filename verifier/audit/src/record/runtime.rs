//! What concerns the runtime and its log as a whole.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::PeerFacts;
use crate::hash::Hash;
use crate::wire;

/// The runtime began its log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Began {
    /// The image's name, as the measured file has it.
    #[n(0)]
    pub image: String,
    /// The image's version.
    #[n(1)]
    pub version: String,
    /// Digest of the manifest.
    #[n(2)]
    #[cbor(with = "crate::wire::digest")]
    pub manifest: Digest48,
    /// Digest of the policy bundle.
    #[n(3)]
    #[cbor(with = "crate::wire::digest")]
    pub policy: Digest48,
    /// Version of the runtime.
    #[n(4)]
    pub runtime: String,
    /// Whether a record is on the disk before what it speaks of happens, or in guest memory.
    #[n(5)]
    pub durable: bool,
    /// The log of an earlier boot that lay in the same folder.
    #[n(6)]
    pub predecessor: Option<Predecessor>,
}

impl Began {
    pub(super) fn texts(&self) -> Vec<&str> {
        let own = [&self.image, &self.version, &self.runtime].map(String::as_str);
        let found = self.predecessor.iter().map(|found| found.instance.as_str());
        own.into_iter().chain(found).collect()
    }
}

/// A log of an earlier boot, as the host presented it.
///
/// # Security
/// What the host presented: it may be older than the newest. Compare it with the last checkpoint
/// of that instance that the Verifier or a peer has.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Predecessor {
    /// Whose it says that it is.
    #[n(0)]
    pub instance: String,
    /// Whole records in it.
    #[n(1)]
    pub size: u64,
    /// The root over them.
    #[n(2)]
    pub root: Hash,
    /// Bytes after the last whole record, which were cut off.
    #[n(3)]
    pub bytes_cut: u64,
}

/// A Verifier gave the runtime a lease.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Leased {
    /// Digest of the lease.
    #[n(0)]
    #[cbor(with = "crate::wire::digest")]
    pub lease: Digest48,
    /// From this second on it says nothing.
    #[n(1)]
    #[cbor(with = "crate::wire::time")]
    pub expires_at: UnixTime,
    /// The policy epoch that the Verifier decided under.
    #[n(2)]
    pub policy_epoch: u64,
}

/// A peer showed a checkpoint of its own log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Witnessed {
    /// Whose it is.
    #[n(0)]
    pub peer: PeerFacts,
    /// The signed checkpoint, whole: it speaks for itself.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(serialize_with = "wire::as_hex")]
    pub checkpoint: Vec<u8>,
    /// Why it is not believed, as a stable code; absent where it is.
    #[n(2)]
    pub refused: Option<String>,
}

/// A peer vouched for this log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Vouched {
    /// Who.
    #[n(0)]
    pub peer: PeerFacts,
    /// The signed cosignature, whole: it speaks for itself.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(serialize_with = "wire::as_hex")]
    pub cosignature: Vec<u8>,
}

/// Events that were too many to be recorded one by one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Omitted {
    /// What they were, as a stable code.
    #[n(0)]
    pub what: String,
    /// How many.
    #[n(1)]
    pub count: u64,
}

/// The Verifier published an authorization policy.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct PolicyPublished {
    /// Its number.
    #[n(0)]
    pub number: u64,
    /// Digest of the bundle that counts from now on: the published one, or the one in its stead.
    #[n(1)]
    #[cbor(with = "crate::wire::digest")]
    pub bundle: Digest48,
    /// Why it is not in force, as a stable code; absent where it is.
    #[n(2)]
    pub refused: Option<String>,
}

//! How entries stand in a file and on the wire: `kind (1) | length (4, big-endian) | hash (32) |
//! payload`. The hash of a record is its leaf in the tree.

use std::io::Read;

use minicbor::{Decode, Encode};

use crate::error::AuditError;
use crate::hash::Hash;
use crate::limits::{CHECKPOINT_BYTES_MAX, HEAD_BYTES_MAX, RECORD_BYTES_MAX};
use crate::origin::Origin;
use crate::range::Range;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A [`crate::Record`].
    Record,
    /// A [`crate::SignedCheckpoint`].
    Checkpoint,
    /// A [`Head`]: first, and nowhere else.
    Head,
}

impl Kind {
    /// The first byte of the entry and of what its hash is over. That of a record is the one that
    /// the tree has for leaves, and none is the one that it has for nodes.
    const fn byte(self) -> u8 {
        match self {
            Self::Record => 0x00,
            Self::Checkpoint => 0x02,
            Self::Head => 0x03,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x00 => Some(Self::Record),
            0x02 => Some(Self::Checkpoint),
            0x03 => Some(Self::Head),
            _ => None,
        }
    }

    const fn bytes_max(self) -> usize {
        match self {
            Self::Record => RECORD_BYTES_MAX,
            Self::Checkpoint => CHECKPOINT_BYTES_MAX,
            Self::Head => HEAD_BYTES_MAX,
        }
    }
}

/// Bytes before the payload.
pub const HEAD_LEN: usize = 1 + 4 + Hash::LEN;

/// One entry whose hash fits its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    kind: Kind,
    hash: Hash,
    payload: Vec<u8>,
}

impl Frame {
    /// An entry.
    ///
    /// # Errors
    /// [`AuditError::Record`] if the payload is longer than that kind's may be.
    pub fn new(kind: Kind, payload: Vec<u8>) -> Result<Self, AuditError> {
        if payload.len() > kind.bytes_max() {
            return Err(AuditError::Record { reason: "longer than an entry may be".to_owned() });
        }
        Ok(Self { kind, hash: Hash::over(&[&[kind.byte()], &payload]), payload })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The hash over it. Of a record: its leaf in the tree.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// What is in it.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// As it stands in a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LEN.saturating_add(self.payload.len()));
        bytes.push(self.kind.byte());
        // INVARIANT: `new` bounds the payload to far less than 2^32 bytes.
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(self.hash.as_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

/// The beginning of a log, or of what is kept of one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    #[n(0)]
    label: String,
    /// Whose log it says that it is.
    #[n(1)]
    pub origin: Origin,
    #[n(2)]
    size: u64,
    #[n(3)]
    peaks: Vec<Hash>,
}

/// The first entry of every head.
const LABEL: &str = "cloister/audit-log/1";

impl Head {
    /// Of what follows `before`: nothing, for a whole log.
    #[must_use]
    pub fn new(origin: Origin, before: &Range) -> Self {
        let peaks = before.peaks().collect();
        Self { label: LABEL.to_owned(), origin, size: before.end(), peaks }
    }

    /// What precedes the first record.
    ///
    /// # Errors
    /// [`AuditError::Head`] if that cannot be.
    pub fn before(&self) -> Result<Range, AuditError> {
        Range::of_peaks(self.size, &self.peaks)
            .ok_or(AuditError::Head("its frontier does not fit its size"))
    }

    /// The entry.
    ///
    /// # Errors
    /// [`AuditError::Head`] if the origin has no such form.
    pub fn frame(&self) -> Result<Frame, AuditError> {
        if !self.origin.fits() {
            return Err(AuditError::Head("its origin names nobody"));
        }
        let bytes = minicbor::to_vec(self).map_err(|_| AuditError::Head("it cannot be written"))?;
        Frame::new(Kind::Head, bytes)
    }

    /// Reads the entry; refuses anything that would not be written back the same.
    ///
    /// # Errors
    /// [`AuditError::Head`].
    pub fn read(frame: &Frame) -> Result<Self, AuditError> {
        if frame.kind != Kind::Head {
            return Err(AuditError::Head("another entry comes first"));
        }
        let head: Self = minicbor::decode(&frame.payload)
            .map_err(|_| AuditError::Head("it is not of the form that heads have"))?;
        if head.label != LABEL || head.frame()? != *frame {
            return Err(AuditError::Head("it is of another version or encoding"));
        }
        head.before()?;
        Ok(head)
    }
}

/// An entry could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes are not those of a log.
    #[error(transparent)]
    Log(#[from] AuditError),
    /// The bytes did not come.
    #[error("cannot read the log: {0}")]
    Input(#[from] std::io::Error),
}

/// Entries from a stream of bytes, in order, each checked against its hash.
#[derive(Debug)]
pub struct Frames<R> {
    input: R,
    at: u64,
}

impl<R: Read> Frames<R> {
    /// Reads from the first byte of a log.
    pub const fn new(input: R) -> Self {
        Self { input, at: 0 }
    }

    /// Where the next entry begins: everything before is whole.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// The next entry; `None` at the end of the bytes.
    ///
    /// # Errors
    /// [`ReadError::Log`] with [`AuditError::Torn`] or [`AuditError::Altered`], and whatever the
    /// input reports. Nothing can be read after that.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        let at = self.at;
        let head = self.take(HEAD_LEN)?;
        if head.is_empty() {
            return Ok(None);
        }
        let torn = || AuditError::Torn { at };
        let altered = |reason| AuditError::Altered { at, reason };
        let (kind, rest) = head.split_first().ok_or_else(torn)?;
        let (length, hash) = rest.split_at_checked(4).ok_or_else(torn)?;
        let length = u32::from_be_bytes(length.try_into().map_err(|_| torn())?);
        let hash = Hash::from_slice(hash).ok_or_else(torn)?;
        let kind = Kind::of(*kind).ok_or_else(|| altered("an entry of no known kind"))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > kind.bytes_max() {
            return Err(altered("longer than such an entry may be").into());
        }
        let payload = self.take(length)?;
        if payload.len() != length {
            return Err(torn().into());
        }
        let frame = Frame::new(kind, payload)?;
        if frame.hash != hash {
            return Err(altered("its hash is of other bytes").into());
        }
        let read = HEAD_LEN.saturating_add(length);
        self.at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(Some(frame))
    }

    /// As many bytes, or as many as there are.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::with_capacity(length);
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        self.input.by_ref().take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

//! SHA-256 as the tree uses it: one function for leaves, another for nodes.

use core::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Serialize, Serializer};

/// A SHA-256 value: of a leaf, a node, a whole tree, or of bytes that a record speaks about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; Self::LEN]);

/// SPEC: RFC 9162 section 2.1.1: a leaf's first byte, and a node's.
const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

impl Hash {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// From a slice; `None` for every other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From 64 hexadecimal digits; `None` for any other text.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LEN];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// SHA-256 of `bytes` and nothing else: how records name messages.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::over(&[bytes])
    }

    /// SHA-256 of `parts`, one after the other.
    #[must_use]
    pub fn over(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        Self::finish(context)
    }

    /// The value that a context over SHA-256 came to.
    #[must_use]
    pub fn finish(context: Context) -> Self {
        let mut hash = [0; Self::LEN];
        hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    /// The hash of a leaf.
    #[must_use]
    pub fn leaf(record: &[u8]) -> Self {
        Self::over(&[&[LEAF], record])
    }

    /// The hash of a node over two others.
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        Self::over(&[&[NODE], &left.0, &right.0])
    }

    /// The root of the tree without leaves.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self::over(&[])
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<C> Encode<C> for Hash {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Hash {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::from_slice(d.bytes()?).ok_or_else(|| decode::Error::message("hash is not 32 bytes"))
    }
}

//! Bytes that are hashed once and named by the digest afterwards.

use super::Digest48;

/// Bytes with the SHA-384 over them. Made only from the bytes, so that no digest stands beside
/// others than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed<'a> {
    bytes: &'a [u8],
    digest: Digest48,
}

impl<'a> Hashed<'a> {
    /// Hashes `bytes`.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, digest: Digest48::sha384(bytes) }
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// SHA-384 over [`Self::bytes`].
    #[must_use]
    pub const fn digest(&self) -> &Digest48 {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::Hashed;
    use crate::bytes::Digest48;

    #[test]
    fn the_digest_is_that_of_the_bytes_that_it_came_with() {
        for bytes in [b"".as_slice(), b"abc", &[0; 200]] {
            let hashed = Hashed::of(bytes);
            assert_eq!((hashed.bytes(), *hashed.digest()), (bytes, Digest48::sha384(bytes)));
        }
        assert_ne!(Hashed::of(b"a").digest(), Hashed::of(b"b").digest());
    }
}

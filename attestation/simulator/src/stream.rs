//! Bytes that depend on the seed and on what they are for, and on nothing else.

use aws_lc_rs::hmac::{HMAC_SHA512, Key, sign};

/// HMAC-SHA-512 in counter mode over a label, keyed by the seed.
pub(crate) struct Stream {
    key: Key,
    label: String,
    block: u64,
    rest: Vec<u8>,
}

impl Stream {
    /// Starts the stream for one purpose. Labels separate purposes.
    pub(crate) fn new(seed: &str, label: &str) -> Self {
        let key = Key::new(HMAC_SHA512, seed.as_bytes());
        Self { key, label: label.to_owned(), block: 0, rest: Vec::new() }
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        while self.rest.len() < len {
            let message = [self.label.as_bytes(), &[0], &self.block.to_be_bytes()].concat();
            self.rest.extend_from_slice(sign(&self.key, &message).as_ref());
            self.block = self.block.wrapping_add(1);
        }
        self.rest.drain(..len).collect()
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("take returns the length that was asked for")
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn same_seed_and_label_give_the_same_bytes_however_they_are_read() {
        let whole = Stream::new("seed", "label").take(200);
        let mut parts = Stream::new("seed", "label");
        assert_eq!([parts.take(3), parts.take(190), parts.take(7)].concat(), whole);
    }

    #[test]
    fn another_seed_or_label_gives_other_bytes() {
        let base = Stream::new("seed", "label").take(32);
        assert_ne!(Stream::new("seed2", "label").take(32), base);
        assert_ne!(Stream::new("seed", "label2").take(32), base);
    }
}

//! What an entry is found by: a digest over everything that it was made from.

use aws_lc_rs::digest::{Context, SHA256};

use crate::anchor::Anchors;
use crate::snp;
use crate::tdx::Collateral;

/// SHA-256 over all content that an entry rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ContentKey([u8; 32]);

impl ContentKey {
    /// Of an SEV-SNP chain. The product is not named apart: it follows from the certificates.
    pub(super) fn of_chain(with: &snp::Endorsements, anchors: &Anchors) -> Self {
        let mut digest = Content::new(b"cloister/cache/snp-chain/1", anchors);
        with.contents().into_iter().for_each(|part| digest.part(part));
        digest.finish()
    }

    /// Of TDX collateral.
    pub(super) fn of_collateral(with: &Collateral, anchors: &Anchors) -> Self {
        let mut digest = Content::new(b"cloister/cache/tdx-collateral/1", anchors);
        with.contents().into_iter().for_each(|part| digest.part(part));
        digest.finish()
    }

    /// Of something that rests on this and on `more`.
    pub(super) fn and(&self, more: &[u8]) -> Self {
        let mut digest = Content(Context::new(&SHA256));
        digest.part(Some(b"cloister/cache/and/1"));
        digest.part(Some(&self.0));
        digest.part(Some(more));
        digest.finish()
    }
}

/// A digest over parts, each with its length, so that no two lists of parts are one content.
struct Content(Context);

impl Content {
    fn new(domain: &[u8], anchors: &Anchors) -> Self {
        let mut content = Self(Context::new(&SHA256));
        content.part(Some(domain));
        let simulator = anchors.simulator_fingerprint();
        content.part(simulator.as_ref().map(|fingerprint| fingerprint.as_bytes().as_slice()));
        content
    }

    /// Adds a part; an absent one differs from an empty one.
    fn part(&mut self, part: Option<&[u8]>) {
        self.0.update(&[u8::from(part.is_some())]);
        let bytes = part.unwrap_or_default();
        // INVARIANT: inputs are bounded far below 2^64 bytes.
        self.0.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> ContentKey {
        let mut key = [0; 32];
        let digest = self.0.finish();
        key.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        ContentKey(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, ContentKey};
    use crate::anchor::Anchors;

    fn key(domain: &[u8], parts: &[Option<&[u8]>]) -> ContentKey {
        let mut content = Content::new(domain, &Anchors::vendor());
        parts.iter().for_each(|part| content.part(*part));
        content.finish()
    }

    #[test]
    fn no_two_lists_of_parts_share_a_key() {
        let lists: [&[Option<&[u8]>]; 7] = [
            &[],
            &[None],
            &[Some(b"")],
            &[None, Some(b"ab")],
            &[Some(b"ab"), None],
            &[Some(b"a"), Some(b"b")],
            &[Some(b"ab")],
        ];
        let mut keys: Vec<_> = lists.iter().map(|list| key(b"a domain", list)).collect();
        keys.extend(lists.iter().map(|list| key(b"another", list)));
        for (at, one) in keys.iter().enumerate() {
            assert_eq!(keys.iter().filter(|other| *other == one).count(), 1, "list {at}");
        }
    }
}

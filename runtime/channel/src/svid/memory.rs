//! Certificates whose chain verified before: a peer shows the same one on every connection until
//! its lease is renewed.

use cloister_attestation::bytes::Digest48;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};

use super::chain::{Usage, verified};
use super::{Svid, SvidError};
use crate::limits::CHAINS_REMEMBERED_MAX;
use crate::remembered::Remembered;

/// What is known about certificates under one set of issuers that never changes. Clones share it.
///
/// # Security
/// Only certificates that an issuer signed itself are remembered, by all of their bytes, and for
/// the usages that verified. A certificate is found only within its own dates, which are checked at
/// every use. Who holds it and whether its lease counts, nobody asks here: the handshake's
/// signature and the session do, each time.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Remembered<Known>);

#[derive(Clone, Debug)]
struct Known {
    svid: Svid,
    server: bool,
    client: bool,
}

impl Known {
    const fn is_for(&self, usage: Usage) -> bool {
        match usage {
            Usage::Server => self.server,
            Usage::Client => self.client,
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Remembered::new(CHAINS_REMEMBERED_MAX))
    }
}

impl Memory {
    /// As [`verified`], which is asked only for what is not known. `anchors` are always the same.
    pub(crate) fn verify(
        &self,
        anchors: &[TrustAnchor<'_>],
        (leaf, intermediates): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        now: UnixTime,
        usage: Usage,
    ) -> Result<Svid, SvidError> {
        if !intermediates.is_empty() {
            return verified(anchors, leaf, intermediates, now, usage);
        }
        let key = Digest48::sha384(leaf);
        let known = self.0.find(&key);
        if let Some(known) = &known
            && known.is_for(usage)
            && known.svid.is_valid_at(now.as_secs())
        {
            return Ok(known.svid.clone());
        }
        let svid = verified(anchors, leaf, intermediates, now, usage)?;
        let known = Known {
            svid: svid.clone(),
            server: usage == Usage::Server || known.as_ref().is_some_and(|known| known.server),
            client: usage == Usage::Client || known.as_ref().is_some_and(|known| known.client),
        };
        self.0.keep(key, known, |known| !known.svid.is_valid_at(now.as_secs()));
        Ok(svid)
    }

    /// As [`Svid::parse`], which is asked only for what is not known.
    pub(crate) fn parse(&self, leaf: &[u8]) -> Result<Svid, SvidError> {
        self.0.find(&Digest48::sha384(leaf)).map_or_else(|| Svid::parse(leaf), |it| Ok(it.svid))
    }

    /// How many certificates are known.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

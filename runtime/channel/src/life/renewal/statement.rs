//! What an identity key signs about a new lease on one connection.

use core::fmt;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cbor::Writer;
use minicbor::{Decoder, decode};
use zeroize::Zeroizing;

use crate::cbor::{array, deterministic};
use crate::life::RenewalError;
use crate::life::message::LABEL;
use crate::session::Role;
use crate::tls::Exporter;

const ELEMENTS: usize = 6;

/// The signed statement. See [`super`].
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// The signer's end.
    pub(super) role: Role,
    /// The exporter value of the signer's role.
    pub(super) exporter: Exporter,
    /// Digest of the signer's lease that the new one replaces.
    pub(super) previous: Digest48,
    /// Digest of the signer's new lease.
    pub(super) lease: Digest48,
    /// The policy epoch that the signer acts under.
    pub(super) policy_epoch: u64,
}

impl Statement {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(192);
        e.array(ELEMENTS).text(LABEL).text(self.role.name()).bytes(&*self.exporter);
        e.bytes(self.previous.as_bytes()).bytes(self.lease.as_bytes());
        e.unsigned(self.policy_epoch);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RenewalError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        if d.array()? != u64::try_from(ELEMENTS).ok() || d.str()? != LABEL {
            return Err(decode::Error::message("statement of another protocol or version"));
        }
        Ok(Self {
            role: Role::named(d.str()?)
                .ok_or_else(|| decode::Error::message("role of an unknown name"))?,
            exporter: Zeroizing::new(array(d)?),
            previous: Digest48::new(array(d)?),
            lease: Digest48::new(array(d)?),
            policy_epoch: d.u64()?,
        })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("role", &self.role)
            .field("previous", &self.previous)
            .field("lease", &self.lease)
            .field("policy_epoch", &self.policy_epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Digest48;
    use zeroize::Zeroizing;

    use super::Statement;
    use crate::session::Role;

    fn statement() -> Statement {
        Statement {
            role: Role::Initiator,
            exporter: Zeroizing::new([9; 32]),
            previous: Digest48::sha384(b"previous"),
            lease: Digest48::sha384(b"lease"),
            policy_epoch: 300,
        }
    }

    #[test]
    fn round_trips() {
        assert_eq!(Statement::decode(&statement().encode()).unwrap(), statement());
    }

    #[test]
    fn refuses_truncation_trailing_bytes_and_other_encodings() {
        let bytes = statement().encode();
        for len in 0..bytes.len() {
            assert!(Statement::decode(&bytes[..len]).is_err(), "{len}");
        }
        assert!(Statement::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
        let indefinite = [&[0x9f], &bytes[1..], &[0xff]].concat();
        assert!(Statement::decode(&indefinite).is_err());
        // 300 as a four-byte integer instead of a two-byte one.
        let wide = [&bytes[..bytes.len() - 3], &[0x1a, 0, 0, 1, 0x2c]].concat();
        assert!(Statement::decode(&wide).is_err());
    }

    #[test]
    fn does_not_print_the_exporter() {
        let printed = format!("{:?}", statement());
        assert!(!printed.contains("9, 9") && !printed.contains("0909"), "{printed}");
    }
}

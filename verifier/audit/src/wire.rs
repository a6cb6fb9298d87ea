//! How values of other crates stand in records.

use cloister_attestation::bytes::Digest48;
use serde::Serializer;

use crate::limits::TEXT_BYTES_MAX;

/// Whether a text may stand in a record: not empty, not long, nothing that a terminal obeys.
pub(crate) fn fits(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

pub(crate) fn as_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

/// Seconds since 1970.
pub(crate) mod time {
    use cloister_attestation::time::UnixTime;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::Error as EncodeError;
    use minicbor::encode::Write;
    use minicbor::{Decoder, Encoder};

    pub(crate) fn encode<C, W: Write>(
        time: &UnixTime,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.u64(time.as_secs())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<UnixTime, DecodeError> {
        d.u64().map(UnixTime::from_secs)
    }
}

/// A SHA-384 digest as a byte string.
pub(crate) mod digest {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::Error as EncodeError;
    use minicbor::encode::Write;
    use minicbor::{Decoder, Encoder};

    use super::Digest48;

    pub(crate) fn encode<C, W: Write>(
        digest: &Digest48,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(digest.as_bytes())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Digest48, DecodeError> {
        Digest48::from_slice(d.bytes()?)
            .ok_or_else(|| DecodeError::message("digest is not 48 bytes"))
    }
}

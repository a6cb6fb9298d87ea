//! Reading the parts that this crate's own messages are made of.

use minicbor::{Decoder, decode};

/// The value of the next entry of a map, whose label has to be `label`.
pub(crate) fn entry<'a, 'b>(
    d: &'a mut Decoder<'b>,
    label: u8,
) -> Result<&'a mut Decoder<'b>, decode::Error> {
    if d.u8()? == label { Ok(d) } else { Err(decode::Error::message("entries out of order")) }
}

/// A byte string of `N` bytes.
pub(crate) fn array<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], decode::Error> {
    d.bytes()?.try_into().map_err(|_| decode::Error::message("a byte string of another length"))
}

/// What `bytes` say; refuses anything that would not encode back to the same bytes.
pub(crate) fn deterministic<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T, decode::Error>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, decode::Error> {
    let said = read(&mut Decoder::new(bytes))?;
    if encode(&said) == bytes {
        Ok(said)
    } else {
        Err(decode::Error::message("not in deterministic form"))
    }
}

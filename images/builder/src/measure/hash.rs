//! Hashes over parts, one after the other.

use aws_lc_rs::digest::{Algorithm, Context, SHA256, SHA384};
use cloister_attestation::bytes::Digest48;

/// SHA-256.
pub(super) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    over(&SHA256, parts)
}

/// SHA-384.
pub(super) fn sha384<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest48 {
    Digest48::new(over(&SHA384, parts))
}

fn over<'a, const N: usize>(
    algorithm: &'static Algorithm,
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> [u8; N] {
    let mut context = Context::new(algorithm);
    parts.into_iter().for_each(|part| context.update(part));
    finish(context)
}

/// The digest that a context has come to.
pub(super) fn finish<const N: usize>(context: Context) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

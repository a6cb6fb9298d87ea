//! A lease: verified by a peer.

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
use cloister_attestation::cose;
use cloister_channel::lease;
use cloister_domain::world::{NOW, World};
use minicbor::Decoder;

use crate::signature::Signature;
use crate::timing::{Measured, pairs};

/// A received lease, over its signature verified bare.
pub(crate) fn verify() -> Result<Measured> {
    let world = World::new();
    let (trust, runtime) = (world.trust(), world.runtime("translator"));
    let bytes = runtime.lease_bytes();
    let bare = bare(bytes, world.signer.public().point())?;
    let own = || lease::verify(bytes, &trust, NOW).map(drop).context("a genuine lease");
    pairs(format!("{} bytes", bytes.len()), own, || bare.verify())
}

fn bare(bytes: &[u8], key: &[u8]) -> Result<Signature> {
    let mut d = Decoder::new(bytes);
    d.array()?;
    let protected = d.bytes()?;
    d.skip()?;
    let (payload, value) = (d.bytes()?, d.bytes()?);
    let message = cose::to_be_signed(protected, payload);
    Signature::new(&ECDSA_P256_SHA256_FIXED, key, &message, value)
}

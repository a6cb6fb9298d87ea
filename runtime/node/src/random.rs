//! Draws for jitter. Nothing secret comes from here.

use tracing::warn;

use crate::backoff::Draw;

/// A fresh draw from the system. Without one, the middle: jitter is then lost, and nothing else.
#[must_use]
pub(crate) fn draw() -> Draw {
    match getrandom::u32() {
        Ok(bits) => Draw(bits),
        Err(error) => {
            warn!(%error, "no random number for jitter");
            Draw(u32::MAX / 2)
        }
    }
}

//! The operator's token: a bearer secret that is compared and never kept.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::{Directory, StateError, files, random};

const RANDOM_LEN: usize = 32;

/// Knows the operator's token by its digest.
///
/// Digests are compared, so that the time taken says nothing about the token or its length.
pub struct OperatorToken {
    digest: [u8; 32],
}

impl OperatorToken {
    /// Reads the token's file, or makes a token and its file.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(directory: &Directory) -> Result<Self, StateError> {
        let stored = directory.secret(files::TOKEN, || {
            let secret = Zeroizing::new(hex::encode(&random(RANDOM_LEN)?));
            Ok(Zeroizing::new([secret.as_bytes(), b"\n"].concat()))
        })?;
        // People edit such files: white space around the token is none of it.
        let token = stored.trim_ascii();
        if token.len() < RANDOM_LEN {
            return Err(StateError::Length { path: directory.path(files::TOKEN) });
        }
        Ok(Self { digest: sha256(token) })
    }

    /// Whether `presented` is the token.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        verify_slices_are_equal(&self.digest, &sha256(presented)).is_ok()
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(redacted)")
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    out
}

//! Making and reading the key that signs bundles.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cloister_attestation::key::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::error::CommandError;
use crate::answer::{Answer, Exit};
use crate::file;
use crate::text::indented;

/// Readable and writable by its owner alone.
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

pub(super) fn run(out: &Path) -> Result<Answer, CommandError> {
    let wrong = |source| CommandError::Key { path: out.to_owned(), source };
    let pem = SigningKey::generate_pem().map_err(wrong)?;
    let key = SigningKey::from_pem(&pem).map_err(wrong)?;
    let public = public_path(out);
    create(out, PRIVATE, pem.as_bytes())?;
    create(&public, PUBLIC, key.public().to_pem().as_bytes())?;
    let fingerprint = key.public().thumbprint();
    let text = format!(
        "private key  {}\npublic key   {}\nfingerprint  {}\n",
        out.display(),
        public.display(),
        indented(&fingerprint.to_string(), 13)
    );
    let json = json!({
        "private": out.display().to_string(),
        "public": public.display().to_string(),
        "fingerprint": fingerprint,
    });
    Ok(Answer { exit: Exit::Acceptable, text, json })
}

/// Reads a private key, if nobody else may.
pub(crate) fn read(path: &Path) -> Result<SigningKey, CommandError> {
    SigningKey::from_pem(&read_private(path)?)
        .map_err(|source| CommandError::Key { path: path.to_owned(), source })
}

/// Reads the text of a private key, if nobody else may.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<String>, CommandError> {
    let text = Zeroizing::new(file::read_text(path)?);
    if let Ok(metadata) = std::fs::metadata(path) {
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CommandError::Unprotected { path: path.to_owned(), mode });
        }
    }
    Ok(text)
}

fn public_path(private: &Path) -> PathBuf {
    let mut name = private.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Never replaces a file: a lost key cannot be had back.
fn create(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), CommandError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|source| CommandError::Write { path: path.to_owned(), source })
}

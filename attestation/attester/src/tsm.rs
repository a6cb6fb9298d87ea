//! The configfs-tsm client.
//!
//! ```text
//!  mkdir entry -> provider? -> generation g -> privlevel, inblob (n writes) -> outblob, auxblob
//!                                                        -> generation = g + n? -> rmdir entry
//! ```
//! Storing `inblob` reports no error: the kernel stores when the file is closed and drops the
//! result. Only `generation` tells whether our write took effect and whether it was the last one.
//!
//! SPEC: Linux `Documentation/ABI/testing/configfs-tsm`.

mod entry;
mod trouble;

use std::path::{Path, PathBuf};
use std::thread;

use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Tee;
use cloister_attestation::limits::{ENDORSEMENT_BYTES_MAX, HARDWARE_EVIDENCE_BYTES_MAX};

use crate::error::AttesterError;
use crate::limits::{ATTEMPTS_AFTER_IO_ERROR_MAX, ATTEMPTS_MAX, BACKOFF};
use entry::Entry;
use trouble::Trouble;

/// Report or quote, and the certificate table where there is one.
type Blobs = (Vec<u8>, Option<Vec<u8>>);

/// A TEE behind configfs-tsm.
#[derive(Debug)]
pub(crate) struct Tsm {
    root: PathBuf,
    tee: Tee,
    privilege_level: Option<u8>,
}

/// The provider of a TEE.
pub(crate) const fn provider_of(tee: Tee) -> &'static str {
    match tee {
        Tee::Snp => "sev_guest",
        Tee::Tdx => "tdx_guest",
        // A TEE that this version does not know has no provider, and no provider is nameless.
        _ => "",
    }
}

/// The TEE of a provider.
pub(crate) fn tee_of(provider: &str) -> Option<Tee> {
    [Tee::Snp, Tee::Tdx].into_iter().find(|tee| provider_of(*tee) == provider)
}

/// The provider's name. Needs an entry, which is removed again.
pub(crate) fn provider(root: &Path) -> Result<String, AttesterError> {
    let entry = Entry::make(root)?;
    entry.text("provider").map_err(|trouble| trouble.into_error(1))
}

impl Tsm {
    pub(crate) fn new(root: &Path, tee: Tee, privilege_level: Option<u8>) -> Self {
        Self { root: root.to_owned(), tee, privilege_level }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Attempts until a report was read that is certainly the answer to these inputs.
    pub(crate) fn collect(&self, report_data: &ReportData) -> Result<Blobs, AttesterError> {
        let mut attempt = 1;
        loop {
            let trouble = match self.attempt(report_data) {
                Ok(blobs) => return Ok(blobs),
                Err(trouble) => trouble,
            };
            if attempt >= allowed(&trouble) {
                return Err(trouble.into_error(attempt));
            }
            tracing::warn!(attempt, %trouble, "collecting evidence again");
            thread::sleep(BACKOFF.saturating_mul(1 << attempt.min(8)));
            attempt = attempt.saturating_add(1);
        }
    }

    /// One attempt, in an entry of its own.
    fn attempt(&self, report_data: &ReportData) -> Result<Blobs, Trouble> {
        let entry = Entry::make(&self.root)?;
        self.check_provider(&entry)?;
        let mut expected = entry.generation()?;
        if let Some(level) = self.privilege_level {
            entry.write_privilege_level(level)?;
            expected = expected.wrapping_add(1);
        }
        entry.write_inblob(report_data)?;
        expected = expected.wrapping_add(1);
        check_generation(&entry, expected)?;
        let hardware = entry.blob("outblob", HARDWARE_EVIDENCE_BYTES_MAX)?;
        let certificates = entry.optional_blob("auxblob", ENDORSEMENT_BYTES_MAX)?;
        // SECURITY: after the last read, so that nothing that was read can be of another generation.
        check_generation(&entry, expected)?;
        Ok((hardware, certificates))
    }

    fn check_provider(&self, entry: &Entry) -> Result<(), Trouble> {
        let expected = provider_of(self.tee);
        let found = entry.text("provider")?;
        if found == expected {
            Ok(())
        } else {
            Err(AttesterError::Provider { expected: expected.to_owned(), found }.into())
        }
    }
}

/// Only our own writes, all of them, since the count was taken.
fn check_generation(entry: &Entry, expected: u64) -> Result<(), Trouble> {
    let found = entry.generation()?;
    if found == expected { Ok(()) } else { Err(Trouble::Conflict { expected, found }) }
}

/// How many attempts a kind of trouble is worth.
const fn allowed(trouble: &Trouble) -> u32 {
    match trouble {
        Trouble::Conflict { .. } | Trouble::Busy(_) => ATTEMPTS_MAX,
        Trouble::Firmware { .. } => ATTEMPTS_AFTER_IO_ERROR_MAX,
        Trouble::Final(_) => 1,
    }
}

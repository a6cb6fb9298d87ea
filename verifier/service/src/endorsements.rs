//! Where endorsements come from: a folder that the operator fills, what the guest's host offered,
//! and the services of AMD and Intel.
//!
//! All of them are hints. Verification believes a chain because it ends at a pinned key, whoever
//! handed it over. What it believed is remembered, so that an older issue of the same document is
//! refused afterwards ([`RollbackMemory`]).

mod memory;
mod sources;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::limits::CRL_BYTES_MAX;
use cloister_attestation::snp::{self, CertificateTableError, Product, SigningKey};
use cloister_attestation::tdx::{self, CollateralError};
use cloister_attestation::verify::Endorsements;
use cloister_attestation::x509::{X509Error, pem};

pub use memory::RollbackMemory;
pub use sources::{AtHand, Sources, Verification};

cloister_attestation::codes! {
    /// A file in the endorsements folder cannot be used.
    FILE = "endorsements.file", Operator, "",
        "Correct or remove the file that the service's log names in its endorsements folder.",
        "A file in the configured endorsements folder cannot be read, is too large, or is not what its name says. Verification stops there rather than do without, since the file may be the revocation list.";
    /// A document is older than one that was seen.
    ROLLBACK = "endorsements.rollback", Operator, "Intel SGX ECDSA Quote Library API, 4.1.2.4; RFC 5280 section 5.2.3",
        "Fetch the current document, and replace or remove the one in the endorsements folder.",
        "A CRL or a collateral document is genuine, and an earlier issue than one that this Verifier has relied on before. Whoever brings back an earlier issue may want a revocation or a TCB level forgotten. The newest issue seen is remembered in the database, across restarts.";
    /// Nothing is known for this TEE.
    TEE = "endorsements.tee", Cloister, "",
        "Report this as a defect.",
        "The Evidence parses as that of a TEE for which this version of the Verifier has no endorsements to look for.";
}

/// Endorsements could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndorsementError {
    /// The guest's certificate table does not read.
    #[error(transparent)]
    Table(#[from] CertificateTableError),
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM with one certificate.
    #[error("{} does not hold one certificate", .path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Option<X509Error>,
    },
    /// A file is not collateral.
    #[error("{} does not hold collateral", .path.display())]
    Collateral {
        /// Which.
        path: PathBuf,
        /// Why.
        source: CollateralError,
    },
    /// Nothing is known for this TEE.
    #[error("no endorsements are known for {tee}")]
    Tee {
        /// As the Evidence parsed.
        tee: Tee,
    },
}

impl Diagnostic for EndorsementError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Table(error) => error.code(),
            Self::Tee { .. } => &TEE,
            Self::File { .. } | Self::Certificate { .. } | Self::Collateral { .. } => &FILE,
        }
    }
}

/// A folder that the operator fills: `snp/PRODUCT/{crl.der,ask.pem,asvk.pem,ark.pem}`,
/// `snp/PRODUCT/vcek/CHIP_ID-TCB.pem` and `tdx/collateral.json`. Read anew each time, so that a new
/// CRL counts at once.
#[derive(Clone, Debug)]
pub struct OfflineFolder {
    root: Option<PathBuf>,
}

impl OfflineFolder {
    /// With `None`, there is none.
    #[must_use]
    pub const fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// What the folder has for `evidence`. What is not there is left out: verification says what
    /// it misses. May block.
    ///
    /// # Errors
    /// [`EndorsementError`] if something that is there cannot be used.
    pub fn endorsements(&self, evidence: &Evidence) -> Result<Endorsements, EndorsementError> {
        match evidence.hardware() {
            Evidence::Snp(report) => self.snp(report).map(Endorsements::Snp),
            Evidence::Tdx(_) => self.tdx().map(Endorsements::Tdx),
            Evidence::Azure(_) | _ => Err(EndorsementError::Tee { tee: evidence.tee() }),
        }
    }

    fn snp(&self, report: &snp::Report) -> Result<snp::Endorsements, EndorsementError> {
        let product = report.cpuid().and_then(Product::from_cpuid);
        let (Some(root), Some(product)) = (&self.root, product) else {
            return Ok(snp::Endorsements::none());
        };
        let folder = root.join("snp").join(product.name());
        let (vek, intermediate) = match report.signing_key() {
            SigningKey::Vlek => (None, "asvk.pem"),
            SigningKey::Vcek | SigningKey::None => {
                // A chip has another certificate for each TCB.
                let name = format!("{}-{}.pem", report.chip_id(), report.reported_tcb());
                (certificate(&folder.join("vcek").join(name))?, "ask.pem")
            }
        };
        Ok(snp::Endorsements {
            vek,
            intermediate: certificate(&folder.join(intermediate))?,
            root: certificate(&folder.join("ark.pem"))?,
            crl: read(&folder.join("crl.der"))?,
        })
    }

    fn tdx(&self) -> Result<tdx::Collateral, EndorsementError> {
        let Some(root) = &self.root else { return Ok(tdx::Collateral::none()) };
        let path = root.join("tdx").join("collateral.json");
        match read(&path)? {
            None => Ok(tdx::Collateral::none()),
            Some(json) => tdx::Collateral::from_json(&json)
                .map_err(|source| EndorsementError::Collateral { path, source }),
        }
    }
}

/// The file's bytes, or `None` if there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, EndorsementError> {
    let unreadable = |source| EndorsementError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unreadable(source)),
    };
    let mut bytes = Vec::new();
    // The largest of these files is a CRL; collateral with its CRLs stays far below as well.
    let limit = u64::try_from(CRL_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > CRL_BYTES_MAX {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(bytes))
}

fn certificate(path: &Path) -> Result<Option<Vec<u8>>, EndorsementError> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let wrong = |source| EndorsementError::Certificate { path: path.to_owned(), source };
    let text = String::from_utf8(bytes).map_err(|_| wrong(None))?;
    let mut blocks = pem::blocks(&text).map_err(|error| wrong(Some(error)))?;
    let last = blocks.pop().filter(|_| blocks.is_empty());
    last.ok_or_else(|| wrong(None)).map(Some)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use cloister_attestation::code::Diagnostic as _;

    use super::{certificate, read};

    #[test]
    fn an_absent_file_is_nothing_and_a_wrong_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ask.pem");
        assert_eq!(read(&path).unwrap(), None);
        assert_eq!(certificate(&path).unwrap(), None);
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAA").unwrap();
        assert_eq!(certificate(&path).unwrap_err().code().id, "endorsements.file");
        fs::write(&path, "").unwrap();
        assert_eq!(certificate(&path).unwrap_err().code().id, "endorsements.file");
        assert_eq!(read(folder.path()).unwrap_err().code().id, "endorsements.file");
    }
}

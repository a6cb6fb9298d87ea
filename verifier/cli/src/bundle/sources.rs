//! Folders that a bundle is made of.

use std::path::Path;

use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::snp;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::Endorsements;

use super::error::CommandError;
use crate::evidence::folder::{self, FolderError, Kind};
use crate::evidence::stages::{Unreadable, endorsements};
use crate::evidence::vtpm;
use crate::file;

/// One machine's Evidence with the endorsements beside it.
pub(crate) struct Folder {
    pub(crate) name: String,
    pub(crate) evidence: Evidence,
    pub(crate) endorsements: Endorsements,
}

impl Folder {
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let folder = folder::Folder::open(path)?;
        let parsed = match folder.kind() {
            Kind::SnpReport => Some(Evidence::parse(Tee::Snp, folder.evidence())),
            Kind::TdxQuote => Some(Evidence::parse(Tee::Tdx, folder.evidence())),
            Kind::Azure => vtpm::evidence(&folder),
            Kind::TdReport | Kind::TpmQuote | Kind::SnpChain | Kind::SnpAuthorities => None,
        };
        let evidence = parsed
            .ok_or_else(|| FolderError::Empty { path: path.to_owned() })?
            .map_err(|source| CommandError::Evidence { path: path.to_owned(), source })?;
        let endorsements = endorsements(&folder, &evidence)
            .map_err(|error| CommandError::Endorsements { path: path.to_owned(), error })?;
        Ok(Self { name: path.display().to_string(), evidence, endorsements })
    }
}

/// Endorsements without Evidence: a key certificate with its chain, or collateral.
pub(super) fn folder_of_endorsements(path: &Path) -> Result<Vec<Endorsements>, CommandError> {
    let unusable = |error: Unreadable| CommandError::Endorsements { path: path.to_owned(), error };
    let mut found = Vec::new();
    let collateral = path.join("collateral.json");
    if collateral.is_file() {
        let json = file::read(&collateral)?;
        let read = Collateral::from_json(&json).map_err(|error| unusable(boxed(error)))?;
        found.push(Endorsements::Tdx(read));
    }
    match folder::Folder::open(path) {
        Ok(folder) => {
            let with = folder.endorsements(None).map_err(|error| unusable(boxed(error)))?;
            if with != snp::Endorsements::none() {
                found.push(Endorsements::Snp(with));
            }
        }
        // Collateral alone is enough; nothing at all is not.
        Err(FolderError::Empty { .. }) if !found.is_empty() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(found)
}

fn boxed(error: impl Diagnostic + Send + Sync + 'static) -> Unreadable {
    Box::new(error)
}

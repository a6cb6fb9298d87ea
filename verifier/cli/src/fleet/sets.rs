//! Intel's standard and early sets, from files, from beside the Evidence, or fetched.

use std::path::Path;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::Fmspc;
use cloister_attestation::forecast::{Machine, MachineTcb, PublishedSet, Set};
use cloister_attestation::publication::TcbUpdate;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;

use super::error::FleetError;
use crate::arguments::ForecastArguments;
use crate::bundle::{Folder, Online};
use crate::file;

/// Collects sets, one for each kind and processor family.
pub(super) struct Sets<'a> {
    anchors: &'a Anchors,
    now: UnixTime,
    sets: Vec<PublishedSet>,
    /// What could not be fetched, in words.
    pub(super) unfetched: Vec<String>,
}

impl<'a> Sets<'a> {
    pub(super) const fn new(anchors: &'a Anchors, now: UnixTime) -> Self {
        Self { anchors, now, sets: Vec::new(), unfetched: Vec::new() }
    }

    /// The sets, and what was not fetched.
    pub(super) fn into_parts(self) -> (Vec<PublishedSet>, Vec<String>) {
        (self.sets, self.unfetched)
    }

    /// From the files that the command line names.
    pub(super) fn add_files(&mut self, options: &ForecastArguments) -> Result<(), FleetError> {
        let standard = options.standard.iter().map(|path| (Set::Standard, path));
        let early = options.early.iter().map(|path| (Set::Early, path));
        for (set, path) in standard.chain(early) {
            self.add(set, &path.display().to_string(), &collateral(path)?)?;
        }
        Ok(())
    }

    /// What lies beside the Evidence is the standard set, where no file says otherwise.
    pub(super) fn add_folders(&mut self, folders: &[Folder]) -> Result<(), FleetError> {
        for folder in folders {
            if let Endorsements::Tdx(collateral) = &folder.endorsements {
                self.add(Set::Standard, &folder.name, collateral)?;
            }
        }
        Ok(())
    }

    /// Both sets of every family that some machine is of and no file was about.
    pub(super) fn fetch(
        &mut self,
        options: &ForecastArguments,
        machines: &[Machine],
    ) -> Result<(), FleetError> {
        for (set, update) in [(Set::Standard, TcbUpdate::Standard), (Set::Early, TcbUpdate::Early)]
        {
            let Some(online) = Online::new(&options.fetch, update, self.anchors)? else { continue };
            for fmspc in families(machines) {
                if self.has(set, fmspc) {
                    continue;
                }
                match online.levels(fmspc, self.now) {
                    Ok(collateral) => {
                        self.add(set, &format!("{set} set of {fmspc}"), &collateral)?
                    }
                    Err(error) => self.unfetched.push(crate::answer::chain(&error)),
                }
            }
        }
        Ok(())
    }

    fn has(&self, set: Set, fmspc: Fmspc) -> bool {
        self.sets.iter().any(|known| known.set() == set && known.fmspc() == Some(fmspc))
    }

    fn add(&mut self, set: Set, name: &str, collateral: &Collateral) -> Result<(), FleetError> {
        let verified = PublishedSet::verify(set, collateral, self.anchors, self.now)
            .map_err(|source| FleetError::Verify { name: name.to_owned(), source })?;
        if verified.fmspc().is_none_or(|fmspc| !self.has(set, fmspc)) {
            self.sets.push(verified);
        }
        Ok(())
    }
}

/// The processor families of the machines, each once.
fn families(machines: &[Machine]) -> Vec<Fmspc> {
    let mut families: Vec<Fmspc> = machines
        .iter()
        .filter_map(|machine| match machine.tcb {
            MachineTcb::Tdx { fmspc, .. } => Some(fmspc),
            MachineTcb::Snp { .. } | _ => None,
        })
        .collect();
    families.sort_unstable();
    families.dedup();
    families
}

fn collateral(path: &Path) -> Result<Collateral, FleetError> {
    Collateral::from_json(&file::read(path)?)
        .map_err(|source| FleetError::Collateral { path: path.to_owned(), source })
}

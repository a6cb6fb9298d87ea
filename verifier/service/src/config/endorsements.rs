//! Where endorsements come from, as configured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloister_attestation::anchor::AnchorKind;
use cloister_endorsements::{Endpoint, Origin, Settings};

use super::document::{self, Address};

/// Where endorsements come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endorsements {
    /// Folder that the operator fills.
    pub folder: Option<PathBuf>,
    /// Which services are asked, and how.
    pub services: Settings,
}

/// Resolves the section. No vendor knows a simulator's machines, so that under a simulator's roots
/// only a mirror is asked.
pub(super) fn resolve(
    document: document::Endorsements,
    anchors: AnchorKind,
    folder: &Path,
) -> Endorsements {
    let at = |address: Address, vendor: Origin| match (address, anchors) {
        (Address::Mirror(origin), _) => Endpoint::At(origin),
        (Address::Vendor, AnchorKind::Vendor) => Endpoint::At(vendor),
        (Address::Vendor | Address::Off, _) => Endpoint::Off,
    };
    let mut services = Settings::offline();
    services.kds = at(document.kds, Origin::amd_kds());
    services.pcs = at(document.pcs, Origin::intel_pcs());
    services.intel_root = at(document.intel_root, Origin::intel_root());
    services.update = document.update;
    services.request_timeout = Duration::from_secs(document.request_timeout_secs.0);
    services.refresh_interval = Duration::from_secs(document.refresh_secs.0);
    Endorsements { folder: document.folder.map(|path| folder.join(path)), services }
}

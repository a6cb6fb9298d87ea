//! Trust anchors: which root keys may stand at the end of an endorsement chain.
//!
//! A set is of one kind, whole: the vendors' roots, or one simulator's. Nothing can hold both, so
//! no policy can accept both by accident.

use serde::{Deserialize, Serialize};

use crate::bytes::Digest48;
use crate::snp::Product;

/// Whose root signed, in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnchorKind {
    /// AMD's or Intel's production root.
    Vendor,
    /// A software TEE. Proves nothing about hardware.
    Simulator,
}

/// SHA-384 over the DER of a root's SubjectPublicKeyInfo.
pub type KeyPin = Digest48;

/// The root keys of one simulator run, by the product that each imitates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorAnchor {
    /// Stand-in for AMD's Milan root.
    pub milan: KeyPin,
    /// Stand-in for AMD's Genoa root.
    pub genoa: KeyPin,
    /// Stand-in for AMD's Turin root.
    pub turin: KeyPin,
    /// Stand-in for Intel's SGX root.
    pub intel: KeyPin,
}

impl SimulatorAnchor {
    /// Names this simulator: SHA-384 over its four pins. A policy that accepts simulated Evidence
    /// has to spell this out.
    #[must_use]
    pub fn fingerprint(&self) -> Digest48 {
        let mut preimage = b"cloister/simulator-anchor/1".to_vec();
        for pin in [&self.milan, &self.genoa, &self.turin, &self.intel] {
            preimage.extend_from_slice(pin.as_bytes());
        }
        Digest48::sha384(&preimage)
    }
}

/// The roots that one verification accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    set: Set,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    Vendor,
    Simulator(SimulatorAnchor),
}

impl Anchors {
    /// AMD's and Intel's production roots, pinned by key.
    #[must_use]
    pub const fn vendor() -> Self {
        Self { set: Set::Vendor }
    }

    /// One simulator's roots, and no others.
    ///
    /// # Security
    /// Evidence verified against this set says nothing about hardware. Results carry
    /// [`AnchorKind::Simulator`] and never reach the tier `affirming`.
    #[must_use]
    pub const fn dangerous_simulator(anchor: SimulatorAnchor) -> Self {
        Self { set: Set::Simulator(anchor) }
    }

    /// Which kind of set this is.
    #[must_use]
    pub const fn kind(&self) -> AnchorKind {
        match self.set {
            Set::Vendor => AnchorKind::Vendor,
            Set::Simulator(_) => AnchorKind::Simulator,
        }
    }

    /// The simulator's fingerprint, where this is a simulator's set.
    #[must_use]
    pub fn simulator_fingerprint(&self) -> Option<Digest48> {
        match &self.set {
            Set::Vendor => None,
            Set::Simulator(anchor) => Some(anchor.fingerprint()),
        }
    }

    /// The pinned key of AMD's root for `product`.
    #[must_use]
    pub fn amd_root(&self, product: Product) -> KeyPin {
        match (&self.set, product) {
            (Set::Vendor, Product::Milan) => crate::snp::roots::MILAN_ARK_KEY,
            (Set::Vendor, Product::Genoa) => crate::snp::roots::GENOA_ARK_KEY,
            (Set::Vendor, Product::Turin) => crate::snp::roots::TURIN_ARK_KEY,
            (Set::Simulator(anchor), Product::Milan) => anchor.milan,
            (Set::Simulator(anchor), Product::Genoa) => anchor.genoa,
            (Set::Simulator(anchor), Product::Turin) => anchor.turin,
        }
    }

    /// The pinned keys of Azure's virtual TPM roots. A simulator has none: it offers no certificate
    /// for its virtual TPM's key.
    #[must_use]
    pub const fn azure_vtpm_roots(&self) -> &'static [KeyPin] {
        match &self.set {
            Set::Vendor => &crate::azure::roots::AZURE_VTPM_ROOT_KEYS,
            Set::Simulator(_) => &[],
        }
    }

    /// The pinned key of Intel's SGX root.
    #[must_use]
    pub const fn intel_root(&self) -> KeyPin {
        match &self.set {
            Set::Vendor => crate::tdx::roots::INTEL_SGX_ROOT_KEY,
            Set::Simulator(anchor) => anchor.intel,
        }
    }
}

//! The seeded vendor hierarchy that everything is signed under.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;

use crate::key::SigningKey;
use crate::stream::Stream;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One simulator's vendor hierarchy: every key follows from the seed, every date from `valid_from`.
///
/// Keys, serial numbers, names and dates are the same for the same arguments. Signature bytes are
/// not: RSASSA-PSS and ECDSA signatures are randomised.
///
/// RSA-4096 keys are derived when first needed, which takes about a second each, and kept under
/// `$CLOISTER_SIMULATOR_CACHE` (default: `simulator-cache` in the workspace's build folder).
///
/// Cloning is cheap and shares the keys.
#[derive(Clone)]
pub struct Pki {
    shared: Arc<Shared>,
}

struct Shared {
    seed: String,
    cached: bool,
    valid_from: UnixTime,
    keys: Mutex<HashMap<String, Arc<SigningKey>>>,
}

impl Pki {
    /// Derives everything from `seed`; certificates, CRLs and collateral are issued at `valid_from`.
    #[must_use]
    pub fn from_seed(seed: &str, valid_from: UnixTime) -> Self {
        Self::new(seed, true, valid_from)
    }

    /// The same for a seed that is used once: leaves nothing on the disk, and is as slow each time.
    #[must_use]
    pub fn for_one_run(seed: &str, valid_from: UnixTime) -> Self {
        Self::new(seed, false, valid_from)
    }

    fn new(seed: &str, cached: bool, valid_from: UnixTime) -> Self {
        let shared = Shared { seed: seed.to_owned(), cached, valid_from, keys: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The pins of this hierarchy's four roots.
    #[must_use]
    pub fn anchor(&self) -> SimulatorAnchor {
        SimulatorAnchor {
            milan: self.ark(Product::Milan).pin(),
            genoa: self.ark(Product::Genoa).pin(),
            turin: self.ark(Product::Turin).pin(),
            intel: self.intel_root().pin(),
        }
    }

    /// [`Self::anchor`] as the only roots that a verification accepts.
    #[must_use]
    pub fn anchors(&self) -> Anchors {
        Anchors::dangerous_simulator(self.anchor())
    }

    /// When everything was issued.
    #[must_use]
    pub fn valid_from(&self) -> UnixTime {
        self.shared.valid_from
    }

    /// From the issue date, so many days.
    pub(crate) fn valid_for_days(&self, days: u32) -> (UnixTime, UnixTime) {
        (self.valid_from(), self.valid_from().plus(DAY * days))
    }

    /// From the issue date, so many years of 365 days.
    pub(crate) fn valid_for_years(&self, years: u32) -> (UnixTime, UnixTime) {
        self.valid_for_days(years * 365)
    }

    /// Bytes that follow from the seed, for identifiers.
    pub(crate) fn stream(&self, label: &str) -> Stream {
        Stream::new(&self.shared.seed, label)
    }

    /// The AMD-like root key of a product.
    pub(crate) fn ark(&self, product: Product) -> Arc<SigningKey> {
        self.rsa(&format!("amd/{product}/ark"))
    }

    /// The AMD-like key that signs VCEK certificates.
    pub(crate) fn ask(&self, product: Product) -> Arc<SigningKey> {
        self.rsa(&format!("amd/{product}/ask"))
    }

    /// The AMD-like key that signs VLEK certificates.
    pub(crate) fn asvk(&self, product: Product) -> Arc<SigningKey> {
        self.rsa(&format!("amd/{product}/asvk"))
    }

    /// The Intel-like root key.
    pub(crate) fn intel_root(&self) -> Arc<SigningKey> {
        self.p256("intel/root")
    }

    pub(crate) fn p256(&self, label: &str) -> Arc<SigningKey> {
        self.key(label, SigningKey::p256)
    }

    pub(crate) fn p384(&self, label: &str) -> Arc<SigningKey> {
        self.key(label, SigningKey::p384)
    }

    /// A key of a virtual TPM.
    pub(crate) fn rsa2048(&self, label: &str) -> Arc<SigningKey> {
        let derive =
            if self.shared.cached { SigningKey::rsa2048 } else { SigningKey::rsa2048_uncached };
        self.key(label, derive)
    }

    fn rsa(&self, label: &str) -> Arc<SigningKey> {
        let derive =
            if self.shared.cached { SigningKey::rsa4096 } else { SigningKey::rsa4096_uncached };
        self.key(label, derive)
    }

    fn key(&self, label: &str, derive: fn(&str, &str) -> SigningKey) -> Arc<SigningKey> {
        // A panic elsewhere leaves the map whole: entries are inserted finished.
        let mut keys = self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let derive = || Arc::new(derive(&self.shared.seed, label));
        Arc::clone(keys.entry(label.to_owned()).or_insert_with(derive))
    }
}

impl fmt::Debug for Pki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pki").field("valid_from", &self.shared.valid_from).finish_non_exhaustive()
    }
}

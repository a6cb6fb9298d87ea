//! What several topics need.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cloister_attestation::bytes::ReportData;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_attester::{Attester, Choice, Collected, Interface, Options};
use cloister_simulator::tsm_fs::{Mounted, Outcome, Step, TsmFs};
use cloister_simulator::{Guest, Pki, SnpGuest, TdxGuest};
use tempfile::TempDir;

/// One seed for all tests, so that they share the RSA keys on disk.
pub(crate) const SEED: &str = "cloister tests";

pub(crate) fn pki() -> Pki {
    Pki::from_seed(SEED, UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap())
}

pub(crate) fn now() -> UnixTime {
    UnixTime::parse_rfc3339("2026-06-02T00:00:00Z").unwrap()
}

pub(crate) fn snp() -> Guest {
    SnpGuest::new(&pki(), Product::Milan).into()
}

pub(crate) fn tdx() -> Guest {
    TdxGuest::new(&pki()).into()
}

/// Tells one request from another.
pub(crate) fn report_data(mark: u8) -> ReportData {
    ReportData::new([mark; 64])
}

/// A mounted stand-in and the directory that it is mounted on.
pub(crate) struct Kernel {
    mounted: Mounted,
    // Dropped after the mount.
    _directory: TempDir,
}

impl Kernel {
    /// Mounts, or says why it cannot and returns nothing.
    pub(crate) fn mount(served: TsmFs) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        match served.mount(directory.path()) {
            Ok(mounted) => Some(Self { mounted, _directory: directory }),
            Err(error) => {
                println!("skipped: FUSE cannot be mounted here: {error}");
                None
            }
        }
    }

    pub(crate) fn options(&self, choice: Choice) -> Options {
        Options { tsm_root: self.mounted.path().to_owned(), ..Options::new(choice) }
    }

    pub(crate) fn attester(&self) -> Attester {
        Attester::open(&self.options(Choice::Auto)).unwrap()
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.mounted.path()
    }

    /// How many entries there are now.
    pub(crate) fn entries(&self) -> usize {
        std::fs::read_dir(self.path()).unwrap().count()
    }
}

/// Does something at a step, the first so many times.
pub(crate) fn first(
    times: u32,
    at: Step,
    outcome: Outcome,
) -> (Counter, impl FnMut(Step) -> Outcome + Send) {
    let counter = Counter::default();
    let counted = counter.clone();
    let mut left = times;
    let script = move |step| {
        if step == Step::StoreInblob {
            counted.0.fetch_add(1, Ordering::Relaxed);
        }
        if step != at || left == 0 {
            return Outcome::Proceed;
        }
        left -= 1;
        outcome
    };
    (counter, script)
}

/// Counts attempts: each stores `inblob` once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicU32>);

impl Counter {
    pub(crate) fn attempts(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The report data inside collected Evidence.
pub(crate) fn answered(collected: &Collected) -> ReportData {
    use cloister_attestation::evidence::Evidence;
    match Evidence::parse(collected.tee, &collected.hardware).unwrap() {
        Evidence::Snp(report) => *report.report_data(),
        Evidence::Tdx(quote) => *quote.report_data(),
        Evidence::Azure(_) | _ => panic!("no other TEE exists"),
    }
}

pub(crate) const fn forced_snp() -> Choice {
    Choice::Snp(Interface::Configfs)
}

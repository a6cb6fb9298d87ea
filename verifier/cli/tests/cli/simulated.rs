//! Folders of evidence by a simulator, and what goes with them.

use std::fs;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_simulator::{Pki, ProcessImage, SnpGuest, TdxGuest, reference_values};
use tempfile::TempDir;

use crate::program::{Run, cloister};

/// Shared with the simulator's own tests, so that its RSA keys are made once.
const SEED: &str = "cloister tests";

/// When everything was issued, and a day later, when it is judged.
const ISSUED: &str = "2026-06-01T00:00:00Z";
pub(crate) const AT: &str = "2026-06-02T00:00:00Z";

/// A folder with one machine's evidence, beside the files that judge it.
pub(crate) struct Case {
    root: TempDir,
}

impl Case {
    /// A TDX guest of [`image`].
    pub(crate) fn tdx() -> Self {
        let guest = TdxGuest::new(&pki()).with_measurements(image().mr_td(), image().rtmr());
        let case = Self::new();
        case.put("evidence/quote.bin", &guest.quote(&report_data()));
        case.put("evidence/collateral.json", &guest.collateral_json());
        case
    }

    /// An SEV-SNP guest of [`image`].
    pub(crate) fn snp() -> Self {
        let guest = SnpGuest::new(&pki(), Product::Milan).with_measurement(image().launch_digest());
        let case = Self::new();
        case.put("evidence/report.bin", &guest.report(&report_data()));
        case.put("evidence/vcek.der", &guest.vek());
        case.put("evidence/ask.der", &guest.intermediate());
        case.put("evidence/ark.der", &guest.root());
        case.put("evidence/crl.der", &guest.crl());
        case
    }

    pub(crate) fn new() -> Self {
        let case = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(case.path("evidence")).unwrap();
        case.put("anchor.json", &serde_json::to_vec(&pki().anchor()).unwrap());
        case.put("image.json", &serde_json::to_vec(&references(&image())).unwrap());
        case
    }

    /// A file of the case.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file of the case.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Takes a file of the evidence away.
    pub(crate) fn without(self, name: &str) -> Self {
        fs::remove_file(self.path("evidence").join(name)).unwrap();
        self
    }

    /// Flips one bit of a file of the evidence.
    pub(crate) fn flipped(self, name: &str, at: usize) -> Self {
        let path = self.path("evidence").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        self
    }

    /// `cloister evidence verify` against the simulator's anchor, with JSON.
    pub(crate) fn verify(&self, more: &[&Path]) -> Run {
        let anchor = self.path("anchor.json");
        let mut words = vec![Path::new("--simulator-anchor"), &anchor];
        words.extend(more);
        self.verify_as_is(&words)
    }

    /// `cloister evidence verify` with nothing but the time, with JSON.
    pub(crate) fn verify_as_is(&self, more: &[&Path]) -> Run {
        let folder = self.path("evidence");
        let words = ["evidence", "verify", "--json", "--at", AT].map(Path::new);
        cloister(words.into_iter().chain([folder.as_path()]).chain(more.iter().copied()))
    }
}

/// What the guests run.
pub(crate) fn image() -> ProcessImage {
    let digest = |name: &str| Digest48::sha384(name.as_bytes());
    ProcessImage {
        runtime: digest("runtime"),
        agent: digest("agent"),
        policy: digest("policy"),
        manifest: digest("manifest"),
    }
}

/// The Reference Values of an image.
pub(crate) fn references(image: &ProcessImage) -> ReferenceValues {
    reference_values(image, "translator", "1.0.0", image.manifest)
}

/// What the guests asked the hardware to sign.
pub(crate) fn report_data() -> ReportData {
    ReportData::new([7; ReportData::LEN])
}

/// The vendors of these cases.
pub(crate) fn pki() -> Pki {
    Pki::from_seed(SEED, UnixTime::parse_rfc3339(ISSUED).unwrap())
}

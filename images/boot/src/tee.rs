//! The software TEE of one machine: measures what the machine is handed, then signs for it.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::snp::{Product, Report};
use cloister_attestation::time::UnixTime;
use cloister_simulator::certificate::pem;
use cloister_simulator::launch::{Launch, Processors};
use cloister_simulator::{Ccel, Guest, Pki, SnpGuest, TdxGuest};
use serde::Serialize;

use crate::vtpm;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `DEBUG` in an SNP guest's policy.
// SPEC: SEV SNP Firmware ABI 56860, section 4.3, table 10.
const SNP_DEBUG: u64 = 1 << 19;

/// `DEBUG` in a TD's attributes.
// SPEC: Intel TDX Module ABI 348551, `ATTRIBUTES`.
const TDX_DEBUG: u8 = 1;

/// What the software TEE passes itself off as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum TeeKind {
    /// AMD SEV-SNP.
    Snp,
    /// Intel TDX.
    Tdx,
}

/// The vendor hierarchy of the software TEEs that share a folder.
#[derive(Debug)]
pub struct Vendor {
    pki: Pki,
}

impl Vendor {
    /// The hierarchy whose seed is in `folder`; made there on first use, with what a Verifier needs
    /// to accept it: `anchor.json` and `endorsements/`.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let seed = folder.join("seed");
        if !seed.exists() {
            write_seed(&seed)?;
        }
        let seed = fs::read_to_string(&seed).context("cannot read the simulator's seed")?;
        // Keys follow from the seed alone; what they sign is as of now, so that it has not expired.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let pki = Pki::for_one_run(&seed, UnixTime::from_secs(now).minus(DAY));
        let vendor = Self { pki };
        vendor.publish(folder)?;
        Ok(vendor)
    }

    /// Another hierarchy, of whoever runs a devnet.
    #[must_use]
    pub fn of(pki: &Pki) -> Self {
        Self { pki: pki.clone() }
    }

    pub(crate) const fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Writes what a Verifier needs to accept these TEEs: `anchor.json`; what the vendors would
    /// publish, in `endorsements/`; and for machines that measure themselves `vtpm-policy.toml`, what
    /// can be demanded of them, and `vtpm-shape.toml`, what their Reference Values are made of.
    pub fn publish(&self, folder: &Path) -> Result<()> {
        let put = |path: PathBuf, bytes: Vec<u8>| -> Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
        };
        put(folder.join("anchor.json"), serde_json::to_vec_pretty(&self.pki.anchor())?)?;
        put(folder.join("vtpm-policy.toml"), vtpm::policy(&self.pki).to_toml()?.into_bytes())?;
        put(folder.join("vtpm-shape.toml"), vtpm::shapes().into_bytes())?;
        let endorsements = folder.join("endorsements");
        let (milan, guest) =
            (endorsements.join("snp/Milan"), SnpGuest::new(&self.pki, Product::Milan));
        put(milan.join("crl.der"), guest.crl())?;
        let report = Report::parse(&guest.report(&ReportData::new([0; ReportData::LEN])))?;
        let vcek = format!("vcek/{}-{}.pem", report.chip_id(), report.reported_tcb());
        for (file, certificate) in
            [(&*vcek, guest.vek()), ("ask.pem", guest.intermediate()), ("ark.pem", guest.root())]
        {
            put(milan.join(file), pem([certificate.as_slice()]).into_bytes())?;
        }
        put(endorsements.join("tdx/collateral.json"), TdxGuest::new(&self.pki).collateral_json())
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Thirty-two bytes that nobody can guess, for the owner alone.
fn write_seed(path: &Path) -> Result<()> {
    let seed: [u8; 32] = random()?;
    let mut file = fs::OpenOptions::new();
    let file = file.write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    std::io::Write::write_all(&mut file, hex::encode(seed).as_bytes())?;
    Ok(())
}

/// What a machine measures as, register by register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measured {
    /// `MEASUREMENT`.
    Snp(Digest48),
    /// `MRTD`, and the events of the firmware.
    Tdx(Digest48, Ccel),
}

impl Measured {
    /// Measures what a machine is handed.
    pub fn of(launch: &Launch<'_>, kind: TeeKind, processors: &Processors) -> Result<Self> {
        Ok(match kind {
            TeeKind::Snp => Self::Snp(launch.snp(processors)?),
            TeeKind::Tdx => Self::Tdx(launch.mr_td()?, launch.boot_log()?),
        })
    }

    /// The registers by name.
    #[must_use]
    pub fn registers(&self) -> Vec<(&'static str, Digest48)> {
        match self {
            Self::Snp(digest) => vec![("MEASUREMENT", *digest)],
            Self::Tdx(mr_td, log) => {
                let [_, rtmr1, rtmr2, rtmr3] = log.rtmr();
                let values = [("MRTD", *mr_td), ("RTMR1", rtmr1), ("RTMR2", rtmr2)];
                values.into_iter().chain([("RTMR3", rtmr3)]).collect()
            }
        }
    }
}

/// A software TEE with one machine's measurement.
#[derive(Clone, Debug)]
pub struct SoftwareTee {
    measured: Measured,
    guest: Guest,
}

impl SoftwareTee {
    /// Measures the machine, once and for all.
    pub fn measuring(
        vendor: &Vendor,
        kind: TeeKind,
        launch: &Launch<'_>,
        processors: &Processors,
        debuggable: bool,
    ) -> Result<Self> {
        let measured = Measured::of(launch, kind, processors)?;
        let guest = match &measured {
            Measured::Snp(digest) => snp(vendor, *digest, debuggable).into(),
            Measured::Tdx(mr_td, log) => tdx(vendor, *mr_td, log, debuggable).into(),
        };
        Ok(Self { measured, guest })
    }

    /// What it measured.
    #[must_use]
    pub const fn measured(&self) -> &Measured {
        &self.measured
    }

    /// The guest that it signs for.
    #[must_use]
    pub fn guest(&self) -> Guest {
        self.guest.clone()
    }
}

fn snp(vendor: &Vendor, digest: Digest48, debuggable: bool) -> SnpGuest {
    let guest = SnpGuest::new(&vendor.pki, Product::Milan).with_measurement(digest);
    if debuggable { guest.with_fields(|fields| fields.policy |= SNP_DEBUG) } else { guest }
}

fn tdx(vendor: &Vendor, mr_td: Digest48, log: &Ccel, debuggable: bool) -> TdxGuest {
    let guest =
        TdxGuest::new(&vendor.pki).with_measurements(mr_td, log.rtmr()).with_event_log(log.clone());
    if debuggable {
        guest.with_td_fields(|fields| fields.td_attributes[0] |= TDX_DEBUG)
    } else {
        guest
    }
}

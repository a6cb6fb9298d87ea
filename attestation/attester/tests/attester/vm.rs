//! A virtual machine as the attester sees one: a real TPM, which a simulated paravisor has set up.

use std::io;
use std::sync::Arc;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::Product;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, verify};
use cloister_attester::tpm::{Command, Connect, Tpm, Transport};
use cloister_attester::{Attester, AttesterError, Collected, QuoteService};
use cloister_simulator::swtpm::Swtpm;
use cloister_simulator::{AzureGuest, Guest, SnpGuest, TdxGuest};
use tempfile::TempDir;

use crate::support::{now, pki};
use crate::swtpm;

/// Nothing listens at this port.
const NOBODY: ([u8; 4], u16) = ([127, 0, 0, 1], 1);

pub(crate) struct Vm {
    pub(crate) guest: AzureGuest,
    swtpm: Swtpm,
    // Dropped after the process that writes into it.
    _state: TempDir,
}

/// What the hardware measures of the paravisor.
pub(crate) const PARAVISOR: Digest48 = Digest48::new([0x17; 48]);

pub(crate) fn snp() -> AzureGuest {
    let paravisor = SnpGuest::new(&pki(), Product::Milan).with_measurement(PARAVISOR);
    AzureGuest::new(&pki(), paravisor.into())
}

pub(crate) fn tdx() -> AzureGuest {
    let zero = Digest48::new([0; 48]);
    AzureGuest::new(&pki(), TdxGuest::new(&pki()).with_measurements(PARAVISOR, [zero; 4]).into())
}

impl Vm {
    /// A new TPM, with nothing in it.
    pub(crate) fn bare(guest: AzureGuest) -> Option<Self> {
        let program = swtpm::program()?;
        let state = tempfile::tempdir().unwrap();
        let swtpm = Swtpm::start(program, state.path()).unwrap();
        Some(Self { guest, swtpm, _state: state })
    }

    /// The same behind the guest's paravisor.
    pub(crate) fn start(guest: AzureGuest) -> Option<Self> {
        let vm = Self::bare(guest)?;
        vm.guest.provision(&mut vm.tpm()).unwrap();
        Some(vm)
    }

    pub(crate) fn tpm(&self) -> Tpm<Box<dyn Transport>> {
        Tpm::new(self.swtpm.socket().connect().unwrap())
    }

    /// Extends a PCR with the digest of `measured`, as a boot loader would.
    pub(crate) fn extend(&self, pcr: u8, measured: &[u8]) {
        self.tpm().run(&extend(pcr, measured)).unwrap();
    }

    pub(crate) fn open(&self) -> Result<Attester, AttesterError> {
        self.open_with(QuoteService::at(NOBODY.into()))
    }

    pub(crate) fn open_with(&self, service: QuoteService) -> Result<Attester, AttesterError> {
        Attester::behind_paravisor(Box::new(self.swtpm.socket().clone()), service)
    }

    /// With somebody between the attester and the TPM.
    pub(crate) fn open_through(
        &self,
        meddler: impl Fn(&mut dyn Transport, &[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<Attester, AttesterError> {
        let between = Between { real: self.swtpm.socket().clone(), meddler: Arc::new(meddler) };
        Attester::behind_paravisor(Box::new(between), QuoteService::at(NOBODY.into()))
    }

    pub(crate) fn endorsements(&self) -> Endorsements {
        match self.guest.paravisor() {
            Guest::Snp(guest) => Endorsements::Snp(guest.endorsements()),
            Guest::Tdx(guest) => Endorsements::Tdx(guest.collateral()),
        }
    }

    /// What becomes of collected Evidence at a Verifier that believes these roots.
    pub(crate) fn judge_by(
        &self,
        anchors: &Anchors,
        collected: &Collected,
    ) -> Result<VerifiedEvidence, &'static str> {
        let vtpm = collected.vtpm.as_ref().unwrap();
        let evidence = Evidence::behind_paravisor(collected.tee, &collected.hardware, vtpm)
            .map_err(|error| error.code().id)?;
        verify(evidence, &self.endorsements(), anchors, now()).map_err(|error| error.code().id)
    }

    pub(crate) fn judge(&self, collected: &Collected) -> Result<VerifiedEvidence, &'static str> {
        self.judge_by(&pki().anchors(), collected)
    }
}

pub(crate) fn extend(pcr: u8, measured: &[u8]) -> Command {
    let value = sha256(measured);
    let command = Command::new("TPM2_PCR_Extend", 0x182).authorized(pcr.into());
    command.u32(1).u16(0x000b).bytes(&value)
}

/// What a PCR holds after one extension.
pub(crate) fn extended(measured: &[u8]) -> [u8; 32] {
    sha256(&[[0; 32], sha256(measured)].concat())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use cloister_attestation::tpm::{Digest, HashAlgorithm};
    Digest::of(HashAlgorithm::Sha256, bytes).as_bytes().try_into().unwrap()
}

/// Whether verified Evidence is bound to `report_data`.
pub(crate) fn bound(verified: &VerifiedEvidence, report_data: ReportData) -> bool {
    let expected = Expected { report_data: Expect::Exactly(report_data), image: None };
    let policy = Policy::strict_for_simulator(pki().anchor().fingerprint());
    let result = appraise(verified, &expected, &policy, now());
    !result.failures().any(|check| check.code.id == "binding.report_data")
}

type Meddler = dyn Fn(&mut dyn Transport, &[u8]) -> Vec<u8> + Send + Sync;

/// A connection that somebody else answers, who can ask the real TPM.
#[derive(Clone)]
struct Between {
    real: cloister_simulator::swtpm::SwtpmSocket,
    meddler: Arc<Meddler>,
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "meddler before {}", self.real)
    }
}

impl std::fmt::Display for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Connect for Between {
    fn connect(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Meddled { real: self.real.connect()?, meddler: Arc::clone(&self.meddler) }))
    }
}

struct Meddled {
    real: Box<dyn Transport>,
    meddler: Arc<Meddler>,
}

impl Transport for Meddled {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        Ok((self.meddler)(&mut *self.real, command))
    }
}

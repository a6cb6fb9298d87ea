//! Verification: from the hardware's signature to the PCRs, without policy.

use super::ak_chain;
use super::codes;
use super::evidence::{AzureEvidence, Vtpm};
use super::hcl::HclHardware;
use super::runtime::RuntimeData;
use crate::anchor::Anchors;
use crate::bytes::{Digest48, ReportData};
use crate::check::Check;
use crate::event_log::{
    self, EventLog, LogKind, Register, Registers, ReplayedLog, VerifiedRegisters,
};
use crate::evidence::Evidence;
use crate::time::UnixTime;
use crate::tpm::{self, AttestationKey, SignedQuote};
use crate::trail::Trail;
use crate::verify::{VerifiedEvidence, VerifyError};

/// Evidence from an Azure confidential VM that has been verified.
///
/// Only verification makes one. It asserts: the hardware's report or quote verified; it vouches
/// for the runtime data; the attestation key named there signed the quote; the PCR values are the
/// quoted ones. Paravisor and guest stay apart: [`Self::hardware`] measures the one,
/// [`Self::quote`] the other.
#[derive(Clone, Debug)]
pub struct VerifiedAzure {
    // INVARIANT: a verified report or quote, never Evidence from Azure again.
    hardware: Box<VerifiedEvidence>,
    vtpm: Vtpm,
    ak: AttestationKey,
    ak_certificate: AkCertificate,
    digest: Digest48,
    event_log: Option<ReplayedLog>,
    checks: Vec<Check>,
}

/// Whether Azure vouches for the attestation key, besides the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AkCertificate {
    /// A certificate for it chains to one of Azure's roots.
    Verified,
    /// There was none.
    Absent,
}

impl VerifiedAzure {
    /// The verified report or quote: the paravisor's measurement, machine and TCB.
    #[must_use]
    pub fn hardware(&self) -> &VerifiedEvidence {
        &self.hardware
    }

    /// What the paravisor says about the VM, authenticated now.
    #[must_use]
    pub const fn runtime(&self) -> &RuntimeData {
        self.vtpm.hcl.runtime()
    }

    /// The quote about the guest, authenticated now.
    #[must_use]
    pub const fn quote(&self) -> &SignedQuote {
        &self.vtpm.quote
    }

    /// The key that signed the quote.
    #[must_use]
    pub const fn attestation_key(&self) -> &AttestationKey {
        &self.ak
    }

    /// Whether Azure vouches for that key, besides the hardware.
    #[must_use]
    pub const fn ak_certificate(&self) -> AkCertificate {
        self.ak_certificate
    }

    /// SHA-384 over all received parts that are Evidence.
    #[must_use]
    pub const fn digest(&self) -> Digest48 {
        self.digest
    }

    /// The guest's PCRs, as the registers that its event log has to explain.
    #[must_use]
    pub fn registers(&self) -> VerifiedRegisters {
        let pcrs = self.quote().pcrs();
        let mut registers = Registers::new(match pcrs.selection().bank() {
            tpm::HashAlgorithm::Sha256 => event_log::HashAlgorithm::Sha256,
            tpm::HashAlgorithm::Sha384 => event_log::HashAlgorithm::Sha384,
        });
        for (index, value) in pcrs.iter() {
            registers.set(Register::Pcr(index), value.as_bytes());
        }
        VerifiedRegisters::new(registers)
    }

    /// Adds the guest's event log as received: that of its virtual TPM.
    #[must_use]
    pub fn with_event_log(mut self, bytes: &[u8]) -> Self {
        let log = EventLog::read(LogKind::Tpm, bytes);
        self.event_log = Some(ReplayedLog::new(log, &self.registers()));
        self
    }

    /// The event log that came with the Evidence, compared with the PCRs.
    #[must_use]
    pub const fn event_log(&self) -> Option<&ReplayedLog> {
        self.event_log.as_ref()
    }

    /// Every verification step and its outcome: the hardware's, then those of the virtual TPM.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

/// Verifies `evidence`, with `hardware` to verify the report or quote in it. Certificates of the
/// virtual TPM's key end at a root in `anchors`, at the given time.
///
/// The virtual TPM comes first: what is wrong there is wrong whether or not the hardware's
/// endorsements are at hand, and missing ones never hide it.
///
/// # Errors
/// [`VerifyError::Refused`] at the first step that fails, and whatever `hardware` returns.
pub fn verify_with(
    evidence: AzureEvidence,
    anchors: &Anchors,
    now: UnixTime,
    hardware: impl FnOnce(Evidence) -> Result<VerifiedEvidence, VerifyError>,
) -> Result<VerifiedAzure, VerifyError> {
    let (report, vtpm, digest) = evidence.into_parts();
    let mut trail = Trail::default();
    let ak = vtpm_steps(&mut trail, &vtpm, report.hardware_report_data())?;
    let ak_certificate = ak_certificate(&mut trail, &vtpm, &ak, (anchors, now))?;
    let own = trail.into_checks();
    let hardware = hardware(report).map_err(|error| error.after(&own))?;
    let mut checks = hardware.checks().to_vec();
    // SECURITY: once more for the value that is verified now, whatever `hardware` has returned.
    let bound = runtime_digest(&vtpm, hardware.hardware_report_data());
    if bound.failed() {
        return Err(VerifyError::refused(checks, bound));
    }
    checks.extend(own);
    Ok(VerifiedAzure {
        hardware: Box::new(hardware),
        vtpm,
        ak,
        ak_certificate,
        digest,
        event_log: None,
        checks,
    })
}

fn vtpm_steps(
    trail: &mut Trail,
    vtpm: &Vtpm,
    report_data: &ReportData,
) -> Result<AttestationKey, VerifyError> {
    trail.require(runtime_digest(vtpm, report_data))?;
    trail.require(td_report(vtpm, report_data))?;
    let runtime = vtpm.hcl.runtime();
    let expected = "one RSA key HCLAkPub for signing, 2048 to 4096 bits, exponent 65537";
    let ak = trail.holds(&codes::AK, expected, runtime.attestation_key())?;
    vtpm.quote.steps(trail, &ak)?;
    match runtime.user_data() {
        Some(data) => trail.not_asserted(&codes::USER_DATA, data),
        None => trail.not_applicable(&codes::USER_DATA, "there is none"),
    }
    let others: Vec<&str> = runtime.others().collect();
    if others.is_empty() {
        trail.not_applicable(&codes::OTHER_CLAIMS, "there are none");
    } else {
        trail.not_asserted(&codes::OTHER_CLAIMS, others.join(", "));
    }
    Ok(ak)
}

/// On SEV-SNP the report inside the HCL report is the Evidence itself.
fn td_report(vtpm: &Vtpm, quoted: &ReportData) -> Check {
    match vtpm.hcl.hardware() {
        HclHardware::Snp(_) => {
            Check::not_applicable(&codes::TD_REPORT, "an SEV-SNP report is signed itself")
        }
        HclHardware::Tdx(report) => {
            let inside = report.report_data();
            Check::decided(&codes::TD_REPORT, inside.ct_eq(quoted), inside, quoted)
        }
    }
}

fn runtime_digest(vtpm: &Vtpm, report_data: &ReportData) -> Check {
    let expected = vtpm.hcl.expected_report_data();
    let bound = expected.ct_eq(report_data);
    Check::decided(&codes::RUNTIME_DIGEST, bound, expected, report_data)
}

fn ak_certificate(
    trail: &mut Trail,
    vtpm: &Vtpm,
    ak: &AttestationKey,
    (anchors, now): (&Anchors, UnixTime),
) -> Result<AkCertificate, VerifyError> {
    let Some(certificates) = &vtpm.ak_certificates else {
        trail.not_asserted(&codes::AK_CERTIFICATE, "none came with the Evidence");
        trail.not_applicable(&codes::AK_REVOCATION, "there is no certificate");
        return Ok(AkCertificate::Absent);
    };
    trail.require(ak_chain::check(certificates, ak, anchors, now))?;
    trail.not_asserted(&codes::AK_REVOCATION, "no CRL");
    Ok(AkCertificate::Verified)
}

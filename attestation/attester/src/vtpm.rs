//! SEV-SNP and TDX behind Azure's paravisor, which a guest reaches through its virtual TPM.
//!
//! ```text
//!  NV 0x01400001 --HCL report--> runtime data --names--> attestation key = key 0x81000003?
//!        |                                                      |
//!        | TDX: TDREPORT --quote service--> quote          quote(hash of REPORT_DATA, PCRs)
//!        v                                                      v
//!     hardware Evidence                             TPM quote, PCR values, event log
//! ```
//!
//! The binding travels in the quote's qualifying data and nowhere else: the 64 bytes that a guest
//! could have put into the runtime data, by writing NV index 0x01400002, are left alone, so that
//! this needs no right to write to the TPM and disturbs nobody else who uses them.
//!
//! A virtual TPM alone is no TEE. Whoever runs the machine runs the TPM too, and can have it say
//! anything; only the hardware's report in the HCL report makes the key mean something.
//!
//! SPEC: Microsoft Learn, "Virtual TPMs in Azure confidential VMs"; OpenHCL `tpm_protocol`.

mod quote_service;
mod quoted;
mod report;

use cloister_attestation::azure::{HclHardware, HclReport};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::envelope::Vtpm;
use cloister_attestation::evidence::Tee;

use crate::attester::Collected;
use crate::error::AttesterError;
use crate::event_log;
use crate::tpm::{Connect, Tpm};

pub use quote_service::{QuoteService, QuoteServiceAnswer, QuoteServiceError};
pub(crate) use report::{Found, look};

/// What a virtual machine's id starts with where nobody's hardware is behind it.
const SIMULATED_VM: &str = "simulator-";

/// A guest behind a paravisor.
#[derive(Debug)]
pub(crate) struct Paravisor {
    tpm: Box<dyn Connect>,
    quote_service: QuoteService,
    tee: Tee,
    vm_unique_id: String,
}

impl Paravisor {
    /// Reads the paravisor's report once, to learn which hardware is behind it.
    pub(crate) fn open(
        tpm: Box<dyn Connect>,
        quote_service: QuoteService,
    ) -> Result<Self, AttesterError> {
        let report = report::read(tpm.as_ref())?;
        let vm_unique_id = report.runtime().vm_configuration().vm_unique_id.clone();
        Ok(Self { tpm, quote_service, tee: report.tee(), vm_unique_id })
    }

    pub(crate) const fn tee(&self) -> Tee {
        self.tee
    }

    /// Whether the paravisor says itself that it is a simulator. That it does not say so means
    /// nothing: the root of the hardware's report decides.
    pub(crate) fn simulated(&self) -> bool {
        self.vm_unique_id.starts_with(SIMULATED_VM)
    }

    pub(crate) fn description(&self) -> String {
        let Self { tpm, tee, vm_unique_id, .. } = self;
        let behind = format!("{tee} behind a paravisor, through {tpm}, VM {vm_unique_id:?}");
        if self.simulated() { format!("SIMULATED {behind}, which proves nothing") } else { behind }
    }

    pub(crate) fn collect(&self, report_data: &ReportData) -> Result<Collected, AttesterError> {
        let report = report::read(self.tpm.as_ref())?;
        if report.tee() != self.tee {
            let (expected, found) = (self.tee, report.tee());
            return Err(AttesterError::OtherHardware { expected, found });
        }
        let connection = report::connected(self.tpm.as_ref())?;
        let quoted = quoted::collect(&mut Tpm::new(connection), &report, report_data)?;
        Ok(Collected {
            tee: self.tee,
            hardware: self.hardware(&report)?,
            certificates: None,
            event_log: match self.tpm.event_log() {
                Some(path) => event_log::read(path)?,
                None => None,
            },
            vtpm: Some(Vtpm {
                hcl_report: report.as_bytes().to_vec(),
                quote: quoted.attest,
                signature: quoted.signature,
                pcrs: quoted.pcrs,
                // The TPM holds the key's own certificate at 0x01C101D0, without its issuers, and
                // a chain without its root vouches for nothing.
                ak_certificates: None,
            }),
        })
    }

    fn hardware(&self, report: &HclReport) -> Result<Vec<u8>, AttesterError> {
        match report.hardware() {
            HclHardware::Snp(report) => Ok(report.as_bytes().to_vec()),
            HclHardware::Tdx(report) => Ok(self.quote_service.quote(report.as_bytes())?),
            _ => Err(AttesterError::NotATee { found: "hardware of an unknown kind".to_owned() }),
        }
    }
}

//! Opens a TEE and collects from it.

use std::path::Path;

use cloister_attestation::binding::Bound;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::envelope::Vtpm;
use cloister_attestation::evidence::{Evidence, Tee};

use crate::choice::Options;
use crate::device::SevGuest;
use crate::error::AttesterError;
use crate::event_log::{self, CCEL_DATA};
use crate::machine::{Machine, Source};
use crate::simulator::Simulator;
use crate::tpm::{Connect, Device};
use crate::tsm::Tsm;
use crate::vtpm::{Paravisor, QuoteService};

/// An opened TEE.
#[derive(Debug)]
pub struct Attester {
    backend: Backend,
    tee: Tee,
}

#[derive(Debug)]
enum Backend {
    Tsm(Tsm),
    SevGuest(SevGuest),
    Paravisor(Paravisor),
    Simulator(Simulator),
}

/// What the TEE returned. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Which TEE returned it.
    pub tee: Tee,
    /// The report or quote.
    pub hardware: Vec<u8>,
    /// SEV-SNP: the host's certificate table, where it offers one. A hint from the host.
    pub certificates: Option<Vec<u8>>,
    /// TDX, and behind a paravisor: the firmware's event log, where there is one.
    pub event_log: Option<Vec<u8>>,
    /// Behind a paravisor: what its virtual TPM adds.
    pub vtpm: Option<Vtpm>,
}

impl Attester {
    /// Opens the TEE that `options` choose.
    ///
    /// With [`crate::Choice::Auto`] the order is: configfs-tsm, `/dev/sev-guest`, a virtual TPM with a
    /// paravisor's report. The first one that is there decides, also when it cannot be used.
    ///
    /// # Errors
    /// [`AttesterError`]: no TEE, another one than asked for, no permission, or no way to a quote.
    pub fn open(options: &Options) -> Result<Self, AttesterError> {
        let machine = Machine::new(options);
        let level = options.privilege_level;
        match machine.select(&options.choice)? {
            Source::Tsm(tee) => {
                let tsm = Tsm::new(&machine.tsm_root, tee, level);
                Ok(Self { backend: Backend::Tsm(tsm), tee })
            }
            Source::SevGuest => {
                let device = SevGuest::open(&machine.sev_guest, level)?;
                Ok(Self { backend: Backend::SevGuest(device), tee: Tee::Snp })
            }
            Source::AzureVtpm => {
                let tpm = Box::new(Device::new(&machine.tpm));
                Self::behind_paravisor(tpm, options.quote_service)
            }
            Source::Simulator(place) => {
                let (simulator, tee) = Simulator::open(&place)?;
                Ok(Self { backend: Backend::Simulator(simulator), tee })
            }
        }
    }

    /// Opens what is behind a paravisor's virtual TPM, wherever that is.
    ///
    /// # Errors
    /// [`AttesterError`]: no TPM, none with a paravisor's report, or none that can be used.
    pub fn behind_paravisor(
        tpm: Box<dyn Connect>,
        quote_service: QuoteService,
    ) -> Result<Self, AttesterError> {
        let paravisor = Paravisor::open(tpm, quote_service)?;
        let tee = paravisor.tee();
        Ok(Self { backend: Backend::Paravisor(paravisor), tee })
    }

    /// Which TEE this is.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        self.tee
    }

    /// Whether this is a simulator, as far as it says so itself.
    #[must_use]
    pub fn simulated(&self) -> bool {
        match &self.backend {
            Backend::Simulator(_) => true,
            Backend::Paravisor(paravisor) => paravisor.simulated(),
            Backend::Tsm(_) | Backend::SevGuest(_) => false,
        }
    }

    /// For people: which TEE, through which interface.
    #[must_use]
    pub fn description(&self) -> String {
        let tee = self.tee;
        match &self.backend {
            Backend::Tsm(tsm) => format!("{tee} through configfs-tsm at {}", tsm.root().display()),
            Backend::SevGuest(device) => format!("{tee} through {}", device.path().display()),
            Backend::Paravisor(paravisor) => paravisor.description(),
            Backend::Simulator(simulator) => {
                format!("SIMULATED {tee} at {}, which proves nothing", simulator.place().display())
            }
        }
    }

    /// Asks the TEE for a report or quote over `report_data`. Blocks.
    ///
    /// Success asserts that the answer parses and is bound to `report_data`, and nothing about who
    /// signed it.
    ///
    /// # Errors
    /// [`AttesterError`] of the interface in use, or that the answer is none to this question.
    pub fn collect(&self, report_data: &ReportData) -> Result<Collected, AttesterError> {
        let collected = match &self.backend {
            Backend::Tsm(tsm) => self.direct(tsm.collect(report_data)?, self.ccel()?),
            Backend::SevGuest(device) => self.direct(device.collect(report_data)?, None),
            Backend::Paravisor(paravisor) => paravisor.collect(report_data)?,
            Backend::Simulator(simulator) => {
                self.direct(simulator.collect(report_data, self.tee)?, None)
            }
        };
        check_answer(&collected, report_data)?;
        Ok(collected)
    }

    /// What the hardware answered the guest itself.
    fn direct(
        &self,
        (hardware, certificates): (Vec<u8>, Option<Vec<u8>>),
        event_log: Option<Vec<u8>>,
    ) -> Collected {
        let certificates = certificates.filter(|table| !table.is_empty());
        Collected { tee: self.tee, hardware, certificates, event_log, vtpm: None }
    }

    fn ccel(&self) -> Result<Option<Vec<u8>>, AttesterError> {
        if self.tee == Tee::Tdx { event_log::read(Path::new(CCEL_DATA)) } else { Ok(None) }
    }
}

/// The last line of defence of every interface: the answer is one to this question.
fn check_answer(collected: &Collected, asked: &ReportData) -> Result<(), AttesterError> {
    let Collected { tee, hardware, vtpm, .. } = collected;
    let max = cloister_attestation::limits::HARDWARE_EVIDENCE_BYTES_MAX;
    if hardware.len() > max {
        return Err(AttesterError::TooLong { what: "report or quote", max });
    }
    let evidence = match vtpm {
        Some(vtpm) => Evidence::behind_paravisor(*tee, hardware, vtpm),
        None => Evidence::parse(*tee, hardware),
    };
    let evidence = evidence.map_err(|source| AttesterError::Unreadable { tee: *tee, source })?;
    let answered = match &evidence {
        Evidence::Snp(report) => Bound::ReportData(report.report_data()),
        Evidence::Tdx(quote) => Bound::ReportData(quote.report_data()),
        Evidence::Azure(azure) => Bound::QualifyingData(azure.quote().quote().extra_data()),
        _ => return Err(AttesterError::OtherReportData),
    };
    if answered.is_to(asked) { Ok(()) } else { Err(AttesterError::OtherReportData) }
}

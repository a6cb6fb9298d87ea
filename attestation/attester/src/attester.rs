//! Opens a TEE and collects from it.

use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::{Evidence, Tee};

use crate::choice::Options;
use crate::device::SevGuest;
use crate::error::AttesterError;
use crate::event_log;
use crate::machine::{Machine, Source};
use crate::simulator::Simulator;
use crate::tsm::Tsm;

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
    /// TDX: the firmware's event log, where there is one.
    pub event_log: Option<Vec<u8>>,
}

impl Attester {
    /// Opens the TEE that `options` choose.
    ///
    /// With [`crate::Choice::Auto`] the order is: configfs-tsm, `/dev/sev-guest`. The first one that
    /// is there decides, also when it cannot be used.
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
            Source::Simulator(socket) => {
                let (simulator, tee) = Simulator::open(&socket)?;
                Ok(Self { backend: Backend::Simulator(simulator), tee })
            }
        }
    }

    /// Which TEE this is.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        self.tee
    }

    /// Whether this is a simulator.
    #[must_use]
    pub const fn simulated(&self) -> bool {
        matches!(self.backend, Backend::Simulator(_))
    }

    /// For people: which TEE, through which interface.
    #[must_use]
    pub fn description(&self) -> String {
        let tee = self.tee;
        match &self.backend {
            Backend::Tsm(tsm) => format!("{tee} through configfs-tsm at {}", tsm.root().display()),
            Backend::SevGuest(device) => format!("{tee} through {}", device.path().display()),
            Backend::Simulator(simulator) => {
                format!("SIMULATED {tee} at {}, which proves nothing", simulator.socket().display())
            }
        }
    }

    /// Asks the TEE for a report or quote over `report_data`. Blocks.
    ///
    /// Success asserts that the answer parses and carries `report_data`, and nothing about who
    /// signed it.
    ///
    /// # Errors
    /// [`AttesterError`] of the interface in use, or that the answer is none to this question.
    pub fn collect(&self, report_data: &ReportData) -> Result<Collected, AttesterError> {
        let (hardware, certificates) = match &self.backend {
            Backend::Tsm(tsm) => tsm.collect(report_data)?,
            Backend::SevGuest(device) => device.collect(report_data)?,
            Backend::Simulator(simulator) => simulator.collect(report_data, self.tee)?,
        };
        check_answer(self.tee, &hardware, report_data)?;
        let event_log = match &self.backend {
            Backend::Tsm(_) if self.tee == Tee::Tdx => event_log::read()?,
            Backend::Tsm(_) | Backend::SevGuest(_) | Backend::Simulator(_) => None,
        };
        let certificates = certificates.filter(|table| !table.is_empty());
        Ok(Collected { tee: self.tee, hardware, certificates, event_log })
    }
}

/// The last line of defence of every interface: the answer is one to this question.
fn check_answer(tee: Tee, hardware: &[u8], asked: &ReportData) -> Result<(), AttesterError> {
    let max = cloister_attestation::limits::HARDWARE_EVIDENCE_BYTES_MAX;
    if hardware.len() > max {
        return Err(AttesterError::TooLong { what: "report or quote", max });
    }
    let evidence = Evidence::parse(tee, hardware)
        .map_err(|source| AttesterError::Unreadable { tee, source })?;
    let answered = match &evidence {
        Evidence::Snp(report) => report.report_data(),
        Evidence::Tdx(quote) => quote.report_data(),
        Evidence::Azure(_) | _ => return Err(AttesterError::OtherReportData),
    };
    if answered.ct_eq(asked) { Ok(()) } else { Err(AttesterError::OtherReportData) }
}

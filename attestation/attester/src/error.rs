//! Why no Evidence was collected.

use std::io;
use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::evidence::{ParseError, Tee};
use cloister_attestation::{azure, tpm};

use crate::codes;
use crate::tpm::TpmError;
use crate::vtpm::QuoteServiceError;

/// Why no Evidence was collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttesterError {
    /// This machine shows no TEE.
    #[error("no TEE found; looked for {}", .looked_for.join(", "))]
    NoTee {
        /// What was looked for, in order, and what was there instead.
        looked_for: Vec<String>,
    },
    /// What was asked for is not there.
    #[error("{wanted} is not available: {found}")]
    Unavailable {
        /// The TEE and interface.
        wanted: String,
        /// What is there instead.
        found: String,
    },
    /// The kernel does not let this process.
    #[error("no permission to use {}", path.display())]
    Permission {
        /// What it does not let it use.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// configfs-tsm is served by another provider.
    #[error("configfs-tsm provider is {found:?}, expected {expected}")]
    Provider {
        /// What was asked for.
        expected: String,
        /// The provider's name.
        found: String,
    },
    /// Another process kept changing the entry.
    #[error(
        "entry was changed by another process in each of {attempts} attempts: generation {found}, expected {expected}"
    )]
    Conflict {
        /// How often it was tried.
        attempts: u32,
        /// What our own writes make the counter, at the last attempt.
        expected: u64,
        /// What it was.
        found: u64,
    },
    /// The kernel stayed busy.
    #[error("kernel was busy in each of {attempts} attempts")]
    Busy {
        /// How often it was tried.
        attempts: u32,
        /// What it said last.
        source: io::Error,
    },
    /// The firmware or hypervisor failed.
    #[error("firmware or hypervisor failed while reading {}", path.display())]
    Firmware {
        /// What was read.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The privilege level was refused.
    #[error("privilege level {level} was refused; the lowest permitted is {floor}")]
    PrivilegeLevel {
        /// What was asked for.
        level: u8,
        /// The kernel's floor, or that it has none.
        floor: String,
    },
    /// configfs-tsm did something else than documented.
    #[error("cannot {action} {}", path.display())]
    Tsm {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The firmware refused a request through the device.
    #[error(
        "extended report failed with hypervisor code {hypervisor:#x}, firmware code {firmware:#x}"
    )]
    SnpFirmware {
        /// Upper half of the code.
        hypervisor: u32,
        /// Lower half of the code.
        firmware: u32,
        /// What the kernel said.
        source: io::Error,
    },
    /// There is no way to a quote.
    #[error("{} gives only a TDREPORT, which cannot be verified elsewhere", device.display())]
    NoQuote {
        /// The device.
        device: PathBuf,
    },
    /// The simulator cannot be reached.
    #[error("cannot reach the simulator at {}", socket.display())]
    SimulatorUnreachable {
        /// Its socket.
        socket: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The simulator does not speak the protocol.
    #[error("simulator answered wrongly: {reason}")]
    SimulatorProtocol {
        /// In which way, or what it said.
        reason: String,
    },
    /// The TPM gave no answer.
    #[error(transparent)]
    Tpm(#[from] TpmError),
    /// There is a TPM, and no hardware that vouches for it.
    #[error("no TEE behind the TPM: {found}")]
    NotATee {
        /// What is there instead.
        found: String,
    },
    /// The paravisor's report does not parse.
    #[error("paravisor's report is unreadable")]
    UnreadableReport {
        /// Why.
        source: azure::ParseError,
    },
    /// The hardware's report does not vouch for what the paravisor says beside it.
    #[error("paravisor's report did not fit together in {attempts} attempts")]
    TornReport {
        /// How often it was read.
        attempts: u32,
    },
    /// The paravisor's report is of other hardware than when it was opened.
    #[error("paravisor was on {expected} when opened and now is on {found}")]
    OtherHardware {
        /// When it was opened.
        expected: Tee,
        /// Now.
        found: Tee,
    },
    /// The TPM's attestation key is not the one that the hardware vouches for.
    #[error("attestation key: {reason}")]
    AttestationKey {
        /// What is wrong with it.
        reason: String,
    },
    /// The TPM's quote does not parse.
    #[error("TPM's quote is unreadable")]
    UnreadableQuote {
        /// Why.
        source: tpm::ParseError,
    },
    /// The TPM quoted something else.
    #[error("TPM quoted other PCRs than asked for")]
    OtherPcrs,
    /// PCRs kept changing.
    #[error("PCRs were extended between quote and values in each of {attempts} attempts")]
    UnsteadyPcrs {
        /// How often it was tried.
        attempts: u32,
    },
    /// There is no quote for the paravisor's TDREPORT.
    #[error(transparent)]
    QuoteService(#[from] QuoteServiceError),
    /// More than any real report or quote.
    #[error("{what} has more than {max} bytes")]
    TooLong {
        /// What.
        what: &'static str,
        /// The limit, in bytes.
        max: usize,
    },
    /// The TEE's answer is no report or quote.
    #[error("answer is no {tee} evidence")]
    Unreadable {
        /// Which TEE answered.
        tee: Tee,
        /// Why it does not parse.
        source: ParseError,
    },
    /// The TEE's answer is one to another question.
    #[error("answer carries other report data than asked for")]
    OtherReportData,
}

impl Diagnostic for AttesterError {
    fn code(&self) -> &'static Code {
        match self {
            Self::NoTee { .. } => &codes::TEE_NONE,
            Self::Unavailable { .. } => &codes::TEE_UNAVAILABLE,
            Self::Permission { .. } => &codes::PERMISSION,
            Self::Provider { .. } => &codes::TSM_PROVIDER,
            Self::Conflict { .. } => &codes::TSM_CONFLICT,
            Self::Busy { .. } => &codes::TSM_BUSY,
            Self::Firmware { .. } => &codes::TSM_FIRMWARE,
            Self::PrivilegeLevel { .. } => &codes::TSM_PRIVILEGE_LEVEL,
            Self::Tsm { .. } => &codes::TSM_IO,
            Self::SnpFirmware { .. } => &codes::SNP_FIRMWARE,
            Self::NoQuote { .. } => &codes::TDX_NO_QUOTE,
            Self::SimulatorUnreachable { .. } => &codes::SIMULATOR_UNREACHABLE,
            Self::SimulatorProtocol { .. } => &codes::SIMULATOR_PROTOCOL,
            Self::Tpm(error) => error.code(),
            Self::NotATee { .. } => &codes::VTPM_NOT_A_TEE,
            Self::UnreadableReport { .. } | Self::TornReport { .. } => &codes::VTPM_REPORT,
            Self::AttestationKey { .. } => &codes::VTPM_KEY,
            Self::UnsteadyPcrs { .. } => &codes::VTPM_PCRS,
            Self::QuoteService(error) => error.code(),
            Self::TooLong { .. }
            | Self::Unreadable { .. }
            | Self::UnreadableQuote { .. }
            | Self::OtherHardware { .. }
            | Self::OtherPcrs
            | Self::OtherReportData => &codes::ANSWER,
        }
    }
}

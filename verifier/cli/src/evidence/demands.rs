//! What a judgement is asked for: time, anchors, policy, Reference Values.

use std::path::{Path, PathBuf};

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bundle::{Bundle, BundleError};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::check::Check;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::policy::{Expect, Policy, PolicyError};
use cloister_attestation::reference::{ReferenceError, ReferenceValues};
use cloister_attestation::time::UnixTime;

use crate::answer::Exit;
use crate::arguments::{BundleSource, JudgementArguments, VerifyArguments};
use crate::clock;
use crate::codes;
use crate::file::{self, FileError};

/// Everything that the files are judged by.
#[derive(Clone, Debug)]
pub struct Demands {
    /// As of when.
    pub at: UnixTime,
    /// Which roots may stand at the end of the chain.
    pub anchors: Anchors,
    /// What is demanded of verified Evidence.
    pub policy: Policy,
    /// Which images it may be; empty leaves the image unjudged.
    pub references: Vec<ReferenceValues>,
    /// What REPORT_DATA has to be.
    pub report_data: Expect<ReportData>,
    /// What takes the place of the endorsements in the folder.
    pub bundle: Option<Bundle>,
}

/// The demands cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemandsError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The time is not in the form that is read.
    #[error("`{text}` is not a time")]
    Time {
        /// As given.
        text: String,
    },
    /// The policy does not read.
    #[error("{}", .path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: PolicyError,
    },
    /// The simulator's anchor does not read.
    #[error("simulator anchor {}", .path.display())]
    Anchor {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The Reference Values do not read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The bundle is refused.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle is not to be used at this time.
    #[error("bundle: expected {}, observed {}", .failed.expected, .failed.observed)]
    NotInForce {
        /// What speaks against it.
        failed: Check,
    },
}

impl DemandsError {
    /// A bundle that is refused is a refusal, and not a wrong word on the command line.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Bundle(_) | Self::NotInForce { .. } => Exit::Refused,
            Self::File(_)
            | Self::Time { .. }
            | Self::Policy { .. }
            | Self::Anchor { .. }
            | Self::Reference(_) => Exit::Misuse,
        }
    }
}

impl Diagnostic for DemandsError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Time { .. } => &codes::TIME,
            Self::Policy { source, .. } => source.code(),
            Self::Anchor { .. } => &codes::ANCHOR,
            Self::Reference(error) => error.code(),
            Self::Bundle(error) => error.code(),
            Self::NotInForce { failed } => failed.code,
        }
    }
}

impl Demands {
    /// The built-in strict demands, of vendors' hardware, as of `at`.
    #[must_use]
    pub fn strict(at: UnixTime) -> Self {
        let (anchors, policy) = (Anchors::vendor(), Policy::strict());
        Self { at, anchors, policy, references: Vec::new(), report_data: Expect::Any, bundle: None }
    }

    /// The built-in strict demands as of `at`, of a simulator if its anchor is given.
    ///
    /// # Errors
    /// [`DemandsError`] if the time or the anchor does not read.
    pub(crate) fn of(at: Option<&str>, simulator: Option<&Path>) -> Result<Self, DemandsError> {
        let mut demands = Self::strict(as_of(at)?);
        if let Some(path) = simulator {
            let anchor = anchor(path)?;
            demands.policy = Policy::strict_for_simulator(anchor.fingerprint());
            demands.anchors = Anchors::dangerous_simulator(anchor);
        }
        Ok(demands)
    }

    /// What the command line asks for.
    ///
    /// # Errors
    /// [`DemandsError`] if a file that it names does not read, or the time does not.
    pub(crate) fn from_arguments(arguments: &VerifyArguments) -> Result<Self, DemandsError> {
        let mut demands = Self::judged_by(arguments.at.as_deref(), &arguments.by)?;
        if let Some(expected) = arguments.report_data {
            demands.report_data = Expect::Exactly(expected);
        }
        Ok(demands)
    }

    /// What these arguments demand of any Evidence, as of `at`.
    ///
    /// # Errors
    /// [`DemandsError`] if a file that they name does not read, or the time does not.
    pub(crate) fn judged_by(
        at: Option<&str>,
        by: &JudgementArguments,
    ) -> Result<Self, DemandsError> {
        let mut demands = Self::of(at, by.simulator_anchor.as_deref())?;
        if let Some(path) = &by.policy {
            demands.policy = policy(path)?;
        }
        if let Some(path) = &by.reference {
            demands.references.push(ReferenceValues::from_json(&file::read(path)?)?);
        }
        demands.take_bundle(&by.from)?;
        Ok(demands)
    }
}

impl Demands {
    /// Opens the bundle, if there is one, and takes policy and Reference Values from it.
    fn take_bundle(&mut self, from: &BundleSource) -> Result<(), DemandsError> {
        let (Some(path), Some(signer)) = (&from.bundle, &from.bundle_signer) else {
            return Ok(());
        };
        let oldest = from.not_older_than.as_deref().map(time).transpose()?;
        let bundle = Bundle::open(&file::read(path)?, signer)?;
        let held = bundle.in_force(self.at, oldest);
        if let Some(failed) = held.into_iter().find(Check::failed) {
            return Err(DemandsError::NotInForce { failed });
        }
        self.policy = bundle.policy().clone();
        self.references = bundle.references().to_vec();
        self.bundle = Some(bundle);
        Ok(())
    }
}

/// The time that is given, or now.
pub(crate) fn as_of(given: Option<&str>) -> Result<UnixTime, DemandsError> {
    given.map_or_else(|| Ok(clock::now()), time)
}

pub(crate) fn time(text: &str) -> Result<UnixTime, DemandsError> {
    UnixTime::parse_rfc3339(text).ok_or_else(|| DemandsError::Time { text: text.to_owned() })
}

pub(crate) fn anchor(path: &Path) -> Result<SimulatorAnchor, DemandsError> {
    let bytes = file::read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|source| DemandsError::Anchor { path: path.to_owned(), source })
}

pub(crate) fn policy(path: &Path) -> Result<Policy, DemandsError> {
    Policy::from_toml(&file::read_text(path)?)
        .map_err(|source| DemandsError::Policy { path: path.to_owned(), source })
}

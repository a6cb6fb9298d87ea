//! What a judgement is asked for: time, anchors, policy, Reference Values.

use std::path::{Path, PathBuf};

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bundle::{Bundle, BundleError};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::check::Check;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{ReferenceError, ReferenceValues};
use cloister_attestation::time::UnixTime;

use crate::answer::Exit;
use crate::arguments::{BundleSource, VerifyArguments};
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
    #[error("policy {}: {reason}", .path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
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
            Self::Policy { .. } => &codes::POLICY,
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

    /// What the command line asks for.
    ///
    /// # Errors
    /// [`DemandsError`] if a file that it names does not read, or the time does not.
    pub(crate) fn from_arguments(arguments: &VerifyArguments) -> Result<Self, DemandsError> {
        let mut demands = Self::strict(as_of(arguments.at.as_deref())?);
        if let Some(path) = &arguments.simulator_anchor {
            let anchor = anchor(path)?;
            demands.policy = Policy::strict_for_simulator(anchor.fingerprint());
            demands.anchors = Anchors::dangerous_simulator(anchor);
        }
        if let Some(path) = &arguments.policy {
            demands.policy = policy(path)?;
        }
        if let Some(path) = &arguments.reference {
            demands.references.push(ReferenceValues::from_json(&file::read(path)?)?);
        }
        demands.take_bundle(&arguments.from)?;
        if let Some(expected) = arguments.report_data {
            demands.report_data = Expect::Exactly(expected);
        }
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
    let text = file::read_text(path)?;
    let parsed = if path.extension().is_some_and(|ending| ending == "json") {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string())
    };
    parsed.map_err(|reason| DemandsError::Policy { path: path.to_owned(), reason })
}

//! The configuration: one TOML file, read once, checked whole.
//!
//! `verifier.example.toml` documents every key.

mod document;
mod endorsements;
mod error;

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::{AnchorPolicy, Policy};
use cloister_channel::name::TrustDomain;
use serde::{Deserialize, Serialize};

use crate::limits::{CONFIG_BYTES_MAX, POLICY_BYTES_MAX};
use document::Document;
pub use endorsements::Endorsements;
pub use error::{CODES, ConfigError};

/// How the service is to run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Host names and addresses for the Verifier's own certificate.
    pub names: Vec<String>,
    /// Folder of database, keys and token.
    pub data: PathBuf,
    /// What leases and certificates are issued for.
    pub trust_domain: TrustDomain,
    /// Connections at once.
    pub connections_max: usize,
    /// How long a lease lives.
    pub lease_lifetime: Duration,
    /// How long a lease key signs before the next one does, where keys are rotated by age.
    pub lease_key_age_max: Option<Duration>,
    /// How long a challenge is good.
    pub challenge_lifetime: Duration,
    /// What is demanded of Evidence.
    pub appraisal: Appraisal,
    /// Where endorsements come from.
    pub endorsements: Endorsements,
    /// What is logged, and how.
    pub log: Log,
}

/// What Evidence is verified and appraised with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Appraisal {
    /// Root keys at the end of endorsement chains.
    pub anchors: Anchors,
    /// The demands. Accepts the same kind of root as `anchors`.
    pub policy: Policy,
    /// Evidence verified at once; 0 for one per processor.
    pub verifications_max: usize,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// Directives that select what is logged.
    pub filter: String,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogFormat {
    /// Lines, coloured on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// Reads and checks a configuration file and the files that it names.
    ///
    /// # Errors
    /// [`ConfigError`] with the file, the line and what is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path, CONFIG_BYTES_MAX)?;
        let document: Document = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        if document.listen.ip().is_unspecified() && document.names.is_empty() {
            return Err(ConfigError::Names { path: path.to_owned() });
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Self::resolve(document, folder)
    }

    fn resolve(document: Document, folder: &Path) -> Result<Self, ConfigError> {
        let appraisal = appraisal(document.appraisal, folder)?;
        let anchors = appraisal.anchors.kind();
        Ok(Self {
            listen: document.listen,
            names: document.names.into_iter().map(|name| name.0).collect(),
            data: folder.join(document.data),
            trust_domain: document.trust_domain,
            connections_max: document.connections_max.0,
            lease_lifetime: Duration::from_secs(document.lease.lifetime_secs.0),
            lease_key_age_max: lease_key_age(&document.lease),
            challenge_lifetime: Duration::from_secs(document.challenge.lifetime_secs.0),
            appraisal,
            endorsements: endorsements::resolve(document.endorsements, anchors, folder),
            log: Log { format: document.log.format, filter: document.log.filter.0 },
        })
    }
}

fn lease_key_age(lease: &document::Lease) -> Option<Duration> {
    let days = lease.rotate_keys_after_days.0;
    (days > 0).then(|| DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)))
}

fn appraisal(document: document::Appraisal, folder: &Path) -> Result<Appraisal, ConfigError> {
    let (anchors, accepted) = match document.anchors {
        document::Anchors::Vendor => (Anchors::vendor(), AnchorPolicy::Vendor),
        document::Anchors::Simulator { file, fingerprint } => {
            let anchor = simulator(&folder.join(file), fingerprint)?;
            (Anchors::dangerous_simulator(anchor), AnchorPolicy::Simulator(fingerprint))
        }
    };
    Ok(Appraisal {
        anchors,
        policy: policy(document.policy, accepted, folder)?,
        verifications_max: document.verifications_max,
    })
}

fn simulator(path: &Path, expected: Digest48) -> Result<SimulatorAnchor, ConfigError> {
    let text = read(path, POLICY_BYTES_MAX)?;
    let anchor: SimulatorAnchor = serde_json::from_str(&text).map_err(|error| {
        ConfigError::Anchor { path: path.to_owned(), message: error.to_string() }
    })?;
    let observed = anchor.fingerprint();
    if observed == expected {
        Ok(anchor)
    } else {
        Err(ConfigError::Fingerprint { path: path.to_owned(), expected, observed })
    }
}

fn policy(
    document: document::Policy,
    accepted: AnchorPolicy,
    folder: &Path,
) -> Result<Policy, ConfigError> {
    let file = match document {
        document::Policy::Strict => return Ok(Policy { anchors: accepted, ..Policy::strict() }),
        document::Policy::File(file) => folder.join(file),
    };
    let text = read(&file, POLICY_BYTES_MAX)?;
    let policy = Policy::from_toml(&text)
        .map_err(|source| ConfigError::Policy { path: file.clone(), source })?;
    if policy.anchors == accepted { Ok(policy) } else { Err(ConfigError::Disagree { path: file }) }
}

fn read(path: &Path, bytes_max: u64) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let len =
        file.take(bytes_max.saturating_add(1)).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(len).unwrap_or(u64::MAX) > bytes_max {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;

//! The runtime data: JSON in which the paravisor names the virtual TPM's keys and the VM.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ak::Jwk;
use super::error::ParseError;
use super::json::Unambiguous;
use crate::limits::RUNTIME_DATA_BYTES_MAX;

/// Parsed runtime data, with the bytes that are hashed.
///
/// # Security
/// What the guest's host could have written, until the hardware vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeData {
    bytes: Vec<u8>,
    keys: Vec<Jwk>,
    vm_configuration: VmConfiguration,
    user_data: Option<String>,
    others: Vec<String>,
}

/// `vm-configuration`: how the VM was created, as the paravisor saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VmConfiguration {
    /// `secure-boot`.
    pub secure_boot: bool,
    /// `console-enabled`.
    pub console_enabled: bool,
    /// `tpm-enabled`.
    pub tpm_enabled: bool,
    /// `vmUniqueId`, as the host gave it.
    pub vm_unique_id: String,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Jwk>,
    #[serde(rename = "vm-configuration")]
    vm_configuration: Configuration,
    #[serde(rename = "user-data")]
    user_data: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    secure_boot: bool,
    console_enabled: bool,
    tpm_enabled: bool,
    #[serde(rename = "vmUniqueId")]
    vm_unique_id: String,
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

impl RuntimeData {
    /// Reads one JSON object. Names without a known meaning are kept, and shown as such.
    ///
    /// # Errors
    /// [`ParseError::RuntimeData`] with where and why.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > RUNTIME_DATA_BYTES_MAX {
            return Err(malformed(&format!("it has {} bytes", bytes.len())));
        }
        let refuse = |error: serde_json::Error| malformed(&error);
        serde_json::from_slice::<Unambiguous>(bytes).map_err(refuse)?;
        let Document { keys, vm_configuration, user_data, others } =
            serde_json::from_slice(bytes).map_err(refuse)?;
        let inner = vm_configuration.others.into_keys();
        let inner = inner.map(|name| format!("vm-configuration.{name}"));
        Ok(Self {
            bytes: bytes.to_vec(),
            keys,
            user_data,
            others: others.into_keys().chain(inner).collect(),
            vm_configuration: VmConfiguration {
                secure_boot: vm_configuration.secure_boot,
                console_enabled: vm_configuration.console_enabled,
                tpm_enabled: vm_configuration.tpm_enabled,
                vm_unique_id: vm_configuration.vm_unique_id,
            },
        })
    }

    /// The bytes that the hardware vouches for by their hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How the VM was created.
    #[must_use]
    pub const fn vm_configuration(&self) -> &VmConfiguration {
        &self.vm_configuration
    }

    /// `user-data`: 64 bytes in hex that the guest had put in, where there are any.
    #[must_use]
    pub fn user_data(&self) -> Option<&str> {
        self.user_data.as_deref()
    }

    /// Names that have no meaning here.
    pub fn others(&self) -> impl ExactSizeIterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// The keys, in order.
    pub(super) fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

fn malformed(reason: &impl ToString) -> ParseError {
    ParseError::RuntimeData { reason: reason.to_string() }
}

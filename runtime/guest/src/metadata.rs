//! node.toml from a cloud's metadata service, which a guest asks once it has an address.
//!
//! ```text
//!  SMBIOS: which cloud?  -->  169.254.169.254:80, HTTP  -->  user data: node.toml
//! ```
//!
//! It is as much the host's word as a file that QEMU hands over, and is believed as little: which
//! cloud this is, who answers at that address, and what he says.

mod answer;
mod service;

use core::fmt;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tracing::info;

pub use answer::{Answer, Malformed};
use service::Request;
pub(crate) use service::Service;

use crate::GuestError;

/// The chassis asset tag of every virtual machine of Azure; Hyper-V machines elsewhere have another.
///
/// SPEC: cloud-init, data source Azure.
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// The token by which Amazon's service knows that its client is no relay. Real ones have 56 bytes.
const TOKEN_BYTES_MAX: u64 = 1024;

/// A cloud whose metadata service is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cloud {
    /// Amazon EC2.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Compute Engine.
    Google,
}

/// Why a metadata service gave no node.toml.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It cannot be reached, or does not answer in time.
    #[error("cannot reach the metadata service")]
    Unreachable(#[source] io::Error),
    /// It says no. 404 is that there is nothing.
    #[error("the metadata service answers {path} with status {status}")]
    Status {
        /// What was asked for.
        path: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// What it says is no answer.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// What it gave is not what belongs there.
    #[error("what the metadata service has at {path} is {what}")]
    Content {
        /// What was asked for.
        path: &'static str,
        /// In which way.
        what: &'static str,
    },
}

impl Cloud {
    /// The cloud that this machine says it is in.
    #[must_use]
    pub fn of_machine() -> Option<Self> {
        Self::of(Path::new("/sys/class/dmi/id"))
    }

    /// As `cloister doctor` knows them.
    fn of(folder: &Path) -> Option<Self> {
        let said = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        match said("sys_vendor").trim() {
            "Amazon EC2" => Some(Self::Aws),
            "Google" => Some(Self::Google),
            "Microsoft Corporation" if said("chassis_asset_tag").trim() == AZURE_ASSET_TAG => {
                Some(Self::Azure)
            }
            _ => None,
        }
    }

    /// The node.toml, of at most `most` bytes, that whoever launched the machine gave its metadata
    /// service.
    ///
    /// # Errors
    /// [`GuestError::Metadata`].
    pub fn node_toml(self, most: u64) -> Result<String, GuestError> {
        let text = self.ask(&Service::LINK_LOCAL, most)?;
        info!(from = %self, bytes = text.len(), "node.toml of the host");
        Ok(text)
    }

    fn ask(self, service: &Service, most: u64) -> Result<String, MetadataError> {
        let (path, bytes) = match self {
            Self::Aws => (AWS, aws(service, most)?),
            Self::Azure => (AZURE, azure(service, most)?),
            Self::Google => (GOOGLE, google(service, most)?),
        };
        let bad = |what| MetadataError::Content { path, what };
        match String::from_utf8(bytes) {
            Ok(text) if text.is_empty() => Err(bad("empty")),
            Ok(text) => Ok(text),
            Err(_) => Err(bad("no UTF-8")),
        }
    }
}

const AWS: &str = "/latest/user-data";
const AWS_TOKEN: &str = "/latest/api/token";
const AZURE: &str = "/metadata/instance/compute/userData?api-version=2021-01-01&format=text";
const GOOGLE: &str = "/computeMetadata/v1/instance/attributes/user-data";

// SPEC: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata".
fn aws(service: &Service, most: u64) -> Result<Vec<u8>, MetadataError> {
    let lifetime = [("X-aws-ec2-metadata-token-ttl-seconds", "60")];
    let answer = service
        .ask(&Request { method: "PUT", path: AWS_TOKEN, fields: &lifetime }, TOKEN_BYTES_MAX)?;
    let token = String::from_utf8(answer.body).ok().filter(|token| is_word(token));
    let token = token.ok_or(MetadataError::Content { path: AWS_TOKEN, what: "no token" })?;
    let fields = [("X-aws-ec2-metadata-token", token.as_str())];
    Ok(service.ask(&Request { method: "GET", path: AWS, fields: &fields }, most)?.body)
}

/// Whether it can stand in a header without ending it.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

// SPEC: Microsoft Learn, "Azure Instance Metadata Service", user data: always in base64.
fn azure(service: &Service, most: u64) -> Result<Vec<u8>, MetadataError> {
    let request = Request { method: "GET", path: AZURE, fields: &[("Metadata", "true")] };
    let answer = service.ask(&request, most.div_ceil(3).saturating_mul(4).saturating_add(2))?;
    let bad = |what| MetadataError::Content { path: AZURE, what };
    let bytes = STANDARD.decode(answer.body.trim_ascii()).map_err(|_| bad("no base64"))?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= most);
    if fits { Ok(bytes) } else { Err(bad("too long")) }
}

// SPEC: Google Cloud, "View and query VM metadata": the field is in request and answer.
fn google(service: &Service, most: u64) -> Result<Vec<u8>, MetadataError> {
    const FLAVOR: (&str, &str) = ("Metadata-Flavor", "Google");
    let answer = service.ask(&Request { method: "GET", path: GOOGLE, fields: &[FLAVOR] }, most)?;
    let (name, value) = FLAVOR;
    if answer.field(name) == Some(value.as_bytes()) {
        Ok(answer.body)
    } else {
        Err(MetadataError::Content { path: GOOGLE, what: "not from Google's service" })
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "the metadata service of Amazon EC2",
            Self::Azure => "the metadata service of Azure",
            Self::Google => "the metadata service of Google Compute Engine",
        })
    }
}

#[cfg(test)]
mod tests;

//! The configuration file as it is written: names, types, ranges, defaults.
//!
//! A value out of range fails while it is read, so that the error points at it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::publication::TcbUpdate;
use cloister_channel::limits::{LEASE_LIFETIME_DEFAULT, LEASE_LIFETIME_MAX};
use cloister_channel::name::TrustDomain;
use cloister_endorsements::Origin;
use cloister_endorsements::limits::{REFRESH_INTERVAL_DEFAULT, REQUEST_TIMEOUT_DEFAULT};
use rustls::pki_types::ServerName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracing_subscriber::EnvFilter;

use crate::limits::CHALLENGE_LIFETIME_MAX;

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) listen: SocketAddr,
    #[serde(default)]
    pub(super) names: Vec<HostName>,
    pub(super) data: PathBuf,
    #[serde(deserialize_with = "trust_domain", serialize_with = "display")]
    pub(super) trust_domain: TrustDomain,
    #[serde(default = "connections_max")]
    pub(super) connections_max: Connections,
    #[serde(default)]
    pub(super) lease: Lease,
    #[serde(default)]
    pub(super) challenge: Challenge,
    pub(super) appraisal: Appraisal,
    #[serde(default)]
    pub(super) endorsements: Endorsements,
    #[serde(default)]
    pub(super) log: Log,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lease {
    pub(super) lifetime_secs: LeaseLifetime,
    pub(super) rotate_keys_after_days: LeaseKeyDays,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenge {
    pub(super) lifetime_secs: ChallengeLifetime,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Appraisal {
    pub(super) anchors: Anchors,
    #[serde(default)]
    pub(super) policy: Policy,
    #[serde(default)]
    pub(super) verifications_max: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Endorsements {
    pub(super) folder: Option<PathBuf>,
    pub(super) kds: Address,
    pub(super) pcs: Address,
    pub(super) intel_root: Address,
    pub(super) update: TcbUpdate,
    pub(super) request_timeout_secs: RequestTimeout,
    pub(super) refresh_secs: RefreshInterval,
}

/// Where a service is: `"vendor"`, `"off"`, or a URL.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Address {
    Vendor,
    Off,
    Mirror(Origin),
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "vendor" => Ok(Self::Vendor),
            "off" => Ok(Self::Off),
            url => url.parse().map(Self::Mirror).map_err(|error| {
                format!("{url:?} is neither \"vendor\" nor \"off\" nor an address: {error}")
            }),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        match address {
            Address::Vendor => "vendor".to_owned(),
            Address::Off => "off".to_owned(),
            Address::Mirror(origin) => origin.to_string(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Anchors {
    Vendor,
    Simulator { file: PathBuf, fingerprint: Digest48 },
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Policy {
    /// The default, since nothing that is built in demands more.
    #[default]
    Strict,
    File(PathBuf),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) format: super::LogFormat,
    pub(super) filter: Filter,
}

/// Declares a number with a permitted range.
macro_rules! ranged {
    ($($name:ident($inner:ty) in $range:expr, $what:literal;)+) => {$(
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        #[serde(try_from = "u64")]
        pub(super) struct $name(pub(super) $inner);

        impl TryFrom<u64> for $name {
            type Error = String;

            fn try_from(value: u64) -> Result<Self, String> {
                if !$range.contains(&value) {
                    return Err(format!("{} is {value}, permitted is {:?}", $what, $range));
                }
                <$inner>::try_from(value).map(Self).map_err(|error| error.to_string())
            }
        }
    )+};
}

ranged! {
    LeaseLifetime(u64) in (1..=LEASE_LIFETIME_MAX.as_secs()), "the lifetime of a lease in seconds";
    LeaseKeyDays(u64) in (0..=365_u64), "the number of days after which another lease key signs";
    ChallengeLifetime(u64) in (1..=CHALLENGE_LIFETIME_MAX.as_secs()), "the lifetime of a challenge in seconds";
    RequestTimeout(u64) in (1..=REQUEST_TIMEOUT_MAX_SECS), "the time of a request for endorsements in seconds";
    RefreshInterval(u64) in (60..=REFRESH_MAX_SECS), "the time between two requests for the same document in seconds";
    Connections(usize) in (1..=1_000_000_u64), "the number of connections";
}

/// A DNS name or an IP address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct HostName(pub(super) String);

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match ServerName::try_from(name.as_str()) {
            Ok(_) => Ok(Self(name)),
            Err(_) => Err(format!("{name:?} is neither a host name nor an IP address")),
        }
    }
}

/// Log directives that parse.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Filter(pub(super) String);

impl TryFrom<String> for Filter {
    type Error = String;

    fn try_from(directives: String) -> Result<Self, String> {
        match EnvFilter::try_new(&directives) {
            Ok(_) => Ok(Self(directives)),
            Err(error) => Err(format!("{directives:?} is no log filter: {error}")),
        }
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            lifetime_secs: LeaseLifetime(LEASE_LIFETIME_DEFAULT.as_secs()),
            rotate_keys_after_days: LeaseKeyDays(0),
        }
    }
}

impl Default for Challenge {
    fn default() -> Self {
        Self { lifetime_secs: ChallengeLifetime(CHALLENGE_LIFETIME_DEFAULT.as_secs()) }
    }
}

impl Default for Endorsements {
    fn default() -> Self {
        Self {
            folder: None,
            kds: Address::Vendor,
            pcs: Address::Vendor,
            intel_root: Address::Vendor,
            update: TcbUpdate::Standard,
            request_timeout_secs: RequestTimeout(REQUEST_TIMEOUT_DEFAULT.as_secs()),
            refresh_secs: RefreshInterval(REFRESH_INTERVAL_DEFAULT.as_secs()),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: super::LogFormat::Text, filter: Filter("info".to_owned()) }
    }
}

/// Two minutes: a report takes milliseconds, but firmware may be busy with other guests.
const CHALLENGE_LIFETIME_DEFAULT: Duration = Duration::from_secs(120);

/// A request for a lease ends after 30 seconds, and may need two requests one after the other.
const REQUEST_TIMEOUT_MAX_SECS: u64 = 14;

/// A day: as long as Intel takes to issue TCB info anew.
const REFRESH_MAX_SECS: u64 = 24 * 60 * 60;

const fn connections_max() -> Connections {
    Connections(4096)
}

fn trust_domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TrustDomain, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn display<S: Serializer>(name: &TrustDomain, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(name)
}

//! What node.toml says about the network.

use core::net::Ipv4Addr;
use core::str::FromStr;

use serde::Deserialize;

/// An IPv4 address with the length of its network's prefix, as in `10.0.2.15/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    pub(super) address: Ipv4Addr,
    pub(super) prefix: u8,
}

/// The text is not an address with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an IPv4 address and a prefix of 1 to 32, as in 10.0.2.15/24")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, prefix) = text.split_once('/').ok_or(AddressError)?;
        let address = address.parse().map_err(|_| AddressError)?;
        let prefix = prefix.parse().map_err(|_| AddressError)?;
        if (1..=32).contains(&prefix) { Ok(Self { address, prefix }) } else { Err(AddressError) }
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

/// How the first Ethernet device comes to its address, as the host says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Section")]
#[non_exhaustive]
pub enum Network {
    /// It is this one.
    Given(Given),
    /// The network gives it out.
    Dhcp,
}

/// An address that the host's file has, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Given {
    /// The address.
    pub address: Address,
    /// Where everything for elsewhere goes.
    pub gateway: Option<Ipv4Addr>,
    /// Who is asked for the addresses of names.
    pub resolvers: Vec<Ipv4Addr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    address: Option<Address>,
    #[serde(default)]
    dhcp: bool,
    gateway: Option<Ipv4Addr>,
    #[serde(default)]
    resolvers: Vec<Ipv4Addr>,
}

/// The section says nothing, or two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Neither an address nor where one comes from, or both.
    #[error("write either address or dhcp = true")]
    Undecided,
    /// What the network says is said here as well.
    #[error("with dhcp = true, gateway and resolvers are what the network says: leave them out")]
    SaidTwice,
}

impl TryFrom<Section> for Network {
    type Error = NetworkError;

    fn try_from(section: Section) -> Result<Self, NetworkError> {
        let Section { address, dhcp, gateway, resolvers } = section;
        match (address, dhcp) {
            (Some(address), false) => Ok(Self::Given(Given { address, gateway, resolvers })),
            (None, true) if gateway.is_none() && resolvers.is_empty() => Ok(Self::Dhcp),
            (None, true) => Err(NetworkError::SaidTwice),
            (Some(_), true) | (None, false) => Err(NetworkError::Undecided),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Network};

    #[test]
    fn an_address_has_a_prefix() {
        let address: Address = "10.0.2.15/24".parse().unwrap();
        assert_eq!((address.address.octets(), address.prefix), ([10, 0, 2, 15], 24));
        for bad in ["10.0.2.15", "10.0.2.15/0", "10.0.2.15/33", "::1/64", "10.0.2/24", ""] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_given_or_asked_for_and_never_both() {
        let section = |text: &str| serde_json::from_str::<Network>(text);
        let given = section(r#"{"address": "10.0.2.15/24", "gateway": "10.0.2.2"}"#).unwrap();
        assert!(matches!(given, Network::Given(given) if given.resolvers.is_empty()));
        assert_eq!(section(r#"{"dhcp": true}"#).unwrap(), Network::Dhcp);
        let address = r#""address": "10.0.2.15/24""#;
        for (text, why) in [
            ("{}".to_owned(), "either address or dhcp = true"),
            (r#"{"dhcp": false}"#.to_owned(), "either address or dhcp = true"),
            (format!(r#"{{"dhcp": true, {address}}}"#), "either address or dhcp = true"),
            (r#"{"dhcp": true, "gateway": "10.0.2.2"}"#.to_owned(), "leave them out"),
            (r#"{"dhcp": true, "resolvers": ["10.0.2.3"]}"#.to_owned(), "leave them out"),
            (format!(r#"{{{address}, "mtu": 9000}}"#), "unknown field"),
        ] {
            let error = section(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

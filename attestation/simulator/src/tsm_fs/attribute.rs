//! The files of an entry.

use std::ffi::OsStr;

use super::Step;
use crate::guest::Guest;

/// A file of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Provider,
    Generation,
    PrivilegeLevel,
    PrivilegeFloor,
    Inblob,
    Outblob,
    Auxblob,
}

impl Attribute {
    const ALL: [Self; 7] = [
        Self::Provider,
        Self::Generation,
        Self::PrivilegeLevel,
        Self::PrivilegeFloor,
        Self::Inblob,
        Self::Outblob,
        Self::Auxblob,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Generation => "generation",
            Self::PrivilegeLevel => "privlevel",
            Self::PrivilegeFloor => "privlevel_floor",
            Self::Inblob => "inblob",
            Self::Outblob => "outblob",
            Self::Auxblob => "auxblob",
        }
    }

    /// Number inside the entry; the directory itself is 0.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Provider => 1,
            Self::Generation => 2,
            Self::PrivilegeLevel => 3,
            Self::PrivilegeFloor => 4,
            Self::Inblob => 5,
            Self::Outblob => 6,
            Self::Auxblob => 7,
        }
    }

    pub(super) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.number() == number)
    }

    pub(super) fn from_name(name: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| name == attribute.name())
    }

    /// The TDX provider shows no privilege levels and no auxiliary blob.
    pub(super) const fn visible(self, guest: &Guest) -> bool {
        match (self, guest) {
            (Self::PrivilegeLevel | Self::PrivilegeFloor | Self::Auxblob, Guest::Tdx(_)) => false,
            (_, Guest::Snp(_) | Guest::Tdx(_)) => true,
        }
    }

    pub(super) fn all_visible(guest: &Guest) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |attribute| attribute.visible(guest))
    }

    pub(super) const fn writable(self) -> bool {
        matches!(self, Self::PrivilegeLevel | Self::Inblob)
    }

    pub(super) const fn mode(self) -> u16 {
        if self.writable() { 0o200 } else { 0o444 }
    }

    /// The step that reading this file is.
    pub(super) const fn read_step(self) -> Option<Step> {
        match self {
            Self::Provider => Some(Step::ReadProvider),
            Self::Generation => Some(Step::ReadGeneration),
            Self::Outblob => Some(Step::ReadOutblob),
            Self::Auxblob => Some(Step::ReadAuxblob),
            Self::PrivilegeLevel | Self::PrivilegeFloor | Self::Inblob => None,
        }
    }
}

//! PCRs that count as measurement, and values of them that somebody vouches for.

use core::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::{Digest, HashAlgorithm};

/// A PCR that keeps what was measured until the machine reboots: 0 to 15.
///
/// 16 and 23 can be reset from any locality, 17 to 22 belong to a dynamic launch and are reset by
/// it. None of them can be named where a measurement is meant.
// SPEC: TCG PTP 1.05, section 4.6.2, PCR attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MeasuredPcr(u8);

impl MeasuredPcr {
    /// `None` for a PCR that can be reset, or that does not exist.
    #[must_use]
    pub const fn new(index: u8) -> Option<Self> {
        if index < 16 { Some(Self(index)) } else { None }
    }

    /// 0 to 15.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    const fn bit(self) -> u16 {
        1 << self.0
    }
}

impl fmt::Display for MeasuredPcr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for MeasuredPcr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u8::deserialize(deserializer)?;
        Self::new(index).ok_or_else(|| {
            D::Error::custom(format!("PCR {index} can be reset by software; 0 to 15 cannot"))
        })
    }
}

/// Values of PCRs of one bank, each PCR at most once, ascending.
///
/// Serialises as a list of `{"pcr": 4, "value": "hex"}`. Read back, the list has to be ascending,
/// of one bank and not empty: a list without a PCR would match every guest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeasuredPcrs {
    values: Vec<(MeasuredPcr, Digest)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pcr: MeasuredPcr,
    value: Digest,
}

impl MeasuredPcrs {
    /// From values in ascending order, as a quote holds them.
    pub(super) fn of(values: impl Iterator<Item = (MeasuredPcr, Digest)>) -> Self {
        Self { values: values.collect() }
    }

    /// From values in ascending order.
    ///
    /// # Errors
    /// What is wrong with the list, in words.
    pub fn new(values: Vec<(MeasuredPcr, Digest)>) -> Result<Self, &'static str> {
        let Some((_, first)) = values.first() else {
            return Err("no PCR is named, so every guest would match");
        };
        if values.iter().any(|(_, value)| value.algorithm() != first.algorithm()) {
            return Err("the values are of more than one bank");
        }
        if !values.iter().is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("the PCRs are not in ascending order, each once");
        }
        Ok(Self { values })
    }

    /// Every value, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (MeasuredPcr, &Digest)> + '_ {
        self.values.iter().map(|(pcr, value)| (*pcr, value))
    }

    /// The bank; `None` where there is no value.
    #[must_use]
    pub fn bank(&self) -> Option<HashAlgorithm> {
        self.values.first().map(|(_, value)| value.algorithm())
    }

    /// Whether `pcr` is among them.
    #[must_use]
    pub fn names(&self, pcr: MeasuredPcr) -> bool {
        self.values.iter().any(|(named, _)| *named == pcr)
    }

    /// Which PCRs these are, one bit each.
    pub(crate) fn mask(&self) -> u16 {
        self.values.iter().fold(0, |mask, (pcr, _)| mask | pcr.bit())
    }

    /// The values of the PCRs in `mask`; `None` if one of them is not there.
    pub(crate) fn restricted_to(&self, mask: u16) -> Option<Self> {
        if self.mask() & mask != mask {
            return None;
        }
        let named = self.values.iter().filter(|(pcr, _)| pcr.bit() & mask != 0);
        Some(Self { values: named.copied().collect() })
    }
}

impl Serialize for MeasuredPcrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.values.iter().map(|(pcr, value)| Entry { pcr: *pcr, value: *value }))
    }
}

impl<'de> Deserialize<'de> for MeasuredPcrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        let values = entries.into_iter().map(|entry| (entry.pcr, entry.value)).collect();
        Self::new(values).map_err(D::Error::custom)
    }
}

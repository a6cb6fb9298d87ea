//! What a policy can demand of a bit, of a set of bits, or of a version.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::code::Code;

/// What is demanded of one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bit {
    /// It has to be set.
    Require,
    /// It has to be clear.
    Forbid,
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl Bit {
    /// The check's outcome for `set`.
    pub(super) fn check(self, code: &'static Code, set: bool) -> Check {
        let observed = if set { "set" } else { "clear" };
        match self {
            Self::Require => Check::decided(code, set, "set", observed),
            Self::Forbid => Check::decided(code, !set, "clear", observed),
            Self::Any => Check::not_asserted(code, observed),
        }
    }
}

/// What is demanded of something that had better not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unwanted {
    /// It must not be there.
    Forbid,
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl Unwanted {
    /// The check's outcome; `observed` says what was found, in words.
    pub(super) fn check(
        self,
        code: &'static Code,
        there: bool,
        expected: &str,
        observed: impl fmt::Display,
    ) -> Check {
        match self {
            Self::Forbid => Check::decided(code, !there, expected, observed),
            Self::Any => Check::not_asserted(code, observed),
        }
    }
}

/// What is demanded of a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bits {
    /// All of these have to be set; others may be. Written as text such as `0x3`.
    AllOf(#[serde(with = "mask")] u64),
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl Bits {
    /// The check's outcome for a field that a report may not have.
    pub(super) fn check(self, code: &'static Code, observed: Option<u64>) -> Check {
        match (self, observed) {
            (Self::AllOf(bits), Some(field)) => Check::decided(
                code,
                field & bits == bits,
                format!("all of {bits:#x}"),
                format!("{field:#x}"),
            ),
            (Self::AllOf(bits), None) => Check::decided(
                code,
                false,
                format!("all of {bits:#x}"),
                "not in this report version",
            ),
            (Self::Any, Some(field)) => Check::not_asserted(code, format!("{field:#x}")),
            (Self::Any, None) => Check::not_applicable(code, "not in this report version"),
        }
    }
}

/// A mask as hexadecimal text: TOML has no unsigned 64-bit numbers.
mod mask {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bits: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{bits:#x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| D::Error::custom("a mask is written as text, such as \"0x3\""))
    }
}

/// What is demanded of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Floor<T> {
    /// This or better.
    AtLeast(T),
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl<T: fmt::Display> Floor<T> {
    /// The check's outcome; `reaches(observed, floor)` says whether `observed` is good enough.
    pub(super) fn check(
        &self,
        code: &'static Code,
        observed: &T,
        reaches: impl FnOnce(&T, &T) -> bool,
    ) -> Check {
        match self {
            Self::AtLeast(floor) => Check::decided(
                code,
                reaches(observed, floor),
                format!("at least {floor}"),
                observed,
            ),
            Self::Any => Check::not_asserted(code, observed),
        }
    }
}

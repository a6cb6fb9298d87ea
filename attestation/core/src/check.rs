//! A check and its outcome: nothing is unchecked by silence.

use core::fmt;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use smol_str::{SmolStr, ToSmolStr as _};

use crate::code::Code;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// The expectation was stated and met.
    Pass,
    /// The expectation was stated and not met.
    Fail,
    /// The check has no meaning for this Evidence (a VLEK has no `hwID`, a v2 report no CPUID).
    NotApplicable,
    /// The check has a meaning, and nobody vouches for it: no expectation was given, or what is
    /// needed to decide it is absent. A Relying Party must be able to see this.
    NotAsserted,
}

/// One verification or appraisal step: what was expected, what was seen, and the outcome.
///
/// Checks are made by the dozen for each piece of Evidence and handed on with every result, so
/// that words are short and in place, or shared: copying a check allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked; also carries the specification reference and the remedy.
    pub code: &'static Code,
    /// The outcome.
    pub state: State,
    /// What would have passed, in words or hex.
    pub expected: SmolStr,
    /// What was there, in words or hex.
    pub observed: SmolStr,
}

impl Check {
    /// Passes if `ok`, fails otherwise.
    pub fn decided(
        code: &'static Code,
        ok: bool,
        expected: impl fmt::Display,
        observed: impl fmt::Display,
    ) -> Self {
        let state = if ok { State::Pass } else { State::Fail };
        Self { code, state, expected: expected.to_smolstr(), observed: observed.to_smolstr() }
    }

    /// Passes; what was expected is what was there.
    pub fn met(code: &'static Code, expected: impl fmt::Display) -> Self {
        let expected = expected.to_smolstr();
        Self { code, state: State::Pass, observed: expected.clone(), expected }
    }

    /// Passes when both sides are equal, and shows both.
    pub fn equal<T: PartialEq + fmt::Display>(
        code: &'static Code,
        expected: T,
        observed: T,
    ) -> Self {
        let ok = expected == observed;
        Self::decided(code, ok, expected, observed)
    }

    /// The check does not apply; `why` says so.
    pub fn not_applicable(code: &'static Code, why: impl fmt::Display) -> Self {
        Self {
            code,
            state: State::NotApplicable,
            expected: SmolStr::default(),
            observed: why.to_smolstr(),
        }
    }

    /// Nobody vouches for this; `observed` is what the Evidence says, or why nothing can be said.
    pub fn not_asserted(code: &'static Code, observed: impl fmt::Display) -> Self {
        Self {
            code,
            state: State::NotAsserted,
            expected: SmolStr::default(),
            observed: observed.to_smolstr(),
        }
    }

    /// Whether the check failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.state == State::Fail
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Check", 6)?;
        s.serialize_field("id", self.code.id)?;
        s.serialize_field("state", &self.state)?;
        s.serialize_field("expected", self.expected.as_str())?;
        s.serialize_field("observed", self.observed.as_str())?;
        s.serialize_field("spec", self.code.spec)?;
        s.serialize_field("remedy", self.code.remedy)?;
        s.end()
    }
}

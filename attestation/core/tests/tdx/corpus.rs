//! Recorded TDX evidence, where it is at hand.

use std::ops::Deref;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::tdx::{Collateral, Quote, VerifiedQuote, verify};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifyError;
use serde_json::Value;

use crate::vectors;

/// One folder: what was recorded, and what has to come of it.
pub(crate) struct Case(vectors::Case);

impl Deref for Case {
    type Target = vectors::Case;

    fn deref(&self) -> &vectors::Case {
        &self.0
    }
}

/// Every recorded case; none without the vectors.
pub(crate) fn cases() -> Vec<Case> {
    vectors::cases("tdx").unwrap_or_default().into_iter().map(Case).collect()
}

/// One recorded case by name.
pub(crate) fn case(name: &str) -> Option<Case> {
    vectors::named("tdx", name).map(Case)
}

impl Case {
    pub(crate) fn tcb_status(&self) -> Option<&str> {
        self.facts.tcb_status.as_ref()?.as_str()
    }

    /// Sorted; recorded as a JSON list inside of a string.
    pub(crate) fn advisories(&self) -> Option<Vec<String>> {
        let about: Value = serde_json::from_slice(&self.file("case.json")?).unwrap();
        let mut list: Vec<String> = serde_json::from_str(about["advisories"].as_str()?).unwrap();
        list.sort();
        Some(list)
    }

    /// The time of evaluation. Cases without collateral have none: their certificates decide.
    pub(crate) fn now(&self) -> UnixTime {
        match self.facts.valid_at {
            Some(_) => self.valid_at(),
            None => UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap(),
        }
    }

    pub(crate) fn quote(&self) -> Quote {
        Quote::parse(&self.quote_bytes()).unwrap()
    }

    pub(crate) fn quote_bytes(&self) -> Vec<u8> {
        self.file("quote.bin").unwrap()
    }

    pub(crate) fn collateral(&self) -> Collateral {
        self.file("collateral.json")
            .map_or_else(Collateral::none, |json| Collateral::from_json(&json).unwrap())
    }

    /// Verified at the recorded time under Intel's root.
    pub(crate) fn verify(&self) -> Result<VerifiedQuote, VerifyError> {
        verify(self.quote(), &self.collateral(), &Anchors::vendor(), self.now())
    }
}

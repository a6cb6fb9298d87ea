//! Which issue of a document it is: what rolling back is told by.

use core::fmt;

use serde::Serialize;

use super::need::PckCa;
use crate::bytes::Fmspc;
use crate::snp::Product;
use crate::time::UnixTime;
use crate::x509::Crl;

/// A document that its vendor issues again and again, each issue replacing the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Document {
    /// The CRL of an ARK.
    AmdCrl(Product),
    /// The CRL of Intel's root.
    IntelRootCrl,
    /// The CRL of a CA that issues PCK certificates.
    PckCrl(PckCa),
    /// TCB info for TDX of one processor family.
    TdxTcbInfo(Fmspc),
    /// The identity of the TD quoting enclave.
    TdQeIdentity,
}

/// One issue of a document, as its signed bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Issue {
    /// Which document.
    pub document: Document,
    /// `issueDate` or `thisUpdate`.
    pub issued_at: UnixTime,
    /// `tcbEvaluationDataNumber` or `cRLNumber`; `None` for a CRL without one, or with one beyond
    /// 64 bits.
    pub number: Option<u64>,
}

impl Issue {
    pub(crate) fn of_crl(document: Document, crl: &Crl) -> Self {
        Self { document, issued_at: crl.this_update(), number: crl.number() }
    }

    /// Whether `seen`, an issue of the same document, came after this one: by its number or by
    /// its date.
    #[must_use]
    pub fn is_before(&self, seen: &Self) -> bool {
        let number = self.number.zip(seen.number).is_some_and(|(own, seen)| own < seen);
        self.document == seen.document && (number || self.issued_at < seen.issued_at)
    }
}

impl fmt::Display for Document {
    /// One word without spaces, different for every document: it may serve as a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmdCrl(product) => write!(f, "amd-crl/{product}"),
            Self::IntelRootCrl => f.write_str("intel-root-crl"),
            Self::PckCrl(ca) => write!(f, "pck-crl/{}", ca.word()),
            Self::TdxTcbInfo(fmspc) => write!(f, "tdx-tcb-info/{fmspc}"),
            Self::TdQeIdentity => f.write_str("td-qe-identity"),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "number {number} of {}", self.issued_at),
            None => write!(f, "of {}", self.issued_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Issue};
    use crate::time::UnixTime;

    fn issue(issued_at: u64, number: Option<u64>) -> Issue {
        let issued_at = UnixTime::from_secs(issued_at);
        Issue { document: Document::TdQeIdentity, issued_at, number }
    }

    #[test]
    fn a_lower_number_or_an_earlier_date_is_before() {
        let seen = issue(100, Some(17));
        for (offered, before) in [
            (issue(100, Some(17)), false),
            (issue(101, Some(17)), false),
            (issue(100, Some(18)), false),
            (issue(99, Some(17)), true),
            (issue(101, Some(16)), true),
            (issue(99, Some(18)), true),
            (issue(100, None), false),
            (issue(99, None), true),
        ] {
            assert_eq!(offered.is_before(&seen), before, "{offered}");
        }
    }

    #[test]
    fn issues_of_different_documents_do_not_compare() {
        let other = Issue { document: Document::IntelRootCrl, ..issue(1, Some(1)) };
        assert!(!other.is_before(&issue(100, Some(17))));
    }
}

//! The certificates and the CRL that a report is verified against.

use super::certificate_table::{CertificateTable, CertificateTableError};
use crate::time::UnixTime;
use crate::x509::Crl;

/// Certificates and CRL, each as DER, each optional. Hints from an untrusted host until verified.
///
/// Under vendor anchors an absent intermediate or root is replaced by AMD's published one, where
/// it is built in. An absent CRL leaves revocation undecided, and the checks say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endorsements {
    /// The VCEK or VLEK certificate.
    pub vek: Option<Vec<u8>>,
    /// The ASK certificate (for a VCEK) or the ASVK certificate (for a VLEK).
    pub intermediate: Option<Vec<u8>>,
    /// The ARK certificate. It counts only if its key is the pinned one.
    pub root: Option<Vec<u8>>,
    /// The CRL that the ARK signs.
    pub crl: Option<Vec<u8>>,
}

impl Endorsements {
    /// Nothing: verification will say what it needs.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same with the parts that are absent taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            vek: self.vek.or(other.vek),
            intermediate: self.intermediate.or(other.intermediate),
            root: self.root.or(other.root),
            crl: self.crl.or(other.crl),
        }
    }

    /// The same without a CRL that is stale at `now`.
    #[must_use]
    pub fn without_stale(mut self, now: UnixTime) -> Self {
        self.crl = self.crl.filter(|crl| !Crl::is_stale(crl, now));
        self
    }

    /// Every part, in one order, whether it is there or not: all that verification reads.
    pub(crate) fn contents(&self) -> [Option<&[u8]>; 4] {
        // Taken apart whole, so that a part that is added later is not forgotten here.
        let Self { vek, intermediate, root, crl } = self;
        [vek.as_deref(), intermediate.as_deref(), root.as_deref(), crl.as_deref()]
    }

    /// From the table that the host offers a guest together with a report. Where it holds both a
    /// VCEK and a VLEK, use [`CertificateTable::endorsements`], which chooses by the report.
    ///
    /// # Errors
    /// [`CertificateTableError`] if the table is malformed.
    pub fn from_certificate_table(table: &[u8]) -> Result<Self, CertificateTableError> {
        let mut table = CertificateTable::parse(table)?;
        let vek = table.vcek.take().or_else(|| table.vlek.take());
        Ok(Self { vek, intermediate: table.ask, root: table.ark, crl: table.crl })
    }
}

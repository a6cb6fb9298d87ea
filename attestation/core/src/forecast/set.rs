//! One of the sets of TCB levels that Intel publishes side by side, verified.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::anchor::Anchors;
use crate::bytes::Fmspc;
use crate::tdx::{Collateral, QeIdentity, TcbInfo, VerifiedCollateral};
use crate::time::{Period, UnixTime};
use crate::verify::VerifyError;
use crate::x509::Crl;

/// Which of the sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// By which machines are judged now.
    Standard,
    /// By which they are going to be judged.
    Early,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Early => "early",
        })
    }
}

/// A set for one processor family: signed by Intel, not necessarily current.
///
/// Only [`Self::verify`] makes one.
#[derive(Clone, Debug)]
pub struct PublishedSet {
    set: Set,
    collateral: VerifiedCollateral,
    period: Period,
}

impl PublishedSet {
    /// Verifies `collateral` up to a root in `anchors`, as of the time nearest to `now` at which
    /// it is current. That it has ended, or begins later, is a forecast's finding and no error.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] at the first part that is wrong or revoked, or whose times do not
    /// overlap with those of the others.
    pub fn verify(
        set: Set,
        collateral: &Collateral,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<Self, VerifyError> {
        let period = current(collateral);
        let at = now.max(period.from).min(period.until);
        let verified = VerifiedCollateral::new(collateral, anchors, at)?;
        Ok(Self { set, collateral: verified, period })
    }

    /// Which of the sets.
    #[must_use]
    pub const fn set(&self) -> Set {
        self.set
    }

    /// The processor family.
    #[must_use]
    pub fn fmspc(&self) -> Option<Fmspc> {
        self.collateral.fmspc()
    }

    /// From and until when its documents are current.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    pub(super) fn tcb_info(&self) -> Option<&TcbInfo> {
        self.collateral.tcb_info()
    }

    pub(super) fn qe_identity(&self) -> Option<&QeIdentity> {
        self.collateral.qe_identity()
    }
}

/// The time in which every document and CRL is current, as they say; what does not read says
/// nothing, and is refused when it is verified.
fn current(collateral: &Collateral) -> Period {
    let documents = [&collateral.tcb_info, &collateral.qe_identity].into_iter().flatten();
    let documents = documents.filter_map(|document| {
        let Dated { issue_date, next_update } = serde_json::from_str(document.body()).ok()?;
        Some(Period::between(
            UnixTime::parse_rfc3339(&issue_date)?,
            UnixTime::parse_rfc3339(&next_update)?,
        ))
    });
    let lists = [&collateral.root_ca_crl, &collateral.pck_crl].into_iter().flatten();
    let lists = lists.filter_map(|der| {
        let crl = Crl::parse(der).ok()?;
        Some(Period::between(crl.this_update(), crl.next_update()))
    });
    documents.chain(lists).fold(Period::ALWAYS, Period::narrowed_by)
}

/// What every document says about its time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dated {
    issue_date: String,
    next_update: String,
}

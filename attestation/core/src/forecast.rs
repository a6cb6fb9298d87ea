//! Early warning: which known machines will fail appraisal, from when on, and what mends it.
//!
//! ```text
//!  Machine (as last attested) --.
//!  Intel's standard set --------+--> forecast --> Forecast { failures: from when, why, what mends }
//!  Intel's early set -----------+
//!  AMD's minimums, the policy --'
//! ```
//!
//! Intel publishes new TCB levels twice: first as the `early` set, for operators who want to know,
//! then as the `standard` set, by which everybody else judges. A machine that is short in the
//! early set is going to fail. AMD publishes minimums in bulletins; here they are data.
//!
//! Nothing is believed that is not verified: sets are verified collateral, machines are made of
//! verified Evidence. What this module deliberately does not do: guess at what no vendor has
//! published.
//!
//! Read first: [`forecast()`] and [`Failure`].

mod failure;
mod machine;
mod minimums;
mod set;
mod snp;
mod tdx;

use core::time::Duration;

pub use failure::{Cause, Failure, Mend, When};
pub use machine::{Machine, MachineTcb};
pub use minimums::{CODES, MINIMUMS, Minimum, Minimums, MinimumsError};
pub use set::{PublishedSet, Set};

use crate::policy::Policy;
use crate::publication::{Need, TcbUpdate};
use crate::time::UnixTime;
use crate::verify::Missing;

/// What is known about the time to come.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// Intel's sets, standard and early, for any number of processor families.
    pub sets: &'a [PublishedSet],
    /// When Intel makes the early set the standard one, where that is known.
    pub switch: Option<UnixTime>,
    /// AMD's minimums.
    pub minimums: &'a Minimums,
    /// What is demanded of machines.
    pub policy: &'a Policy,
}

/// What is to be expected of one machine.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Forecast {
    /// Every reason for which it will fail, soonest first.
    pub failures: Vec<Failure>,
    /// What would have to be known to say more.
    pub missing: Vec<Missing>,
}

impl Forecast {
    /// Whether the machine fails at `now`, or may fail at most `window` later. The end of
    /// collateral does not count: its next issue needs nothing of the machine.
    #[must_use]
    pub fn fails_within(&self, window: Duration, now: UnixTime) -> bool {
        let end = now.plus(window);
        let counts = |failure: &&Failure| {
            let from = failure.when.from();
            from <= now || (from <= end && failure.cause != Cause::CollateralEnds)
        };
        self.failures.iter().any(|failure| counts(&failure))
    }
}

/// Says when and why `machine` will fail, as of `now`.
#[must_use]
pub fn forecast(machine: &Machine, outlook: &Outlook<'_>, now: UnixTime) -> Forecast {
    let (mut failures, missing) = match &machine.tcb {
        MachineTcb::Snp { .. } => (snp::failures(machine, outlook, now), Vec::new()),
        MachineTcb::Tdx { fmspc, tcb } => {
            let failures = tdx::failures((fmspc, tcb), outlook, now);
            let known = outlook.sets.iter().any(|set| set.fmspc() == Some(*fmspc));
            let update = TcbUpdate::Standard;
            let need = (!known).then(|| Missing::of(Need::TdxTcbInfo { fmspc: *fmspc, update }));
            (failures, need.into_iter().collect())
        }
    };
    failures.push(Failure {
        when: When::From(after(machine.certified_until)),
        cause: Cause::CertificateEnds,
        mend: Mend::Certify,
    });
    failures.sort_by_key(|failure| failure.when.from());
    Forecast { failures, missing }
}

/// The first moment that is not in a time that ends with `last`.
const fn after(last: UnixTime) -> UnixTime {
    last.plus(Duration::from_secs(1))
}

//! What is to be expected of an SEV-SNP machine.

use super::failure::{Cause, Failure, Mend, When};
use super::machine::{Machine, MachineTcb};
use super::{Minimum, Outlook};
use crate::policy::Expect;
use crate::snp::{Floor, Tcb};
use crate::time::UnixTime;

pub(super) fn failures(machine: &Machine, outlook: &Outlook<'_>, now: UnixTime) -> Vec<Failure> {
    let MachineTcb::Snp { product, reported, committed, current, launch, .. } = &machine.tcb else {
        return Vec::new();
    };
    let Some(policy) = outlook.policy.snp.as_ref().filter(|policy| match &policy.products {
        Expect::Any => true,
        Expect::Exactly(only) => only == product,
        Expect::OneOf(list) => list.contains(product),
    }) else {
        return vec![refused(now)];
    };
    let running = Running { committed, current };
    let floors = [
        ("reported", policy.tcb.reported.of(*product), reported),
        ("committed", policy.tcb.committed.of(*product), committed),
        ("launch", policy.tcb.launch.of(*product), launch),
    ];
    let floors = floors.into_iter().filter_map(|(field, floor, observed)| {
        let Floor::AtLeast(least) = floor else { return None };
        let relaunch = field == "launch" && current.covers(least);
        (!observed.covers(least)).then(|| Failure {
            when: When::From(now),
            cause: Cause::Floor { field, least: *least, observed: *observed },
            mend: if relaunch { Mend::Relaunch } else { running.mend(least) },
        })
    });
    let short = |least: &&Minimum| least.product == *product && !reported.covers(&least.tcb);
    let minimums = outlook.minimums.minimum.iter().filter(short).map(|least| Failure {
        when: When::From(least.effective),
        cause: Cause::Minimum {
            bulletin: least.bulletin.clone(),
            least: least.tcb,
            observed: *reported,
        },
        mend: running.mend(&least.tcb),
    });
    floors.chain(minimums).collect()
}

pub(super) const fn refused(now: UnixTime) -> Failure {
    Failure { when: When::From(now), cause: Cause::Policy, mend: Mend::NonePublished }
}

/// What the machine runs, of which it may report less.
struct Running<'a> {
    committed: &'a Tcb,
    current: &'a Tcb,
}

impl Running<'_> {
    fn mend(&self, least: &Tcb) -> Mend {
        if self.committed.covers(least) {
            Mend::Report
        } else if self.current.covers(least) {
            Mend::Commit
        } else {
            Mend::Update { short: self.current.shortfalls(least) }
        }
    }
}

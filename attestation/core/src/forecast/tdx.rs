//! What is to be expected of a TDX machine.

use core::time::Duration;

use super::failure::{Cause, Failure, Mend, When};
use super::set::{PublishedSet, Set};
use super::snp::refused;
use super::{Outlook, after};
use crate::bytes::{Fmspc, TeeTcbSvn};
use crate::diagnosis::{Component, Shortfall};
use crate::tdx::{
    self, QeIdentity, TcbInfo, TcbLevel, TcbStatus, TdxPolicy, TdxTcb, module_isvsvn,
    module_version,
};
use crate::time::UnixTime;

/// SPEC: Intel Trusted Services API, PCS version 4, parameter `update`: the standard set commonly
/// follows the early one, which appears on the day of disclosure, after about six weeks.
const SWITCH_AFTER: Duration = Duration::from_secs(6 * 7 * 24 * 60 * 60);

pub(super) fn failures(
    (fmspc, have): (&Fmspc, &TdxTcb),
    outlook: &Outlook<'_>,
    now: UnixTime,
) -> Vec<Failure> {
    let Some(policy) = &outlook.policy.tdx else { return vec![refused(now)] };
    let mut failures = Vec::new();
    for set in outlook.sets.iter().filter(|set| set.fmspc() == Some(*fmspc)) {
        let (Some(info), Some(identity)) = (set.tcb_info(), identity(set, outlook.sets)) else {
            continue;
        };
        let judged = Judged { set: set.set(), info, identity, have, policy };
        match set.set() {
            Set::Standard => {
                failures.extend(judged.failures(When::From(now)));
                failures.push(ends(set));
                failures.extend(judged.evaluation(now));
            }
            Set::Early => failures.extend(judged.failures(switch(info, outlook.switch, now))),
        }
    }
    failures
}

fn ends(set: &PublishedSet) -> Failure {
    let when = When::From(after(set.period().until));
    Failure { when, cause: Cause::CollateralEnds, mend: Mend::Refresh }
}

/// The set's own QE identity, or that of another: it is not tied to a processor family.
fn identity<'s>(set: &'s PublishedSet, all: &'s [PublishedSet]) -> Option<&'s QeIdentity> {
    let others = all.iter().filter(|other| other.set() == set.set()).chain(all);
    core::iter::once(set).chain(others).find_map(PublishedSet::qe_identity)
}

/// When the early set becomes the standard one. Where nobody has said, any day that is at least
/// six weeks after its newest level.
fn switch(info: &TcbInfo, announced: Option<UnixTime>, now: UnixTime) -> When {
    if let Some(day) = announced {
        return When::From(day);
    }
    let newest = info.tcb_levels.iter().map(|level| level.tcb_date).max().unwrap_or(now);
    When::NotBefore(newest.plus(SWITCH_AFTER).max(now))
}

/// One machine judged by one set.
struct Judged<'a> {
    set: Set,
    info: &'a TcbInfo,
    identity: &'a QeIdentity,
    have: &'a TdxTcb,
    policy: &'a TdxPolicy,
}

impl Judged<'_> {
    /// Why the machine fails from when on the set is in force, or later.
    fn failures(&self, in_force: When) -> Option<Failure> {
        let set = self.set;
        let Ok(found) = tdx::assess(self.info, self.identity, self.have) else {
            let cause = Cause::NoLevel { set };
            return Some(Failure { when: in_force, cause, mend: self.update() });
        };
        let tdx::Assessment { status, advisories, tcb_date } = found;
        let good = self.policy.tcb_statuses.contains(&status) && status != TcbStatus::Revoked;
        if good {
            let open = !self.policy.advisories.permits(advisories.iter().map(String::as_str));
            return open.then(|| Failure {
                when: in_force,
                cause: Cause::Advisories { set, advisories },
                mend: self.update(),
            });
        }
        let grace = Duration::from_secs(u64::from(self.policy.out_of_date_grace_secs));
        let excused = !self.policy.tcb_status(status, tcb_date, in_force.from()).failed();
        let when = if excused { When::From(after(tcb_date.plus(grace))) } else { in_force };
        let mend = self.mend(status);
        Some(Failure { when, cause: Cause::TcbStatus { set, status, tcb_date, advisories }, mend })
    }

    fn evaluation(&self, now: UnixTime) -> Option<Failure> {
        let least = self.policy.tcb_evaluation_data_number_min;
        let observed =
            self.info.tcb_evaluation_data_number.min(self.identity.tcb_evaluation_data_number);
        (observed < least).then_some(Failure {
            when: When::From(now),
            cause: Cause::EvaluationNumber { least, observed },
            mend: Mend::Refresh,
        })
    }

    fn mend(&self, status: TcbStatus) -> Mend {
        match status {
            TcbStatus::TDRelaunchAdvised | TcbStatus::TDRelaunchAdvisedConfigurationNeeded => {
                Mend::Relaunch
            }
            TcbStatus::ConfigurationNeeded
            | TcbStatus::SWHardeningNeeded
            | TcbStatus::ConfigurationAndSWHardeningNeeded => Mend::Configure,
            TcbStatus::UpToDate
            | TcbStatus::OutOfDate
            | TcbStatus::OutOfDateConfigurationNeeded
            | TcbStatus::Revoked => self.update(),
        }
    }

    /// What would bring platform, TDX module and quoting enclave to a level that is good enough,
    /// each to the least of its own.
    fn update(&self) -> Mend {
        let Some(mut short) = self.platform() else { return Mend::NonePublished };
        let (Some(module), Some(enclave)) = (self.module(), self.enclave()) else {
            return Mend::NonePublished;
        };
        short.extend(module);
        short.extend(enclave);
        if short.is_empty() { Mend::NonePublished } else { Mend::Update { short } }
    }

    fn is_good(&self, status: TcbStatus, advisories: &[String]) -> bool {
        self.policy.tcb_statuses.contains(&status)
            && self.policy.advisories.permits(advisories.iter().map(String::as_str))
    }

    /// `None` if no level is good enough.
    fn platform(&self) -> Option<Vec<Shortfall>> {
        let good = |level: &&TcbLevel| self.is_good(level.tcb_status, &level.advisory_ids);
        let needed = self.info.tcb_levels.iter().rev().find(good)?;
        let sgx = (self.have.sgx_components.as_bytes(), self.have.pce_svn);
        Some(tdx::short_of(needed, sgx, self.newest()))
    }

    /// What runs now, where the report says it, and not only what ran at launch.
    fn newest(&self) -> &TeeTcbSvn {
        self.have.tee_tcb_svn_2.as_ref().unwrap_or(&self.have.tee_tcb_svn)
    }

    /// `None` if no level of the module is good enough.
    fn module(&self) -> Option<Option<Shortfall>> {
        let svn = self.newest();
        let version = module_version(svn);
        if version == 0 {
            return Some(None);
        }
        let levels = &self.info.module_identity(version)?.tcb_levels;
        let good = levels.iter().rev().find(|level| {
            level.tcb_status == TcbStatus::UpToDate
                && self.is_good(TcbStatus::UpToDate, &level.advisory_ids)
        })?;
        let have = module_isvsvn(svn).into();
        Some(Shortfall::of(Component::TdxModule(version), have, good.tcb.isvsvn.into()))
    }

    /// `None` if no level of the quoting enclave is good enough.
    fn enclave(&self) -> Option<Option<Shortfall>> {
        let good = self.identity.tcb_levels.iter().rev().find(|level| {
            level.tcb_status == TcbStatus::UpToDate
                && self.is_good(TcbStatus::UpToDate, &level.advisory_ids)
        })?;
        Some(Shortfall::of(Component::QuotingEnclave, self.have.qe_isv_svn, good.tcb.isvsvn))
    }
}

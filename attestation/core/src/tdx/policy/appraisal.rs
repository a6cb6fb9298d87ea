//! The checks of a policy, every one of them for every quote.

use core::fmt;
use core::time::Duration;

use crate::bytes::Attributes;
use crate::check::Check;
use crate::code::Code;
use crate::policy::Expect;
use crate::publication::{Document, Issue};
use crate::tdx::policy::{AdvisoryDemand, TdxPolicy, codes};
use crate::tdx::status::TcbStatus;
use crate::tdx::td_report::TdReport;
use crate::tdx::verified::VerifiedQuote;
use crate::time::UnixTime;

// SPEC: Intel TDX Module ABI 348551-008, table 3.23 "ATTRIBUTES".
pub(super) const DEBUG: u64 = 1;
pub(super) const PROFILING: u64 = 0b111 << 4;
const SEPT_VE_DISABLE: u64 = 1 << 28;
const MIGRATABLE: u64 = 1 << 29;
const PKS: u64 = 1 << 30;
const PERFMON: u64 = 1 << 63;
const NAMED: u64 = DEBUG | PROFILING | SEPT_VE_DISABLE | MIGRATABLE | PKS | PERFMON;
const RESERVED: u64 = bits(1, 3) | bits(7, 15) | bits(23, 26) | bits(32, 61);

// SPEC: Intel TDX Module ABI 348551, XFAM: x87 and SSE are always on, and only these may be.
pub(super) const XFAM_FIXED_1: u64 = 0x3;
const XFAM_POSSIBLE: u64 = 0x0006_dbe7;

/// Bits `first` to `last`, both included.
const fn bits(first: u32, last: u32) -> u64 {
    (u64::MAX << first) & (u64::MAX >> (63 - last))
}

const _: () = assert!(NAMED & RESERVED == 0 && XFAM_FIXED_1 & !XFAM_POSSIBLE == 0);

impl TdxPolicy {
    /// Checks every demand. A failed one never hides another.
    ///
    /// The time is the appraisal's, which may be later than the verification's: the collateral has
    /// to vouch for the quote at both.
    #[must_use]
    pub fn appraise(&self, verified: &VerifiedQuote, now: UnixTime) -> Vec<Check> {
        let td = verified.quote().td_report();
        let mut checks = self.attributes(td);
        checks.push(verified.window.check(&codes::VALID_NOW, now));
        checks.push(self.xfam(td));
        checks.push(self.tcb_status(verified.tcb_status(), verified.tcb_date(), now));
        checks.push(self.advisories.check(verified));
        checks.push(self.tcb_evaluation_data_number(verified));
        checks.push(self.revocation.check(&codes::REVOCATION, verified.revocation()));
        checks.extend(self.ages(verified, now));
        checks.extend(self.pck(verified));
        checks.extend(self.service_tds(td));
        checks.extend(Self::extended(td.td15_ex()));
        checks.extend(self.event_log.appraise(verified.event_log()));
        checks
    }

    fn attributes(&self, td: &TdReport) -> Vec<Check> {
        let set = u64::from_le_bytes(*td.td_attributes().as_bytes());
        let permitted = u64::from_le_bytes(*self.other_attributes.as_bytes());
        let named = [
            (&codes::DEBUG, &self.debug, DEBUG),
            (&codes::PROFILING, &self.profiling, PROFILING),
            (&codes::SEPT_VE_DISABLE, &self.sept_ve_disable, SEPT_VE_DISABLE),
            (&codes::MIGRATABLE, &self.migratable, MIGRATABLE),
            (&codes::PKS, &self.pks, PKS),
            (&codes::PERFMON, &self.perfmon, PERFMON),
        ];
        let mut checks: Vec<Check> = named
            .into_iter()
            .map(|(code, demand, bit)| demand.check(code, &(set & bit != 0)))
            .collect();
        checks.push(none_of(&codes::RESERVED_ATTRIBUTES, set, RESERVED));
        checks.push(none_of(&codes::OTHER_ATTRIBUTES, set, !(NAMED | RESERVED | permitted)));
        checks
    }

    fn xfam(&self, td: &TdReport) -> Check {
        let on = u64::from_le_bytes(*td.xfam().as_bytes());
        let required = u64::from_le_bytes(*self.xfam_required.as_bytes()) | XFAM_FIXED_1;
        let forbidden = u64::from_le_bytes(*self.xfam_forbidden.as_bytes()) | !XFAM_POSSIBLE;
        let ok = on & required == required && on & forbidden == 0;
        let expected = format!("all of {}, none of {}", mask(required), mask(forbidden));
        Check::decided(&codes::XFAM, ok, expected, mask(on))
    }

    /// Whether a TCB of this status and date is good enough at `now`.
    pub(crate) fn tcb_status(&self, status: TcbStatus, tcb_date: UnixTime, now: UnixTime) -> Check {
        let grace = Duration::from_secs(u64::from(self.out_of_date_grace_secs));
        let listed = self.tcb_statuses.contains(&status);
        // From a date that is yet to come a grace period would not have begun, and so never end.
        let dated = tcb_date <= now;
        let in_grace = dated && !grace.is_zero() && now.since(tcb_date) <= grace;
        let excused = status.is_out_of_date() && in_grace;
        let ok = status != TcbStatus::Revoked && (listed || excused);
        let mut expected = format!("one of [{}]", joined(&self.tcb_statuses));
        if !grace.is_zero() {
            expected.push_str(&format!(", or out of date for at most {} s", grace.as_secs()));
        }
        let mut observed = format!("{status}, TCB date {tcb_date}");
        if !dated {
            observed.push_str(", which is in the future");
        }
        Check::decided(&codes::TCB_STATUS, ok, expected, observed)
    }

    fn tcb_evaluation_data_number(&self, verified: &VerifiedQuote) -> Check {
        let (min, observed) =
            (self.tcb_evaluation_data_number_min, verified.tcb_evaluation_data_number());
        let code = &codes::TCB_EVALUATION_DATA_NUMBER;
        if min == 0 {
            return Check::not_asserted(code, observed);
        }
        Check::decided(code, observed >= min, format!("at least {min}"), observed)
    }

    /// One check for each document. Where a CRL is absent, the demand on revocation speaks.
    fn ages(&self, verified: &VerifiedQuote, now: UnixTime) -> Vec<Check> {
        let check = |issue: &Issue| match issue.document {
            Document::IntelRootCrl => self.root_crl_age.check(&codes::ROOT_CRL_AGE, issue, now),
            Document::TdxTcbInfo(_)
            | Document::TdQeIdentity
            | Document::PckCrl(_)
            | Document::AmdCrl(_) => self.collateral_age.check(&codes::COLLATERAL_AGE, issue, now),
        };
        verified.issues().iter().map(check).collect()
    }

    fn pck(&self, verified: &VerifiedQuote) -> Vec<Check> {
        let pck = verified.pck();
        vec![
            self.ppid.check(&codes::PPID, pck.ppid()),
            if_said(
                &codes::PLATFORM_INSTANCE_ID,
                &self.platform_instance_id,
                pck.platform_instance_id(),
            ),
            if_said(
                &codes::DYNAMIC_PLATFORM,
                &self.dynamic_platform,
                pck.dynamic_platform().as_ref(),
            ),
            if_said(&codes::CACHED_KEYS, &self.cached_keys, pck.cached_keys().as_ref()),
            if_said(&codes::SMT_ENABLED, &self.smt_enabled, pck.smt_enabled().as_ref()),
        ]
    }

    // A TD with service TDs never gets a report of TDX 1.0, which could not name them.
    fn service_tds(&self, td: &TdReport) -> Vec<Check> {
        let code = &codes::MR_SERVICE_TD;
        let Some(td15) = td.td15() else {
            return vec![Check::not_applicable(code, "a report of TDX 1.0 has no service TDs")];
        };
        let extended = td.td15_ex().map(|ex| [ex.init_service_td_hash(), ex.cur_service_td_hash()]);
        let bound = core::iter::once(td15.mr_service_td()).chain(extended.into_iter().flatten());
        bound.map(|digest| self.mr_service_td.check(code, digest)).collect()
    }
}

/// What `TDATTRIBUTES` says, bit by bit.
pub(crate) struct NamedAttributes {
    pub(crate) sept_ve_disable: bool,
    pub(crate) pks: bool,
    pub(crate) perfmon: bool,
    /// What is set besides the attributes that have a demand of their own.
    pub(crate) other: Attributes,
}

impl TdxPolicy {
    /// Takes the attributes apart, for a policy that is made from them.
    pub(crate) fn named(attributes: &Attributes) -> NamedAttributes {
        let set = u64::from_le_bytes(*attributes.as_bytes());
        NamedAttributes {
            sept_ve_disable: set & SEPT_VE_DISABLE != 0,
            pks: set & PKS != 0,
            perfmon: set & PERFMON != 0,
            other: mask(set & !(NAMED | RESERVED)),
        }
    }
}

impl AdvisoryDemand {
    /// Whether none of `ids` speaks against it.
    pub(crate) fn permits<'a>(&self, mut ids: impl Iterator<Item = &'a str>) -> bool {
        let named = |list: &[String], id: &str| list.iter().any(|named| named == id);
        match self {
            Self::Any => true,
            Self::Only(list) => ids.all(|id| named(list, id)),
            Self::NoneOf(list) => !ids.any(|id| named(list, id)),
        }
    }

    fn check(&self, verified: &VerifiedQuote) -> Check {
        let code = &codes::ADVISORIES;
        let observed = format!("[{}]", verified.advisories().collect::<Vec<_>>().join(", "));
        let expected = match self {
            Self::Any => return Check::not_asserted(code, observed),
            Self::Only(list) => format!("only [{}]", list.join(", ")),
            Self::NoneOf(list) => format!("none of [{}]", list.join(", ")),
        };
        Check::decided(code, self.permits(verified.advisories()), expected, observed)
    }
}

/// A demand on something that a PCK certificate may be silent about: silence meets no demand.
fn if_said<T: PartialEq + fmt::Display>(
    code: &'static Code,
    demand: &Expect<T>,
    said: Option<&T>,
) -> Check {
    match (demand, said) {
        (_, Some(said)) => demand.check(code, said),
        (Expect::Any, None) => Check::not_applicable(code, "the PCK certificate does not say"),
        (_, None) => Check::decided(code, false, "a PCK certificate that says", "it does not say"),
    }
}

pub(super) fn none_of(code: &'static Code, set: u64, forbidden: u64) -> Check {
    Check::decided(code, set & forbidden == 0, format!("none of {}", mask(forbidden)), mask(set))
}

/// In the order of bytes of the quote, as policies write masks.
fn mask(bits: u64) -> Attributes {
    Attributes::new(bits.to_le_bytes())
}

fn joined(statuses: &[TcbStatus]) -> String {
    statuses.iter().map(TcbStatus::to_string).collect::<Vec<_>>().join(", ")
}

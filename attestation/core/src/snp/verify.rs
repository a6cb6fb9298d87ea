//! Verification of a report against a verified chain.

use super::chain::{Validity, VerifiedChain, verify_chain};
use super::codes::verify as codes;
use super::consistency::own_consistency;
use super::endorsements::Endorsements;
use super::product::Product;
use super::report::Report;
use super::tcb::TcbVersion;
use super::vek::VekOwner;
use super::{kds, signature};
use crate::anchor::{AnchorKind, Anchors};
use crate::bytes::{ChipId, Digest48, hex};
use crate::check::Check;
use crate::publication::{Issue, Need};
use crate::result::PlatformIdentity;
use crate::revocation::Revocation;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::verify::VerifyError;

/// A report that a key of a verified chain signed, and that does not contradict that chain.
///
/// Only [`verify_report`] makes one. It says nothing about what a policy wants: a debugged guest
/// on old firmware verifies.
#[derive(Clone, Debug)]
pub struct VerifiedReport {
    report: Report,
    digest: Digest48,
    product: Product,
    anchor: AnchorKind,
    simulator: Option<Digest48>,
    provider: Option<String>,
    revocation: Revocation,
    crl: Option<Issue>,
    certified_until: UnixTime,
    valid: Validity,
    checks: Vec<Check>,
}

impl VerifiedReport {
    /// The report.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// SHA-384 over the received bytes.
    #[must_use]
    pub const fn digest(&self) -> &Digest48 {
        &self.digest
    }

    /// Whose root stands at the end of the chain.
    #[must_use]
    pub const fn anchor(&self) -> AnchorKind {
        self.anchor
    }

    /// The simulator's fingerprint, where its root stands at the end of the chain.
    #[must_use]
    pub const fn simulator(&self) -> Option<&Digest48> {
        self.simulator.as_ref()
    }

    /// The product whose root stands at the end of the chain.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// `cspID` of the VLEK that signed; `None` for a VCEK.
    #[must_use]
    pub const fn provider(&self) -> Option<&String> {
        self.provider.as_ref()
    }

    /// Whether revocation was checked.
    #[must_use]
    pub const fn revocation(&self) -> Revocation {
        self.revocation
    }

    /// The issue of the CRL that revocation was checked with.
    #[must_use]
    pub const fn crl(&self) -> Option<&Issue> {
        self.crl.as_ref()
    }

    /// What would decide the checks that nobody vouched for: the CRL, where there was none.
    #[must_use]
    pub fn wanted(&self) -> Option<Need> {
        match self.revocation {
            Revocation::Checked => None,
            Revocation::Unknown => Some(Need::AmdCrl { product: self.product }),
        }
    }

    /// The last moment at which every certificate above it is valid, whatever the CRL says.
    #[must_use]
    pub const fn certified_until(&self) -> UnixTime {
        self.certified_until
    }

    /// The time in which its endorsements vouch for it.
    pub(super) const fn valid(&self) -> Validity {
        self.valid
    }

    /// Which machine: the chip of a VCEK, the provider of a VLEK, nothing for a masked chip.
    #[must_use]
    pub fn platform(&self) -> PlatformIdentity {
        match &self.provider {
            Some(provider) => PlatformIdentity::Provider(provider.clone()),
            None if self.report.chip_id().is_zero() => PlatformIdentity::NotAsserted,
            None => PlatformIdentity::Chip(self.report.chip_id().to_string()),
        }
    }

    /// The same with one more step, which has not failed.
    pub(crate) fn with_check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Every step and its outcome. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

/// Verifies `report` against `with`, ending at a root in `anchors`, at the given time: the chain
/// with [`verify_chain`], then the report with [`verify_report`].
///
/// # Errors
/// [`VerifyError::Refused`] at the first step that fails, [`VerifyError::Incomplete`] with where
/// AMD publishes it if a certificate is absent.
pub fn verify(
    report: Report,
    with: &Endorsements,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedReport, VerifyError> {
    let mut trail = Trail::default();
    // No certificate helps a product without a root, so that none is looked for.
    trail.require(product_root(&report))?;
    if with.vek.is_none() {
        own_consistency(&mut trail, &report)?;
        return Err(trail.incomplete(kds::vek(&report)));
    }
    verify_report(report, &verify_chain(with, anchors, now)?, now)
}

/// Verifies `report` against a chain that was verified before, at the given time.
///
/// # Errors
/// [`VerifyError::Refused`] at the first step that fails.
pub fn verify_report(
    report: Report,
    chain: &VerifiedChain,
    now: UnixTime,
) -> Result<VerifiedReport, VerifyError> {
    let mut trail = Trail::after(chain.checks(), REPORT_STEPS);
    // The chain may have been verified long ago: what counts is the time of this report.
    trail.retake(chain.valid.check(&codes::VALIDITY, now))?;
    own_consistency(&mut trail, &report)?;
    trail.require(Check::equal(&codes::SIGNING_KEY, chain.signing_key, report.signing_key()))?;
    trail.require(product_root(&report))?;
    trail.require(product(&report, chain.product))?;
    trail.require(tcb_reserved(&report, chain.product))?;
    let reported = report.reported_tcb().components(chain.product);
    trail.require(Check::equal(&codes::TCB_LEAF, chain.vek.tcb, reported))?;
    tcb_order(&mut trail, &report, chain.product)?;
    trail.require(chip_id(report.chip_id(), &chain.vek.owner))?;
    // SECURITY: the last step and the one that makes every other one mean something.
    trail.require(signature(&report, chain))?;
    Ok(VerifiedReport {
        digest: Digest48::sha384(report.as_bytes()),
        report,
        product: chain.product,
        anchor: chain.anchor,
        simulator: chain.simulator,
        provider: match &chain.vek.owner {
            VekOwner::Provider(name) => Some(name.clone()),
            VekOwner::Chip(_) => None,
        },
        revocation: chain.revocation,
        crl: chain.crl,
        certified_until: chain.certified_until,
        valid: chain.valid,
        checks: trail.into_checks(),
    })
}

/// More steps than one report takes, so that the list grows once.
const REPORT_STEPS: usize = 48;

/// A root is pinned for the product that the report's CPUID names.
fn product_root(report: &Report) -> Check {
    let Some(cpuid) = report.cpuid() else {
        return Check::not_applicable(&codes::PRODUCT_ROOT, "version 2 signs no CPUID");
    };
    let pinned = Product::from_cpuid(cpuid);
    let name = pinned.map(Product::name).or_else(|| Product::name_without_root(cpuid));
    let observed = format!("{}: {cpuid}", name.unwrap_or("unknown product"));
    Check::decided(&codes::PRODUCT_ROOT, pinned.is_some(), "a product with a pinned root", observed)
}

/// A version 2 report signs no CPUID; the chain alone then names the product.
fn product(report: &Report, chain: Product) -> Check {
    match report.cpuid() {
        None => Check::not_asserted(
            &codes::PRODUCT,
            format!("{chain} by the chain; version 2 signs no CPUID"),
        ),
        Some(cpuid) => {
            let ok = Product::from_cpuid(cpuid) == Some(chain);
            Check::decided(&codes::PRODUCT, ok, chain, cpuid)
        }
    }
}

fn tcb_reserved(report: &Report, product: Product) -> Check {
    let all: [TcbVersion; 4] =
        [report.reported_tcb(), report.committed_tcb(), report.launch_tcb(), report.current_tcb()];
    let bad = all.into_iter().find(|tcb| !tcb.reserved_is_zero(product));
    let observed = bad.map_or_else(|| "zero".to_owned(), |tcb| tcb.to_string());
    Check::decided(&codes::TCB_RESERVED, bad.is_none(), "zero", observed)
}

fn tcb_order(trail: &mut Trail, report: &Report, product: Product) -> Result<(), VerifyError> {
    let [reported, committed, current] =
        [report.reported_tcb(), report.committed_tcb(), report.current_tcb()]
            .map(|tcb| tcb.components(product));
    let at_most = |code, low: super::Tcb, high: super::Tcb| {
        Check::decided(code, high.covers(&low), format!("at most {high}"), low)
    };
    trail.require(at_most(&codes::TCB_REPORTED, reported, committed))?;
    trail.require(at_most(&codes::TCB_COMMITTED, committed, current))
}

/// The certificate is of the chip that the report names.
fn chip_id(chip: &ChipId, owner: &VekOwner) -> Check {
    match owner {
        VekOwner::Provider(name) => {
            Check::not_applicable(&codes::CHIP_ID, format!("a VLEK of {name}, which names no chip"))
        }
        VekOwner::Chip(_) if chip.is_zero() => {
            Check::not_asserted(&codes::CHIP_ID, "masked, so the certificate cannot be bound to it")
        }
        VekOwner::Chip(hwid) => {
            Check::decided(&codes::CHIP_ID, names(chip, hwid), hex::encode(hwid), chip)
        }
    }
}

/// Whether `hwid` is the beginning of `chip` and nothing but zero follows.
fn names(chip: &ChipId, hwid: &[u8]) -> bool {
    chip.as_bytes().strip_prefix(hwid).is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
}

fn signature(report: &Report, chain: &VerifiedChain) -> Check {
    let refusal = signature::refusal(report, &chain.key);
    let expected = "ECDSA P-384 with SHA-384 by the key of the chain";
    Check::decided(&codes::SIGNATURE, refusal.is_none(), expected, refusal.unwrap_or("verified"))
}

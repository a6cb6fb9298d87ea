//! Appraisal: verified Evidence against binding, Reference Values and policy.

use crate::anchor::AnchorKind;
use crate::binding;
use crate::bytes::{Digest48, ReportData};
use crate::check::{Check, State};
use crate::json::Json;
use crate::policy::{AnchorPolicy, Expect, Policy};
use crate::reference::{self, LaunchShape, ReferenceSet, ReferenceTuple};
use crate::result::{AttestationResult, Tier};
use crate::time::UnixTime;
use crate::verify::VerifiedEvidence;
use crate::{azure, snp, tdx};

/// Codes of the appraisal itself; those of each TEE's policy are in its own module.
pub mod codes {
    crate::codes! {
        /// The chain ends at a root that the policy does not accept.
        ANCHOR = "appraise.anchor", Peer, "",
            "Present Evidence of the hardware that this policy accepts; a simulator is accepted only where the policy names its fingerprint.",
            "The chain ends at a root of another kind, or at another simulator, than the policy names. Simulated Evidence proves nothing about hardware and is refused wherever production hardware is demanded, and the reverse.";
        /// The policy has no section for this TEE.
        TEE = "appraise.tee", Operator, "",
            "Add a section for this TEE to the appraisal policy if its machines are to be admitted.",
            "The policy has no section for the TEE that produced the Evidence, and what a policy does not name is refused.";
        /// Nobody says whose machine it is.
        HARDWARE_OWNER = "appraise.hardware_owner", Operator, "",
            "Name the known machines in the policy: `snp.signer.chips` or `tdx.ppid`.",
            "Signatures show that a genuine processor signed, and not in whose building it stands. Keys that somebody extracted from hardware of his own sign forgeries that nothing else tells apart: only a list of known machines does. Without one, who owns the hardware is unverified.";
    }
}

/// What this appraisal compares with.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// What REPORT_DATA has to be.
    pub report_data: Expect<ReportData>,
    /// The admitted images, and the digest of the manifest that came with the Evidence. `None`
    /// leaves the image unjudged: the tier is then at most `none`.
    pub image: Option<(&'a ReferenceSet, Digest48)>,
}

/// Appraises `evidence`. Every demand is checked; a failed one never hides another.
#[must_use]
pub fn appraise(
    evidence: &VerifiedEvidence,
    expected: &Expected<'_>,
    policy: &Policy,
    now: UnixTime,
) -> AttestationResult {
    let mut checks = evidence.checks().to_vec();
    checks.push(anchor(evidence, policy));
    checks.push(report_data(evidence, expected));
    let (image, reference) = image(evidence, expected);
    checks.push(image);
    checks.extend(paravisor(evidence, expected));
    checks.extend(route_checks(evidence, policy, reference.as_ref()));
    let hardware = tee_checks(evidence.hardware(), policy, now);
    checks.push(hardware_owner(evidence, &hardware));
    checks.extend(hardware);
    AttestationResult {
        tee: evidence.tee(),
        route: evidence.route(),
        product: evidence.product(),
        version: evidence.version(),
        tier: tier(&checks, evidence.anchor(), reference.is_some()),
        anchor: evidence.anchor(),
        simulated: evidence.anchor() == AnchorKind::Simulator,
        reference,
        platform: evidence.platform(),
        tcb_status: evidence.tcb_status(),
        evidence: evidence.digest(),
        checks,
    }
}

fn tier(checks: &[Check], anchor: AnchorKind, matched: bool) -> Tier {
    if checks.iter().any(Check::failed) {
        return Tier::Contraindicated;
    }
    match (matched, anchor) {
        (false, _) => Tier::None,
        (true, AnchorKind::Simulator) => Tier::Warning,
        (true, AnchorKind::Vendor) => Tier::Affirming,
    }
}

fn anchor(evidence: &VerifiedEvidence, policy: &Policy) -> Check {
    let observed = match evidence.simulator() {
        None => "vendor root".to_owned(),
        Some(fingerprint) => format!("simulator {fingerprint}"),
    };
    let (ok, expected) = match &policy.anchors {
        AnchorPolicy::Vendor => (evidence.anchor() == AnchorKind::Vendor, "vendor root".to_owned()),
        AnchorPolicy::Simulator(named) => {
            (evidence.simulator() == Some(named), format!("simulator {named}"))
        }
    };
    Check::decided(&codes::ANCHOR, ok, expected, observed)
}

fn report_data(evidence: &VerifiedEvidence, expected: &Expected<'_>) -> Check {
    let observed = evidence.bound();
    let code = &binding::REPORT_DATA;
    // SECURITY: compared in constant time although both sides are public; see SECURITY.md.
    match &expected.report_data {
        Expect::Exactly(value) => Check::decided(code, observed.is_to(value), value, observed),
        Expect::OneOf(values) => {
            let ok = values.iter().any(|value| observed.is_to(value));
            Check::decided(code, ok, format!("one of {} values", values.len()), observed)
        }
        Expect::Any => Check::not_asserted(code, observed),
    }
}

fn image(evidence: &VerifiedEvidence, expected: &Expected<'_>) -> (Check, Option<ReferenceTuple>) {
    let shape = LaunchShape::observed(evidence);
    let seen = Json(&shape);
    let Some((admitted, manifest)) = expected.image else {
        return (Check::not_asserted(&reference::MATCH, seen), None);
    };
    let found = admitted.find(&shape, manifest).cloned();
    let mut wanted = format!("one of {} admitted tuples, whole", admitted.len());
    if found.is_none()
        && let Some(nearest) = admitted.nearest(&shape, manifest)
    {
        wanted = format!("{wanted}; {nearest}");
    }
    let observed = format!("{seen}, manifest {manifest}");
    (Check::decided(&reference::MATCH, found.is_some(), wanted, observed), found)
}

/// Whether the paravisor is one of an admitted image. It is judged by itself as well: it sees all
/// of the guest's memory, whatever the guest booted.
fn paravisor(evidence: &VerifiedEvidence, expected: &Expected<'_>) -> Option<Check> {
    let VerifiedEvidence::Azure(verified) = evidence else { return None };
    let code = &azure::codes::PARAVISOR;
    let measured = LaunchShape::observed(verified.hardware());
    let seen = Json(&measured);
    Some(match expected.image {
        None => Check::not_asserted(code, seen),
        Some((admitted, _)) => {
            let known = admitted.has_paravisor(&measured);
            Check::decided(code, known, "the paravisor of an admitted tuple", seen)
        }
    })
}

/// Whose machine it is: known where the policy names it, and otherwise said to be unverified.
fn hardware_owner(evidence: &VerifiedEvidence, hardware: &[Check]) -> Check {
    let code = &codes::HARDWARE_OWNER;
    let machines = [&snp::codes::appraise::CHIP, &tdx::policy::codes::PPID];
    let named = |check: &Check| machines.contains(&check.code) && check.state == State::Pass;
    let platform = evidence.platform();
    if hardware.iter().any(named) {
        Check::decided(code, true, "a machine that the policy names", platform)
    } else {
        Check::not_asserted(code, format!("unverified: {platform}"))
    }
}

/// Demands on what stands between the hardware and the guest.
fn route_checks(
    evidence: &VerifiedEvidence,
    policy: &Policy,
    reference: Option<&ReferenceTuple>,
) -> Vec<Check> {
    let VerifiedEvidence::Azure(verified) = evidence else { return Vec::new() };
    match &policy.azure {
        Some(demands) => demands.appraise(verified, reference),
        None => vec![Check::decided(
            &azure::codes::policy::SECTION,
            false,
            "a policy section for Azure",
            "none",
        )],
    }
}

/// Demands on the hardware, whoever asked it.
fn tee_checks(evidence: &VerifiedEvidence, policy: &Policy, now: UnixTime) -> Vec<Check> {
    let absent =
        |tee: &str| vec![Check::decided(&codes::TEE, false, "a policy section for this TEE", tee)];
    match evidence {
        VerifiedEvidence::Snp(verified) => policy
            .snp
            .as_ref()
            .map_or_else(|| absent("snp"), |demands| demands.appraise(verified, now)),
        VerifiedEvidence::Tdx(verified) => policy
            .tdx
            .as_ref()
            .map_or_else(|| absent("tdx"), |demands| demands.appraise(verified, now)),
        VerifiedEvidence::Azure(verified) => tee_checks(verified.hardware(), policy, now),
    }
}

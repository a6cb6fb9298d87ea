//! Appraisal: binding, 1,000 Reference tuples, a policy that demands something of every field.

mod demands;

use anyhow::{Result, bail, ensure};
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::binding::Bound;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::Expect;
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceTuple};
use cloister_attestation::result::Tier;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;

use crate::timing::{Measured, alone};
use crate::{snp, tdx};

/// Reference tuples that are admitted.
const TUPLES: usize = 1000;

/// The slower of the two TEEs, in microseconds.
pub(crate) fn measure() -> Result<Measured> {
    let input = snp::Input::simulated()?;
    let snp = VerifiedEvidence::Snp(input.verify(&input.chain()?)?);
    let snp = one("SNP", &snp, input.now)?;
    let input = tdx::Input::simulated()?;
    let collateral = input.verified_collateral()?;
    let tdx = VerifiedEvidence::Tdx(input.verify(&input.platform(&collateral)?)?);
    let tdx = one("TDX", &tdx, input.now)?;
    Ok(if snp.value >= tdx.value { snp } else { tdx })
}

fn one(tee: &str, evidence: &VerifiedEvidence, now: UnixTime) -> Result<Measured> {
    let manifest = Digest48::sha384(b"manifest");
    let Bound::ReportData(bound) = evidence.bound() else { bail!("{tee} is not direct") };
    let admitted = admitted(evidence, manifest);
    ensure!(admitted.len() == TUPLES, "{} tuples are admitted", admitted.len());
    let policy = demands::of(evidence, now)?;
    let expected =
        Expected { report_data: Expect::Exactly(*bound), image: Some((&admitted, manifest)) };
    alone(format!("simulator, {tee}"), || {
        let result = appraise(evidence, &expected, &policy, now);
        ensure!(result.tier() == Tier::Warning, "{:?}", result.failures().next());
        Ok(())
    })
}

/// The tuple of this evidence among 999 others.
fn admitted(evidence: &VerifiedEvidence, manifest: Digest48) -> ReferenceSet {
    let shape = LaunchShape::observed(evidence);
    (0..TUPLES)
        .map(|at| ReferenceTuple {
            image: format!("image-{at}"),
            version: "1.0.0".to_owned(),
            manifest,
            shape: if at == TUPLES / 2 { shape.clone() } else { other(&shape, at) },
        })
        .collect()
}

/// The same with another measurement.
fn other(shape: &LaunchShape, at: usize) -> LaunchShape {
    let digest = Digest48::sha384(&at.to_le_bytes());
    let mut other = shape.clone();
    match &mut other {
        LaunchShape::Snp { measurement, .. } => *measurement = digest,
        LaunchShape::Tdx { mr_td, .. } => *mr_td = digest,
        LaunchShape::Azure { .. } | _ => {}
    }
    other
}

//! Demands that read and cannot mean what they say.

use super::error::PolicyError;
use super::{AgeLimit, Expect, Policy};
use crate::revocation::RevocationDemand;
use crate::snp::{Floor, SnpPolicy, Tcb, TcbFloors};
use crate::tdx::{TcbStatus, TdxPolicy};

/// Refuses a policy with such a demand.
pub(super) fn check(policy: &Policy) -> Result<(), PolicyError> {
    policy.snp.as_ref().map_or(Ok(()), snp)?;
    policy.tdx.as_ref().map_or(Ok(()), tdx)
}

fn snp(policy: &SnpPolicy) -> Result<(), PolicyError> {
    let tcb = &policy.tcb;
    for (name, floors) in
        [("reported", &tcb.reported), ("committed", &tcb.committed), ("launch", &tcb.launch)]
    {
        layouts(name, floors)?;
    }
    let signer = &policy.signer;
    list_age("snp.signer.crl_age", signer.crl_age, signer.revocation)?;
    if named(&policy.launch.vmpl).any(|level| *level > 3) {
        return Err(inconsistent("snp.launch.vmpl", "levels are 0 to 3"));
    }
    Ok(())
}

/// A floor in another product's layout would refuse every machine, and its author would wonder why.
fn layouts(name: &str, floors: &TcbFloors) -> Result<(), PolicyError> {
    for (product, floor, has_fmc) in [
        ("milan", &floors.milan, false),
        ("genoa", &floors.genoa, false),
        ("turin", &floors.turin, true),
    ] {
        if let Floor::AtLeast(Tcb { fmc, .. }) = floor
            && fmc.is_some() != has_fmc
        {
            let reason = if has_fmc {
                "has no fmc, which this product needs"
            } else {
                "has fmc, which this product does not have"
            };
            return Err(inconsistent(format!("snp.tcb.{name}.{product}"), reason));
        }
    }
    Ok(())
}

fn tdx(policy: &TdxPolicy) -> Result<(), PolicyError> {
    if policy.tcb_statuses.contains(&TcbStatus::Revoked) {
        return Err(inconsistent("tdx.tcb_statuses", "Revoked is never good enough"));
    }
    list_age("tdx.root_crl_age", policy.root_crl_age, policy.revocation)?;
    let bits = |mask: &crate::bytes::Attributes| u64::from_le_bytes(*mask.as_bytes());
    if bits(&policy.xfam_required) & bits(&policy.xfam_forbidden) != 0 {
        return Err(inconsistent(
            "tdx.xfam_forbidden",
            "names a feature that xfam_required names too",
        ));
    }
    Ok(())
}

/// A list that may be absent is never too old: whoever has an old one leaves it out.
fn list_age(key: &str, age: AgeLimit, revocation: RevocationDemand) -> Result<(), PolicyError> {
    match (age, revocation) {
        (AgeLimit::AtMostSecs(_), RevocationDemand::AcceptUnknown) => {
            Err(inconsistent(key, "limits the age of a list that may be left out"))
        }
        (AgeLimit::Any, _) | (_, RevocationDemand::Required) => Ok(()),
    }
}

fn named<T>(demand: &Expect<T>) -> impl Iterator<Item = &T> {
    let values = match demand {
        Expect::Exactly(value) => core::slice::from_ref(value),
        Expect::OneOf(values) => values.as_slice(),
        Expect::Any => &[],
    };
    values.iter()
}

fn inconsistent(key: impl Into<String>, reason: &'static str) -> PolicyError {
    PolicyError::Inconsistent { key: key.into(), reason }
}

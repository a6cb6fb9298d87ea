//! Whether one lease can take the place of another: the same runtime, on the same machine, with the
//! same image and everything that it declares.

use super::RenewalError;
use crate::lease::LeaseClaims;

/// Checks that `new` is a later lease for what `old` is for. Who asks for it, when, and under which
/// policy may change, and so may the channel key and what the Verifier found.
pub(super) fn check(old: &LeaseClaims, new: &LeaseClaims) -> Result<(), RenewalError> {
    if old.identity_key != new.identity_key {
        return Err(RenewalError::IdentityKey);
    }
    if let Some((claim, _)) = unchanging(old, new).into_iter().find(|(_, same)| !same) {
        return Err(RenewalError::Changed { claim });
    }
    if new.issued_at <= old.issued_at {
        let (replaced, observed) = (old.issued_at, new.issued_at);
        return Err(RenewalError::Older { replaced, observed });
    }
    Ok(())
}

fn unchanging(old: &LeaseClaims, new: &LeaseClaims) -> [(&'static str, bool); 11] {
    // Every claim is named, so that a new one is put on one side or the other.
    let LeaseClaims {
        trust_domain,
        agent,
        identity_key: _,
        channel_key: _,
        id: _,
        issued_at: _,
        expires_at: _,
        verifier_build: _,
        principal,
        scope,
        image,
        version,
        reference,
        tee,
        platform,
        simulator,
        tier: _,
        appraisal: _,
        evidence: _,
        policy_epoch: _,
        not_asserted: _,
        tcb_status: _,
        region_claim,
        published_policy: _,
    } = old;
    [
        ("trust domain", trust_domain == &new.trust_domain),
        ("agent", agent == &new.agent),
        ("principal", principal == &new.principal),
        ("scope", scope == &new.scope),
        ("image", image == &new.image),
        ("version", version == &new.version),
        ("reference tuple", reference == &new.reference),
        ("TEE", tee == &new.tee),
        ("platform", platform == &new.platform),
        ("simulator", simulator == &new.simulator),
        ("region claim", region_claim == &new.region_claim),
    ]
}

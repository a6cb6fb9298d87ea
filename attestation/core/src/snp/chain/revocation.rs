//! Revocation: what the root's CRL says about the chain.

use super::authorities::Authorities;
use crate::bytes::hex;
use crate::check::Check;
use crate::snp::codes::verify as codes;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::verify::VerifyError;
use crate::x509::{Certificate, Crl};

/// Checks the chain against the CRL. Without one, both answers are `not_asserted`.
pub(super) fn check(
    trail: &mut Trail,
    crl: Option<&[u8]>,
    authorities: &Authorities,
    leaf: &Certificate,
    now: UnixTime,
) -> Result<Option<Crl>, VerifyError> {
    let Some(crl) = crl else {
        trail.require(Check::not_asserted(&codes::REVOKED_INTERMEDIATE, "no CRL"))?;
        trail.require(Check::not_asserted(&codes::REVOKED_LEAF, "no CRL"))?;
        return Ok(None);
    };
    let crl = fresh(trail, crl, &authorities.root, now)?;
    trail.require(listed(&crl, &authorities.intermediate, &codes::REVOKED_INTERMEDIATE))?;
    trail.require(leaf_listed(&crl, leaf))?;
    Ok(Some(crl))
}

/// The CRL, if the root signed it and it is fresh.
pub(super) fn fresh(
    trail: &mut Trail,
    crl: &[u8],
    root: &Certificate,
    now: UnixTime,
) -> Result<Crl, VerifyError> {
    let crl = Crl::parse(crl).map_err(|error| trail.refuse_x509(&error))?;
    let (name, outcome) = (root.subject(), crl.verify_signed_by(root));
    trail.holds(&codes::CRL_SIGNATURE, format_args!("signed by {name}"), outcome)?;
    let (from, until) = (crl.this_update(), crl.next_update());
    trail.holds(&codes::CRL_FRESH, format_args!("{from} to {until}"), crl.fresh_at(now))?;
    Ok(crl)
}

fn listed(crl: &Crl, certificate: &Certificate, code: &'static crate::code::Code) -> Check {
    let serial = hex::encode(certificate.serial());
    let revoked = crl.revokes(certificate.serial());
    let observed = if revoked {
        format!("{serial} is revoked")
    } else {
        format!("{serial} is not in the CRL")
    };
    Check::decided(code, !revoked, "not revoked", observed)
}

/// AMD gives every key certificate the serial number 0, so that no list can name one of them. A
/// list that does name the number refuses it; one that does not vouches only for real numbers.
fn leaf_listed(crl: &Crl, leaf: &Certificate) -> Check {
    if leaf.serial() == [0] && !crl.revokes(leaf.serial()) {
        return Check::not_asserted(
            &codes::REVOKED_LEAF,
            "serial number 0, which no CRL tells apart",
        );
    }
    listed(crl, leaf, &codes::REVOKED_LEAF)
}

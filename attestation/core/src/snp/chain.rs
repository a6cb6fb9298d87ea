//! AMD's certificate chain, from the key that signs reports up to the pinned root.

mod authorities;
mod revocation;

use aws_lc_rs::signature::ParsedPublicKey;

use authorities::Authorities;

use super::codes::verify as codes;
use super::endorsements::Endorsements;
use super::product::Product;
use super::signature;
use super::signing_key::SigningKey;
use super::tcb::Tcb;
use super::vek::{VekExtensions, VekOwner};
use crate::anchor::{AnchorKind, Anchors};
use crate::bytes::Digest48;
use crate::check::Check;
use crate::code::Code;
use crate::publication::{Document, Issue};
use crate::revocation::Revocation;
use crate::time::{Period, UnixTime};
use crate::trail::Trail;
use crate::verify::{Missing, VerifyError};
use crate::x509::{Certificate, KeyAlgorithm};

/// A key certificate whose chain has been verified up to a pinned root.
///
/// Only [`verify_chain`] makes one. It says that AMD (or the simulator that the anchors name)
/// vouches for this key, of this product, at this TCB, in this period of time. Verify any number
/// of the same machine's reports against it with [`super::verify_report`].
#[derive(Clone, Debug)]
pub struct VerifiedChain {
    pub(super) product: Product,
    pub(super) signing_key: SigningKey,
    pub(super) vek: VekExtensions,
    pub(super) key: ParsedPublicKey,
    pub(super) anchor: AnchorKind,
    pub(super) simulator: Option<Digest48>,
    pub(super) revocation: Revocation,
    pub(super) crl: Option<Issue>,
    /// The last moment at which every certificate of the chain is valid, whatever the CRL says.
    pub(super) certified_until: UnixTime,
    pub(super) valid: Validity,
    pub(super) checks: Vec<Check>,
}

/// The time in which every certificate of the chain, and the CRL if there was one, is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity(Period);

impl Validity {
    fn narrow(&mut self, from: UnixTime, until: UnixTime) {
        self.0 = self.0.narrowed_by(Period::between(from, until));
    }

    /// The check's outcome at `now`.
    pub(super) fn check(self, code: &'static Code, now: UnixTime) -> Check {
        let expected = format!("{} to {}", self.0.from, self.0.until);
        Check::decided(code, self.0.contains(now), expected, now)
    }
}

impl VerifiedChain {
    /// The product whose root stands at the end of the chain.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// VCEK or VLEK.
    #[must_use]
    pub const fn signing_key(&self) -> SigningKey {
        self.signing_key
    }

    /// The TCB that the key was derived for.
    #[must_use]
    pub const fn tcb(&self) -> Tcb {
        self.vek.tcb
    }

    /// `hwID` of a VCEK; `None` for a VLEK, which names no chip.
    #[must_use]
    pub fn hwid(&self) -> Option<&[u8]> {
        match &self.vek.owner {
            VekOwner::Chip(hwid) => Some(hwid),
            VekOwner::Provider(_) => None,
        }
    }

    /// Whether revocation was checked.
    #[must_use]
    pub const fn revocation(&self) -> Revocation {
        self.revocation
    }

    /// The time in which every certificate, and the CRL if there was one, is valid.
    pub(crate) const fn valid(&self) -> Period {
        self.valid.0
    }

    /// The issue of the CRL that revocation was checked with.
    pub(crate) const fn crl(&self) -> Option<Issue> {
        self.crl
    }

    /// `cspID` of a VLEK; `None` for a VCEK.
    pub(crate) fn provider(&self) -> Option<&str> {
        match &self.vek.owner {
            VekOwner::Provider(name) => Some(name),
            VekOwner::Chip(_) => None,
        }
    }

    /// The last moment at which every certificate, and the CRL if there was one, is valid.
    #[must_use]
    pub const fn valid_until(&self) -> UnixTime {
        self.valid.0.until
    }

    /// Every step and its outcome. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

/// Verifies the chain of a key certificate: names, signatures, authority, validity at `now`,
/// revocation where there is a CRL, and the extensions that say which key it is.
///
/// # Errors
/// [`VerifyError::Refused`] at the first step that fails, [`VerifyError::Incomplete`] if a
/// certificate is absent that is not built in.
pub fn verify_chain(
    with: &Endorsements,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedChain, VerifyError> {
    let mut trail = Trail::default();
    let Some(vek) = &with.vek else {
        let what = "VCEK or VLEK certificate".to_owned();
        return Err(
            trail.incomplete(Missing::unaddressed(what, "/vcek/v1/{product}/{chip_id}".to_owned()))
        );
    };
    let leaf = trail.certificate(vek)?;
    let (product, signing_key) = identify(&mut trail, &leaf)?;
    let authorities = Authorities::verify(&mut trail, with, anchors, (product, signing_key))?;
    trail.signed(&codes::LEAF, &leaf, &authorities.intermediate)?;
    let mut valid = validity(&[&leaf, &authorities.intermediate, &authorities.root]);
    trail.require(valid.check(&codes::VALIDITY, now))?;
    let certified_until = valid.0.until;
    let crl = revocation::check(&mut trail, with.crl.as_deref(), &authorities, &leaf, now)?;
    let revocation = match &crl {
        Some(crl) => {
            valid.narrow(crl.this_update(), crl.next_update());
            Revocation::Checked
        }
        None => Revocation::Unknown,
    };
    let (vek, key) = read_leaf(&mut trail, &leaf, product, signing_key)?;
    Ok(VerifiedChain {
        product,
        signing_key,
        vek,
        key,
        anchor: anchors.kind(),
        simulator: anchors.simulator_fingerprint(),
        revocation,
        crl: crl.map(|crl| Issue::of_crl(Document::AmdCrl(product), &crl)),
        certified_until,
        valid,
        checks: trail.into_checks(),
    })
}

/// Verifies the authorities of `with` alone, and returns until when both are valid.
pub(crate) fn verify_authorities(
    with: &Endorsements,
    anchors: &Anchors,
    of: (Product, SigningKey),
    now: UnixTime,
) -> Result<(UnixTime, Vec<Check>), VerifyError> {
    let mut trail = Trail::default();
    let authorities = Authorities::verify(&mut trail, with, anchors, of)?;
    let valid = validity(&[&authorities.intermediate, &authorities.root]);
    trail.require(valid.check(&codes::VALIDITY, now))?;
    Ok((valid.0.until, trail.into_checks()))
}

/// Verifies the root of `product` and its CRL, if there is one, without any other certificate.
pub(crate) fn verify_crl(
    with: &Endorsements,
    anchors: &Anchors,
    product: Product,
    now: UnixTime,
) -> Result<Vec<Check>, VerifyError> {
    let mut trail = Trail::default();
    let root = authorities::verify_root(&mut trail, with, anchors, (product, SigningKey::Vcek))?;
    trail.require(validity(&[&root]).check(&codes::VALIDITY, now))?;
    if let Some(crl) = &with.crl {
        revocation::fresh(&mut trail, crl, &root, now)?;
    }
    Ok(trail.into_checks())
}

/// Which key this is, by the names in its certificate: never by the label that the host gave it.
///
/// SPEC: AMD 57230 section 2.1, 2.2: the subject says VCEK or VLEK, the issuer which product.
fn identify(trail: &mut Trail, leaf: &Certificate) -> Result<(Product, SigningKey), VerifyError> {
    let (subject, issuer) = (leaf.subject(), leaf.issuer());
    let identified = named(leaf);
    let expected = "SEV-VCEK by SEV-<product>, or SEV-VLEK by SEV-VLEK-<product>";
    let check = Check::decided(
        &codes::VEK_NAME,
        identified.is_some(),
        expected,
        format!("{subject} by {issuer}"),
    );
    match (identified, check) {
        (Some(identified), check) => trail.require(check).map(|()| identified),
        (None, check) => Err(trail.refuse(check)),
    }
}

/// Which product's key a certificate says that it is for, and of which kind.
pub(crate) fn named(leaf: &Certificate) -> Option<(Product, SigningKey)> {
    let issuer = leaf.issuer();
    let issuer = issuer.common_name()?;
    let (product, key) = match leaf.subject().common_name()? {
        "SEV-VCEK" => (issuer.strip_prefix("SEV-")?, SigningKey::Vcek),
        "SEV-VLEK" => (issuer.strip_prefix("SEV-VLEK-")?, SigningKey::Vlek),
        _ => return None,
    };
    Product::from_name(product).map(|product| (product, key))
}

/// The extensions and the key of the leaf.
fn read_leaf(
    trail: &mut Trail,
    leaf: &Certificate,
    product: Product,
    signing_key: SigningKey,
) -> Result<(VekExtensions, ParsedPublicKey), VerifyError> {
    let vek = match VekExtensions::read(leaf, product, signing_key) {
        Ok(vek) => vek,
        Err(reason) => return Err(trail.refuse(extensions_check(product, false, &reason))),
    };
    trail.require(extensions_check(product, true, "all there"))?;
    let others: Vec<_> = vek.others.iter().map(ToString::to_string).collect();
    trail.require(if others.is_empty() {
        Check::decided(&codes::LEAF_OTHER_EXTENSIONS, true, "none", "none")
    } else {
        Check::not_asserted(&codes::LEAF_OTHER_EXTENSIONS, others.join(", "))
    })?;
    // Some genuine certificates have a wrong name, so it cannot fail; the issuer decides.
    trail.require(if vek.product_name.starts_with(product.name()) {
        Check::decided(&codes::PRODUCT_NAME, true, product, &vek.product_name)
    } else {
        Check::not_asserted(&codes::PRODUCT_NAME, &vek.product_name)
    })?;
    let on_curve = || signature::key(leaf.key());
    match Some(leaf)
        .filter(|leaf| leaf.key_algorithm() == KeyAlgorithm::EcP384)
        .and_then(|_| on_curve())
    {
        Some(key) => {
            trail.require(Check::decided(&codes::LEAF_KEY, true, "P-384", "P-384"))?;
            Ok((vek, key))
        }
        None => Err(trail.refuse(Check::decided(&codes::LEAF_KEY, false, "P-384", "another key"))),
    }
}

fn extensions_check(product: Product, ok: bool, observed: &str) -> Check {
    let expected = format!("each extension of {product}'s table once");
    Check::decided(&codes::LEAF_EXTENSIONS, ok, expected, observed)
}

fn validity(certificates: &[&Certificate]) -> Validity {
    let mut valid = Validity(Period::ALWAYS);
    for certificate in certificates {
        valid.narrow(certificate.not_before(), certificate.not_after());
    }
    valid
}

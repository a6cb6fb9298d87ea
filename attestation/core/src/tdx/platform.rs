//! One platform: its PCK certificate chain, verified under verified collateral.

use crate::bytes::Fmspc;
use crate::check::Check;
use crate::publication::PckCa;
use crate::tdx::chain::{self, SigningKey};
use crate::tdx::codes;
use crate::tdx::pck::{PckExtension, SGX_EXTENSION};
use crate::tdx::quote::Quote;
use crate::tdx::verified_collateral::{Parts, VerifiedCollateral, not_revoked};
use crate::tdx::window::Window;
use crate::time::{Period, UnixTime};
use crate::trail::Trail;
use crate::verify::VerifyError;
use crate::x509::{Certificate, Name};

const PCK_NAME: &str = "Intel SGX PCK Certificate";
const PLATFORM_CA_NAME: &str = "Intel SGX PCK Platform CA";
const PROCESSOR_CA_NAME: &str = "Intel SGX PCK Processor CA";

/// At most so many steps are taken for each platform.
const PLATFORM_STEPS: usize = 20;

/// A platform whose PCK certificate chain has been verified.
///
/// Asserts: the chain ends at the pinned root, is valid at the time given, and no CRL in the
/// collateral revokes a certificate of it; and where the collateral has TCB info, it is for this
/// platform. It holds on to that collateral, so it cannot be used under another.
#[derive(Clone, Debug)]
pub struct VerifiedPlatform {
    pub(super) collateral: VerifiedCollateral,
    pub(super) pck: PckExtension,
    pub(super) ca: PckCa,
    pub(super) key: SigningKey,
    pub(super) certified_until: UnixTime,
    pub(super) window: Window,
    pub(super) checks: Vec<Check>,
}

/// Which platform a quote's own chain says it is, and whose. Authenticates nothing.
pub(crate) fn claimed_platform(quote: &Quote) -> Option<(Fmspc, PckCa)> {
    let code = &codes::PCK_CHAIN_FORMAT;
    let chain = chain::read(&mut Trail::default(), code, quote.auth_data().pck_chain(), None);
    let [leaf, ca, _root]: [Certificate; 3] = chain.ok()?;
    let extension = PckExtension::parse(leaf.extension(SGX_EXTENSION).ok()??).ok()?;
    Some((*extension.fmspc(), pck_ca(ca.subject())?))
}

/// Which of the two CAs has this name.
pub(crate) fn pck_ca(name: Name<'_>) -> Option<PckCa> {
    match name.common_name() {
        Some(PLATFORM_CA_NAME) => Some(PckCa::Platform),
        Some(PROCESSOR_CA_NAME) => Some(PckCa::Processor),
        _ => None,
    }
}

impl VerifiedPlatform {
    /// Verifies the PCK certificate chain of the platform that `quote` comes from: the one in the
    /// collateral if it has one, else the one in the quote.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] at the first step that does not hold.
    pub fn new(
        quote: &Quote,
        collateral: &VerifiedCollateral,
        now: UnixTime,
    ) -> Result<Self, VerifyError> {
        let parts = &collateral.parts;
        let mut trail = Trail::after(&parts.checks, PLATFORM_STEPS);
        trail.require(parts.window.check(&codes::COLLATERAL_WINDOW, now))?;
        let text = collateral.pck_chain(quote);
        let root = parts.root.as_ref();
        let certificates = chain::read(&mut trail, &codes::PCK_CHAIN_FORMAT, text, root)?;
        let mut window = parts.window;
        let ca = verify_chain(&mut trail, &certificates, parts, (&mut window, now))?;
        let [leaf, ..] = &certificates;
        let pck = extension(&mut trail, leaf, ca)?;
        require_tcb_info(&mut trail, parts, &pck)?;
        let key = SigningKey::of(leaf).ok_or("a key of another type");
        let key = trail.holds(&codes::PCK_CHAIN, "a P-256 key", key)?;
        let ends = certificates.iter().map(Certificate::not_after);
        let certified_until = ends.fold(leaf.not_after(), UnixTime::min);
        let checks = trail.into_checks();
        Ok(Self { collateral: collateral.clone(), pck, ca, key, certified_until, window, checks })
    }

    /// The collateral that it was verified under.
    pub(crate) const fn collateral(&self) -> &VerifiedCollateral {
        &self.collateral
    }

    /// The time in which collateral and chain are current.
    pub(crate) const fn valid(&self) -> Period {
        self.window.period()
    }

    /// Every step and its outcome, those of the collateral included. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// What the PCK certificate says about the platform.
    #[must_use]
    pub const fn pck(&self) -> &PckExtension {
        &self.pck
    }
}

// SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.4 to 4.1.2.4.8.
fn verify_chain(
    trail: &mut Trail,
    [leaf, issuer, root]: &[Certificate; 3],
    collateral: &Parts,
    (window, now): (&mut Window, UnixTime),
) -> Result<PckCa, VerifyError> {
    chain::require_pinned(trail, root, &collateral.anchors)?;
    trail.signed(&codes::PCK_CHAIN, issuer, root)?;
    trail.signed(&codes::PCK_CHAIN, leaf, issuer)?;
    let name = leaf.subject().to_string();
    trail.require(Check::equal(&codes::PCK_NAME, PCK_NAME, name.as_str()))?;
    let ca = pck_ca(issuer.subject()).ok_or_else(|| issuer.subject().to_string());
    let expected = format_args!("{PLATFORM_CA_NAME} or {PROCESSOR_CA_NAME}");
    let ca = trail.holds(&codes::PCK_NAME, expected, ca)?;
    for certificate in [leaf, issuer, root] {
        chain::require_valid(trail, &codes::PCK_VALIDITY, certificate, window, now)?;
    }
    require_not_revoked(trail, collateral, leaf, issuer)?;
    Ok(ca)
}

fn require_not_revoked(
    trail: &mut Trail,
    collateral: &Parts,
    leaf: &Certificate,
    issuer: &Certificate,
) -> Result<(), VerifyError> {
    match &collateral.root_crl {
        Some(crl) => trail.require(not_revoked(&codes::PCK_REVOKED, crl, issuer))?,
        None => trail.not_asserted(&codes::PCK_REVOKED, "no CRL of the root"),
    }
    let Some(crl) = &collateral.pck_crl else {
        trail.not_asserted(&codes::PCK_REVOKED, "no CRL of the PCK certificate's CA");
        return Ok(());
    };
    // SECURITY: by the PCK's own issuer; a genuine CRL of the other CA would list nothing of this one.
    let (name, outcome) = (issuer.subject(), crl.verify_signed_by(issuer));
    trail.holds(&codes::PCK_CRL, format_args!("signed by {name}"), outcome)?;
    trail.require(not_revoked(&codes::PCK_REVOKED, crl, leaf))
}

fn extension(
    trail: &mut Trail,
    leaf: &Certificate,
    ca: PckCa,
) -> Result<PckExtension, VerifyError> {
    let value = leaf
        .extension(SGX_EXTENSION)
        .map_err(|error| error.to_string())
        .and_then(|value| value.ok_or_else(|| "no SGX extension".to_owned()))
        .and_then(|value| PckExtension::parse(value).map_err(|error| error.to_string()));
    let pck =
        trail.holds(&codes::PCK_EXTENSION, "the fields of the PCK profile, each once", value)?;
    // SPEC: PCK profile 1.3.5: the Platform CA writes instance id and configuration, and only it.
    let fits = pck.is_multi_package() == (ca == PckCa::Platform);
    let observed = format!("{ca:?} CA, multi-package fields present: {}", pck.is_multi_package());
    trail.require(Check::decided(
        &codes::PCK_EXTENSION,
        fits,
        "the fields of the issuing CA",
        observed,
    ))?;
    Ok(pck)
}

fn require_tcb_info(
    trail: &mut Trail,
    collateral: &Parts,
    pck: &PckExtension,
) -> Result<(), VerifyError> {
    let Some(info) = &collateral.tcb_info else {
        trail
            .not_asserted(&codes::TCB_INFO_FMSPC, format!("no TCB info for FMSPC {}", pck.fmspc()));
        return Ok(());
    };
    let expected = format!("fmspc {} pceid {}", pck.fmspc(), pck.pce_id());
    let observed = format!("fmspc {} pceid {}", info.fmspc, info.pce_id);
    trail.require(Check::equal(&codes::TCB_INFO_FMSPC, expected, observed))
}

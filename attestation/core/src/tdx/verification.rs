//! From a parsed quote to a verified one.

use crate::anchor::Anchors;
use crate::check::Check;
use crate::tdx::codes;
use crate::tdx::collateral::Collateral;
use crate::tdx::platform::{PckCa, VerifiedPlatform};
use crate::tdx::quote::Quote;
use crate::tdx::quoting_enclave as qe;
use crate::tdx::tcb;
use crate::tdx::trail::Trail;
use crate::tdx::verified::VerifiedQuote;
use crate::tdx::verified_collateral::VerifiedCollateral;
use crate::time::UnixTime;
use crate::verify::{Missing, VerifyError};

/// Verifies `quote` against `collateral`, ending at the Intel root key of `anchors`, at `now`.
///
/// # Errors
/// [`VerifyError::Refused`] if anything is wrong, [`VerifyError::Incomplete`] if collateral that
/// is needed is absent. What is wrong comes first: absent collateral never hides it.
pub fn verify(
    quote: Quote,
    collateral: &Collateral,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedQuote, VerifyError> {
    let collateral = VerifiedCollateral::new(collateral, anchors, now)?;
    VerifiedPlatform::new(&quote, &collateral, now)?.verify(quote, now)
}

impl VerifiedPlatform<'_> {
    /// Verifies one quote of this platform at `now`.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self, quote: Quote, now: UnixTime) -> Result<VerifiedQuote, VerifyError> {
        let mut trail = Trail::after(&self.checks);
        trail.require(self.window.check(&codes::COLLATERAL_WINDOW, now))?;
        let padding = format!("{} zero bytes", quote.padding());
        trail.require(Check::decided(
            &codes::TRAILING,
            true,
            "nothing but zero padding",
            padding,
        ))?;
        qe::require_signatures(&mut trail, &quote, &self.key)?;
        qe::require_production(&mut trail, quote.auth_data().qe_report())?;
        let levels = match &self.collateral.tcb_info {
            Some(info) => Some(tcb::match_levels(&mut trail, info, &self.pck, quote.td_report())?),
            None => None,
        };
        let qe_level = match &self.collateral.qe_identity {
            Some(identity) => {
                Some(qe::require_identity(&mut trail, quote.auth_data().qe_report(), identity)?)
            }
            None => None,
        };
        let missing = self.missing();
        let (Some(levels), Some(qe_level), true) = (levels, qe_level, missing.is_empty()) else {
            for part in &missing {
                trail.not_asserted(&crate::verify::INCOMPLETE, &part.what);
            }
            return Err(VerifyError::Incomplete { missing, checks: trail.into_checks() });
        };
        let assessment = levels.with_quoting_enclave(qe_level);
        // The word is one of Intel's; whether it is good enough is policy.
        trail.require(Check::decided(
            &codes::TCB_STATUS,
            true,
            "a published status",
            assessment.status,
        ))?;
        Ok(VerifiedQuote {
            quote,
            anchor: self.collateral.anchors.kind(),
            simulator: self.collateral.anchors.simulator_fingerprint(),
            pck: self.pck.clone(),
            assessment,
            tcb_evaluation_data_number: self.collateral.tcb_evaluation_data_number(),
            checks: trail.into_checks(),
        })
    }

    // SPEC: Intel Trusted Services API, PCS version 4, paths relative to the service; the root CRL
    // is published beside the certificates.
    fn missing(&self) -> Vec<Missing> {
        let collateral = self.collateral;
        let ca = match self.ca {
            PckCa::Platform => "platform",
            PckCa::Processor => "processor",
        };
        let parts = [
            (
                collateral.tcb_info.is_some(),
                "TDX TCB info",
                format!("/tdx/certification/v4/tcb?fmspc={}", self.pck.fmspc()),
            ),
            (
                collateral.qe_identity.is_some(),
                "TD QE identity",
                "/tdx/certification/v4/qe/identity".to_owned(),
            ),
            (
                collateral.pck_crl.is_some(),
                "PCK CRL",
                format!("/sgx/certification/v4/pckcrl?ca={ca}&encoding=der"),
            ),
            (
                collateral.root_crl.is_some(),
                "Intel SGX Root CA CRL",
                "/IntelSGXRootCA.der".to_owned(),
            ),
        ];
        let absent = parts.into_iter().filter(|(present, ..)| !present);
        absent.map(|(_, what, path)| Missing { what: what.to_owned(), path }).collect()
    }
}

//! From a parsed quote to a verified one.

use crate::anchor::Anchors;
use crate::bytes::Digest48;
use crate::check::Check;
use crate::publication::{Document, Issue, Need, TcbUpdate};
use crate::tdx::codes;
use crate::tdx::collateral::Collateral;
use crate::tdx::platform::VerifiedPlatform;
use crate::tdx::quote::Quote;
use crate::tdx::quoting_enclave as qe;
use crate::tdx::tcb;
use crate::tdx::verified::VerifiedQuote;
use crate::tdx::verified_collateral::VerifiedCollateral;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::verify::{Missing, VerifyError};

/// At most so many steps are taken for each quote.
const QUOTE_STEPS: usize = 24;

/// Verifies `quote` against `collateral`, ending at the Intel root key of `anchors`, at `now`.
///
/// # Errors
/// [`VerifyError::Refused`] if anything is wrong, [`VerifyError::Incomplete`] if TCB info or QE
/// identity is absent. What is wrong comes first: absent collateral never hides it.
pub fn verify(
    quote: Quote,
    collateral: &Collateral,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedQuote, VerifyError> {
    let collateral = VerifiedCollateral::new(collateral, anchors, now)?;
    VerifiedPlatform::new(&quote, &collateral, now)?.verify(quote, now)
}

impl VerifiedPlatform {
    /// Verifies one quote of this platform at `now`.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self, quote: Quote, now: UnixTime) -> Result<VerifiedQuote, VerifyError> {
        let mut trail = Trail::after(&self.checks, QUOTE_STEPS);
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
        let levels = match &self.collateral.parts.tcb_info {
            Some(info) => Some(tcb::match_levels(&mut trail, info, &self.pck, quote.td_report())?),
            None => None,
        };
        let qe_level = match &self.collateral.parts.qe_identity {
            Some(identity) => {
                Some(qe::require_identity(&mut trail, quote.auth_data().qe_report(), identity)?)
            }
            None => None,
        };
        let missing = self.missing();
        let (Some(levels), Some(qe_level)) = (levels, qe_level) else {
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
            digest: Digest48::sha384(quote.as_bytes()),
            quote,
            anchor: self.collateral.parts.anchors.kind(),
            simulator: self.collateral.parts.anchors.simulator_fingerprint(),
            pck: self.pck.clone(),
            certified_until: self.certified_until,
            assessment,
            tcb_evaluation_data_number: self.collateral.tcb_evaluation_data_number(),
            window: self.window,
            issues: self.issues(),
            wanted: missing.iter().filter_map(|part| part.need).collect(),
            checks: trail.into_checks(),
            event_log: None,
        })
    }

    /// The issues of the collateral, and of the PCK CRL that this platform's CA was seen to sign.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let pck_crl = self.collateral.parts.pck_crl.as_ref();
        let pck_crl = pck_crl.map(|crl| Issue::of_crl(Document::PckCrl(self.ca), crl));
        self.collateral.issues().iter().copied().chain(pck_crl).collect()
    }

    /// What is absent. Without CRLs there is a conclusion all the same: what their absence means is
    /// for the policy.
    fn missing(&self) -> Vec<Missing> {
        let collateral = &self.collateral.parts;
        let update = TcbUpdate::Standard;
        let parts = [
            (collateral.tcb_info.is_some(), Need::TdxTcbInfo { fmspc: *self.pck.fmspc(), update }),
            (collateral.qe_identity.is_some(), Need::TdQeIdentity { update }),
            (collateral.pck_crl.is_some(), Need::PckCrl { ca: self.ca }),
            (collateral.root_crl.is_some(), Need::IntelRootCrl),
        ];
        let absent = parts.into_iter().filter(|(present, _)| !present);
        absent.map(|(_, need)| Missing::of(need)).collect()
    }
}

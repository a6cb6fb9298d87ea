//! TDX: quotes verified warm and cold, bare and by another crate.

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::tdx::{
    self, Collateral, Quote, VerifiedCollateral, VerifiedPlatform, VerifiedQuote,
};
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::{Certificate, pem};
use cloister_simulator::{Pki, TdxGuest};
use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::verify::QuoteVerifier;

use crate::recorded::Case;
use crate::signature::{Signature, verify_all};
use crate::snp::only;
use crate::timing::{Measured, pairs};

/// When the simulator issues its collateral, and a day later.
const ISSUED: UnixTime = UnixTime::from_secs(1_780_000_000);
const NOW: UnixTime = UnixTime::from_secs(1_780_086_400);

/// A quote of version 4 with Intel's collateral for it.
const RECORDED: &str = "tdx/v4-dcapqvl";

/// One quote and its collateral.
pub(crate) struct Input {
    name: String,
    quote: Vec<u8>,
    collateral: Vec<u8>,
    root: Vec<u8>,
    anchors: Anchors,
    pub(crate) now: UnixTime,
}

impl Input {
    /// A recorded quote where it is at hand, else the simulator's.
    fn best() -> Result<Self> {
        Case::find(RECORDED).map_or_else(Self::simulated, |case| Self::recorded(&case))
    }

    pub(crate) fn simulated() -> Result<Self> {
        let guest = TdxGuest::new(&Pki::from_seed("cloister-bench", ISSUED));
        let root = guest.root();
        Ok(Self {
            name: "simulator, version 4".to_owned(),
            quote: guest.quote(&ReportData::new([0x5a; 64])),
            collateral: guest.collateral_json(),
            anchors: only(Certificate::parse(&root)?.key_pin()),
            root,
            now: NOW,
        })
    }

    fn recorded(case: &Case) -> Result<Self> {
        Ok(Self {
            name: case.name.clone(),
            quote: case.file("quote.bin")?,
            collateral: case.file("collateral.json")?,
            root: tdx::roots::INTEL_SGX_ROOT.to_vec(),
            anchors: Anchors::vendor(),
            now: case.valid_at()?,
        })
    }

    pub(crate) fn verified_collateral(&self) -> Result<VerifiedCollateral> {
        let collateral = Collateral::from_json(&self.collateral)?;
        Ok(VerifiedCollateral::new(&collateral, &self.anchors, self.now)?)
    }

    pub(crate) fn platform(&self, collateral: &VerifiedCollateral) -> Result<VerifiedPlatform> {
        Ok(VerifiedPlatform::new(&Quote::parse(&self.quote)?, collateral, self.now)?)
    }

    /// From received bytes to a verified quote, as a service does it for each of them.
    pub(crate) fn verify(&self, platform: &VerifiedPlatform) -> Result<VerifiedQuote> {
        Ok(platform.verify(Quote::parse(&self.quote)?, self.now)?)
    }

    /// The two signatures that remain when collateral and platform are verified, bare: the quoting
    /// enclave's report by the platform, the quote by the attestation key.
    fn bare(&self) -> Result<[Signature; 2]> {
        let quote = Quote::parse(&self.quote)?;
        let auth = quote.auth_data();
        let chain = core::str::from_utf8(auth.pck_chain())?.trim_end_matches('\0');
        let pck = pem::certificates(chain)?.into_iter().next().context("a PCK certificate")?;
        let point = [&[4], auth.attestation_key().as_slice()].concat();
        let signature = |key: &[u8], message: &[u8], value: &[u8]| {
            Signature::new(&ECDSA_P256_SHA256_FIXED, key, message, value)
        };
        Ok([
            signature(pck.key(), auth.qe_report_bytes(), auth.qe_report_signature())?,
            signature(&point, quote.signed_bytes(), auth.signature())?,
        ])
    }
}

/// One quote against collateral and platform verified before, over its two signatures.
pub(crate) fn warm() -> Result<Measured> {
    let input = Input::best()?;
    let collateral = input.verified_collateral()?;
    let (platform, bare) = (input.platform(&collateral)?, input.bare()?);
    pairs(input.name.clone(), || input.verify(&platform).map(drop), || verify_all(&bare))
}

/// Everything from the bytes, over the `dcap-qvl` crate from the same bytes.
pub(crate) fn cold() -> Result<Measured> {
    let input = Input::best()?;
    let own = || {
        let collateral = Collateral::from_json(&input.collateral)?;
        let quote = Quote::parse(&input.quote)?;
        tdx::verify(quote, &collateral, &input.anchors, input.now)?;
        Ok(())
    };
    let verifier = QuoteVerifier::new(input.root.clone());
    let reference = || {
        let collateral: QuoteCollateralV3 = serde_json::from_slice(&input.collateral)
            .context("the dcap-qvl crate refuses the collateral")?;
        verifier
            .verify(&input.quote, &collateral, input.now.as_secs())
            .map(drop)
            .context("the dcap-qvl crate refuses the quote")
    };
    pairs(input.name.clone(), own, reference)
}

//! A quote of the TPM behind a machine, verified.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::time::UnixTime;
use cloister_attestation::tpm::Digest;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, verify};
use cloister_attester::{Attester, QuoteService};
use cloister_simulator::{AzureGuest, Guest, Pki};

use super::shared::SharedTpm;
use crate::tee::random;

/// The PCRs that a verified quote is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(pub BTreeMap<u8, Digest>);

/// Collects Evidence as a guest behind this paravisor does, and verifies it under `pki`'s root:
/// the hardware's report, the key that it names, the quote, its values and its nonce.
pub(super) fn quoted(tpm: &SharedTpm, guest: &AzureGuest, pki: &Pki) -> Result<Quoted> {
    let attester = Attester::behind_paravisor(Box::new(tpm.clone()), QuoteService::AZURE)?;
    let nonce = ReportData::new(random()?);
    let collected = attester.collect(&nonce).context("the TPM does not quote")?;
    let vtpm = collected.vtpm.as_ref().context("Evidence that is not a TPM's")?;
    let evidence = Evidence::behind_paravisor(collected.tee, &collected.hardware, vtpm)?;
    let endorsements = match guest.paravisor() {
        Guest::Snp(paravisor) => Endorsements::Snp(paravisor.endorsements()),
        Guest::Tdx(paravisor) => Endorsements::Tdx(paravisor.collateral()),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let verified = verify(evidence, &endorsements, &pki.anchors(), UnixTime::from_secs(now))
        .context("the quote does not verify")?;
    let VerifiedEvidence::Azure(azure) = verified else { bail!("Evidence that is not a TPM's") };
    Ok(Quoted(azure.quote().pcrs().iter().collect()))
}

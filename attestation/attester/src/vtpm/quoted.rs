//! A quote, and the PCR values that it is about.

use cloister_attestation::azure::HclReport;
use cloister_attestation::binding::qualifying_data;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::tpm::{HashAlgorithm, PublicArea, Quote, SignedQuote};

use crate::error::AttesterError;
use crate::limits::ATTEMPTS_MAX;
use crate::tpm::{Selection, SignedAttest, Tpm, Transport};

/// Where the paravisor leaves the attestation key.
const KEY: u32 = 0x8100_0003;

/// A quote with its values, which belong together.
pub(super) struct Quoted {
    pub(super) attest: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) pcrs: Vec<u8>,
}

/// A quote of all measured PCRs that is bound to `report_data`, by the key that `report` names.
pub(super) fn collect(
    tpm: &mut Tpm<impl Transport>,
    report: &HclReport,
    report_data: &ReportData,
) -> Result<Quoted, AttesterError> {
    check_key(tpm, report)?;
    for _ in 0..ATTEMPTS_MAX {
        let SignedAttest { attest, signature } =
            tpm.quote(KEY, qualifying_data(report_data).as_ref(), Selection::MEASURED)?;
        let pcrs = tpm.pcr_read(Selection::MEASURED)?;
        let parsed = SignedQuote::parse(&attest, &signature, &pcrs)
            .map_err(|source| AttesterError::UnreadableQuote { source })?;
        check_selection(parsed.quote())?;
        // Extending a PCR between the two makes values that were not quoted.
        let digest = parsed.pcrs().digest(parsed.signature().hash());
        if digest.as_bytes() == parsed.quote().pcr_digest() {
            return Ok(Quoted { attest, signature, pcrs });
        }
        tracing::warn!("a PCR was extended between quote and values: quoting again");
    }
    Err(AttesterError::UnsteadyPcrs { attempts: ATTEMPTS_MAX })
}

/// SECURITY: nothing rests on this; a quote by another key is refused by whoever verifies it. Here
/// it can be said why.
fn check_key(tpm: &mut Tpm<impl Transport>, report: &HclReport) -> Result<(), AttesterError> {
    let refuse = |reason: String| AttesterError::AttestationKey { reason };
    let named = report.runtime().attestation_key().map_err(refuse)?;
    let public = match tpm.read_public(KEY) {
        Err(error) if error.is_absence() => return Err(refuse(format!("none is at {KEY:#010x}"))),
        read => read?,
    };
    let public = PublicArea::parse(&public).map_err(|error| refuse(error.to_string()))?;
    if *public.key() == named {
        return Ok(());
    }
    Err(refuse(format!("{} is at {KEY:#010x}, and the report names {named}", public.key())))
}

fn check_selection(quote: &Quote) -> Result<(), AttesterError> {
    let selection = quote.selection();
    let asked = selection.bank() == HashAlgorithm::Sha256
        && selection.iter().eq(Selection::MEASURED.iter());
    if asked { Ok(()) } else { Err(AttesterError::OtherPcrs) }
}

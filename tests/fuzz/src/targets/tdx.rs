//! TDX: quotes, local reports, and collateral as it is exchanged.

use std::sync::LazyLock;

use cloister_attestation::limits::HARDWARE_EVIDENCE_BYTES_MAX;
use cloister_attestation::tdx::{
    Collateral, LocalReport, Quote, VerifiedCollateral, VerifiedPlatform,
};
use cloister_attestation::time::UnixTime;

use super::{QUICK, outcome, twice};
use crate::world::{NOW, REPORT_DATA, intel_anchors, tdx};
use crate::{Outcome, Target};

pub(super) const QUOTE: Target = Target {
    name: "tdx-quote",
    run: quote,
    seeds: quotes,
    bytes_max: HARDWARE_EVIDENCE_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

pub(super) const VERIFIED_QUOTE: Target = Target {
    name: "tdx-verified-quote",
    run: verified_quote,
    seeds: genuine_quotes,
    bytes_max: HARDWARE_EVIDENCE_BYTES_MAX,
    quick_inputs: QUICK,
};

pub(super) const LOCAL_REPORT: Target = Target {
    name: "tdx-local-report",
    run: local_report,
    seeds: || vec![[&[0x81, 0, 1, 0][..], &[7; 1020]].concat()],
    bytes_max: 1024 + 16,
    quick_inputs: QUICK,
};

pub(super) const COLLATERAL: Target = Target {
    name: "tdx-collateral",
    run: collateral,
    seeds: collaterals,
    bytes_max: 64 * 1024,
    quick_inputs: QUICK,
};

/// A quote is the received bytes: what is signed, then what certifies it, then zero.
fn quote(data: &[u8]) -> Outcome {
    let parsed = twice(data, Quote::parse);
    if let Some(quote) = &parsed {
        assert!(data.len() <= HARDWARE_EVIDENCE_BYTES_MAX);
        assert_eq!(quote.as_bytes(), data);
        assert!(data.starts_with(quote.signed_bytes()));
        let (content, padding) = data.split_at(data.len() - quote.padding());
        assert!(padding.iter().all(|byte| *byte == 0));
        assert_eq!(content.len(), quote.signed_bytes().len() + 4 + authentication(quote));
        assert!(quote.signed_bytes().windows(64).any(|part| part == quote.report_data().as_ref()));
    }
    outcome(&parsed)
}

/// How long the signature data is, from the lengths of its fields.
fn authentication(quote: &Quote) -> usize {
    let auth = quote.auth_data();
    let (outer, inner) = (64 + 64 + 6, 384 + 64 + 2 + 6);
    outer + inner + auth.qe_authentication_data().len() + auth.pck_chain().len()
}

static COLLATERALS: LazyLock<Vec<VerifiedCollateral>> = LazyLock::new(|| {
    let verified = tdx().into_iter().map(|guest| {
        VerifiedCollateral::new(&guest.collateral(), intel_anchors(), NOW).expect("its own")
    });
    verified.collect()
});

static GENUINE: LazyLock<Vec<(VerifiedPlatform, Vec<u8>)>> = LazyLock::new(|| {
    let platforms = tdx().into_iter().zip(COLLATERALS.iter()).map(|(guest, collateral)| {
        let bytes = guest.quote(&REPORT_DATA);
        let quote = Quote::parse(&bytes).expect("a genuine quote");
        (VerifiedPlatform::new(&quote, collateral, NOW).expect("its own platform"), bytes)
    });
    platforms.collect()
});

/// Whatever verifies is, in every byte that is signed, a quote that the simulated platform signed.
/// All formats share one platform, so one is asked.
fn verified_quote(data: &[u8]) -> Outcome {
    let Ok(quote) = Quote::parse(data) else { return Outcome::Refused };
    let (platform, _) = &GENUINE[0];
    let Ok(verified) = platform.verify(quote, NOW) else { return Outcome::Refused };
    let signed = verified.quote().signed_bytes();
    assert!(GENUINE.iter().any(|(_, genuine)| genuine.starts_with(signed)), "nobody signed this");
    Outcome::Accepted
}

fn local_report(data: &[u8]) -> Outcome {
    let parsed = twice(data, LocalReport::parse);
    if let Some(report) = &parsed {
        assert_eq!(report.as_bytes(), data);
        assert_eq!(report.report_data().as_ref(), &data[128..192]);
    }
    outcome(&parsed)
}

/// Collateral that reads either verifies until a moment, and not a second longer, or is refused.
fn collateral(data: &[u8]) -> Outcome {
    let parsed = twice(data, Collateral::from_json);
    if let Some(collateral) = &parsed
        && let Ok(verified) = VerifiedCollateral::new(collateral, intel_anchors(), NOW)
    {
        let until = verified.valid_until();
        assert!(until >= NOW);
        let at = |time| VerifiedCollateral::new(collateral, intel_anchors(), time);
        assert!(at(until).is_ok());
        let later = UnixTime::from_secs(until.as_secs().saturating_add(1));
        assert!(until.as_secs() == u64::MAX || at(later).is_err(), "it does not end");
    }
    outcome(&parsed)
}

fn quotes() -> Vec<Vec<u8>> {
    let quotes = tdx().into_iter().map(|guest| guest.quote(&REPORT_DATA));
    quotes.flat_map(|quote| [[quote.as_slice(), &[0; 9]].concat(), quote]).collect()
}

fn genuine_quotes() -> Vec<Vec<u8>> {
    GENUINE.iter().map(|(_, quote)| quote.clone()).collect()
}

fn collaterals() -> Vec<Vec<u8>> {
    let guests = tdx().into_iter().take(1).map(|guest| guest.collateral_json());
    guests.chain([b"{}".to_vec()]).collect()
}

//! The simulated vendors, chips and platforms that sign the seeds.

use std::sync::LazyLock;

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Certificate;
use cloister_simulator::snp::VekKind;
use cloister_simulator::tdx::QuoteFormat;
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

/// When everything was issued.
const ISSUED: UnixTime = UnixTime::from_secs(1_790_000_000);
/// When everything is verified: a day later.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_086_400);
/// The bytes that every report and quote is asked for.
pub(crate) const REPORT_DATA: ReportData = ReportData::new([0x5a; 64]);

/// The same seed as the attestation crate's tests, so that its RSA keys are derived once.
pub(crate) fn pki() -> &'static Pki {
    static PKI: LazyLock<Pki> = LazyLock::new(|| Pki::from_seed("core/snp", ISSUED));
    &PKI
}

/// A guest on every product, and one whose provider's key signs.
pub(crate) fn snp() -> Vec<SnpGuest> {
    let vlek = VekKind::Vlek { csp_id: "CN=provider.simulator.invalid".to_owned() };
    let guests = Product::ALL.map(|product| SnpGuest::new(pki(), product));
    guests.into_iter().chain([SnpGuest::new(pki(), Product::Milan).with_vek(vlek)]).collect()
}

/// A guest with every form of quote.
pub(crate) fn tdx() -> Vec<TdxGuest> {
    let formats =
        [QuoteFormat::V4, QuoteFormat::V5Td10, QuoteFormat::V5Td15, QuoteFormat::V5Td15Ex];
    formats.into_iter().map(|format| TdxGuest::new(pki()).with_format(format)).collect()
}

/// The simulated AMD roots and the simulated Intel root.
pub(crate) fn anchors() -> &'static Anchors {
    static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| pki().anchors());
    &ANCHORS
}

/// The simulated Intel root alone, for which no RSA key has to be derived.
pub(crate) fn intel_anchors() -> &'static Anchors {
    static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
        let root = Certificate::parse(&TdxGuest::new(pki()).root()).expect("its own root");
        let intel = root.key_pin();
        let anchor = SimulatorAnchor { milan: intel, genoa: intel, turin: intel, intel };
        Anchors::dangerous_simulator(anchor)
    });
    &ANCHORS
}

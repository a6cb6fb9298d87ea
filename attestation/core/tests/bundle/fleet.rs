//! Simulated machines of several kinds, and a bundle for them.

use std::sync::LazyLock;
use std::time::Duration;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bundle::{Bundle, Draft};
use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::key::SigningKey;
use cloister_attestation::policy::Policy;
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;
use cloister_simulator::snp::VekKind;
use cloister_simulator::tdx::PckAuthority;
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

/// When the vendors issued everything. The RSA keys are those of the SNP tests.
pub(super) const ISSUED: UnixTime = crate::snp::guest::ISSUED;
/// A day later.
pub(super) const NOW: UnixTime = crate::snp::guest::NOW;

pub(super) const REPORT_DATA: ReportData = ReportData::new([0x21; 64]);

pub(super) fn pki() -> &'static Pki {
    crate::snp::guest::pki()
}

pub(super) fn anchors() -> Anchors {
    pki().anchors()
}

/// The operator of all these tests.
pub(super) fn operator() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> =
        LazyLock::new(|| SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap());
    &KEY
}

pub(super) fn believed() -> Digest48 {
    *operator().public().thumbprint()
}

/// A machine: what it presents, and what it is verified against.
pub(super) type Machine = (Evidence, Endorsements);

pub(super) fn snp(guest: &SnpGuest) -> Machine {
    let evidence = Evidence::parse(Tee::Snp, &guest.report(&REPORT_DATA)).unwrap();
    (evidence, Endorsements::Snp(guest.endorsements()))
}

pub(super) fn tdx(guest: &TdxGuest) -> Machine {
    let evidence = Evidence::parse(Tee::Tdx, &guest.quote(&REPORT_DATA)).unwrap();
    (evidence, Endorsements::Tdx(guest.collateral()))
}

pub(super) fn vlek(provider: &str) -> SnpGuest {
    SnpGuest::new(pki(), Product::Milan).with_vek(VekKind::Vlek { csp_id: provider.to_owned() })
}

/// One machine of each kind that this version knows.
pub(super) fn fleet() -> Vec<Machine> {
    vec![
        snp(&SnpGuest::new(pki(), Product::Milan)),
        snp(&SnpGuest::new(pki(), Product::Turin)),
        snp(&vlek("CN=one.invalid")),
        tdx(&TdxGuest::new(pki())),
        tdx(&TdxGuest::new(pki()).with_pck_authority(PckAuthority::Processor)),
    ]
}

pub(super) fn policy() -> Policy {
    Policy::strict_for_simulator(pki().anchor().fingerprint())
}

pub(super) fn image() -> ReferenceValues {
    let digest = Digest48::sha384(b"image");
    ReferenceValues {
        image: "translator".to_owned(),
        version: "1.0.0".to_owned(),
        manifest: digest,
        shapes: vec![LaunchShape::Snp {
            measurement: digest,
            host_data: cloister_attestation::bytes::HostData::new([0; 32]),
        }],
    }
}

pub(super) fn draft(machines: &[Machine]) -> Draft {
    let mut draft = Draft::new(policy());
    draft.add_reference(&image()).unwrap();
    machines.iter().for_each(|(_, endorsements)| draft.add(endorsements).unwrap());
    draft
}

pub(super) fn bundle(machines: &[Machine]) -> Bundle {
    draft(machines).finish(NOW).unwrap()
}

/// Signed and read back.
pub(super) fn opened(machines: &[Machine]) -> Bundle {
    Bundle::open(&bundle(machines).sign(operator()).unwrap(), &believed()).unwrap()
}

pub(super) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

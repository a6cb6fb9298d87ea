//! SEV-SNP: reports, and the host's certificate table.

use std::sync::LazyLock;

use cloister_attestation::limits::ENDORSEMENT_BYTES_MAX;
use cloister_attestation::snp::{
    CertificateTable, Report, VerifiedChain, verify_chain, verify_report,
};

use super::{QUICK, outcome, twice};
use crate::world::{NOW, REPORT_DATA, anchors, snp};
use crate::{Outcome, Target};

pub(super) const REPORT: Target = Target {
    name: "snp-report",
    run: report,
    seeds: reports,
    bytes_max: Report::LEN + 64,
    quick_inputs: QUICK,
};

pub(super) const VERIFIED_REPORT: Target = Target {
    name: "snp-verified-report",
    run: verified_report,
    seeds: genuine_reports,
    bytes_max: Report::LEN,
    quick_inputs: QUICK,
};

pub(super) const CERTIFICATE_TABLE: Target = Target {
    name: "snp-certificate-table",
    run: certificate_table,
    seeds: tables,
    bytes_max: ENDORSEMENT_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

/// Every field that a report shows stands in the received bytes where the specification puts it.
fn report(data: &[u8]) -> Outcome {
    let parsed = twice(data, Report::parse);
    if let Some(report) = &parsed {
        assert_eq!(report.as_bytes(), data);
        assert!(Report::VERSIONS.contains(&report.version()) && report.vmpl() <= 3);
        assert_eq!(report.policy().bits().to_le_bytes(), data[0x08..0x10]);
        assert_eq!(report.current_tcb().as_bytes(), &data[0x38..0x40]);
        assert_eq!(report.platform_info().bits().to_le_bytes(), data[0x40..0x48]);
        assert_eq!(report.report_data().as_ref(), &data[0x50..0x90]);
        assert_eq!(report.measurement().as_ref(), &data[0x90..0xc0]);
        assert_eq!(report.host_data().as_ref(), &data[0xc0..0xe0]);
        assert_eq!(report.reported_tcb().as_bytes(), &data[0x180..0x188]);
        assert_eq!(report.chip_id().as_ref(), &data[0x1a0..0x1e0]);
        assert_eq!(report.committed_tcb().as_bytes(), &data[0x1e0..0x1e8]);
        assert_eq!(report.launch_tcb().as_bytes(), &data[0x1f0..0x1f8]);
    }
    outcome(&parsed)
}

/// Whatever verifies is, in every byte that is signed, a report that the simulated chip signed.
fn verified_report(data: &[u8]) -> Outcome {
    let Ok(report) = Report::parse(data) else { return Outcome::Refused };
    let verifies = |chain: &VerifiedChain| verify_report(report.clone(), chain, NOW).is_ok();
    let believed = GENUINE
        .iter()
        .find(|(chain, _)| chain.signing_key() == report.signing_key() && verifies(chain));
    let Some((_, genuine)) = believed else { return Outcome::Refused };
    assert_eq!(data[Report::SIGNED], genuine[Report::SIGNED], "nobody signed this");
    Outcome::Accepted
}

/// Everything in a table was received: it is a part of the bytes.
fn certificate_table(data: &[u8]) -> Outcome {
    let parsed = twice(data, CertificateTable::parse);
    if let Some(table) = &parsed {
        assert!(data.len() <= ENDORSEMENT_BYTES_MAX);
        let CertificateTable { vcek, vlek, ask, ark, crl } = table;
        for entry in [vcek, vlek, ask, ark, crl].into_iter().flatten() {
            let found = entry.is_empty() || data.windows(entry.len()).any(|part| part == entry);
            assert!(found, "an entry that was not received");
        }
    }
    outcome(&parsed)
}

static GENUINE: LazyLock<Vec<(VerifiedChain, Vec<u8>)>> = LazyLock::new(|| {
    let guests = snp().into_iter().map(|guest| {
        let chain = verify_chain(&guest.endorsements(), anchors(), NOW).expect("a genuine chain");
        (chain, guest.report(&REPORT_DATA))
    });
    guests.collect()
});

fn genuine_reports() -> Vec<Vec<u8>> {
    GENUINE.iter().map(|(_, report)| report.clone()).collect()
}

/// Every version, of every product.
fn reports() -> Vec<Vec<u8>> {
    let versions = snp()
        .into_iter()
        .flat_map(|guest| Report::VERSIONS.map(move |version| guest.clone().with_version(version)));
    versions.map(|guest| guest.report(&REPORT_DATA)).collect()
}

fn tables() -> Vec<Vec<u8>> {
    let tables = snp().into_iter().map(|guest| guest.certificate_table());
    tables.chain([Vec::new(), vec![0; 24]]).collect()
}

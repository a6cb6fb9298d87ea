//! The fields of a TDX quote.

use cloister_attestation::tdx::{LocalReport, Quote, TdReport};

use super::Field;

/// Every field of the header and of the TD report, in the order of the specification.
pub(in crate::evidence) fn fields(quote: &Quote) -> Vec<Field> {
    let mut fields = vec![("version", quote.version().to_string())];
    fields.extend(td_report(quote.td_report()));
    fields.push(("padding", format!("{} bytes after the quote", quote.padding())));
    fields
}

fn td_report(report: &TdReport) -> Vec<Field> {
    let mut fields = vec![
        ("tee_tcb_svn", report.tee_tcb_svn().to_string()),
        ("mr_seam", report.mr_seam().to_string()),
        ("mr_signer_seam", report.mr_signer_seam().to_string()),
        ("seam_attributes", report.seam_attributes().to_string()),
        ("td_attributes", report.td_attributes().to_string()),
        ("xfam", report.xfam().to_string()),
        ("mr_td", report.mr_td().to_string()),
        ("mr_config_id", report.mr_config_id().to_string()),
        ("mr_owner", report.mr_owner().to_string()),
        ("mr_owner_config", report.mr_owner_config().to_string()),
    ];
    let registers = ["rtmr0", "rtmr1", "rtmr2", "rtmr3"].into_iter().zip(report.rtmr());
    fields.extend(registers.map(|(name, register)| (name, register.to_string())));
    fields.push(("report_data", report.report_data().to_string()));
    if let Some(td15) = report.td15() {
        fields.push(("tee_tcb_svn_2", td15.tee_tcb_svn_2().to_string()));
        fields.push(("mr_service_td", td15.mr_service_td().to_string()));
    }
    fields
}

/// What a local report says outside of what its MAC alone vouches for.
pub(in crate::evidence) fn local(report: &LocalReport) -> Vec<Field> {
    vec![
        ("report_type", hex::encode(report.report_type())),
        ("report_data", report.report_data().to_string()),
    ]
}

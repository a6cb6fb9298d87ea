//! The fields of an HCL report and of a TPM quote.

use cloister_attestation::azure::{self, HclHardware, HclReport};
use cloister_attestation::tdx::Quote;
use cloister_attestation::tpm::{ParseError, PublicArea, SignedQuote};

use super::{Field, snp, tdx};
use crate::evidence::folder::Folder;

/// The paravisor's part, the hardware's, then the guest's.
pub(in crate::evidence) fn azure(folder: &Folder) -> Result<Vec<Field>, azure::ParseError> {
    let hcl = HclReport::parse(folder.evidence())?;
    let mut fields = runtime(&hcl);
    match (hcl.hardware(), folder.td_quote()) {
        (HclHardware::Snp(report), _) => fields.extend(snp::fields(report)),
        (_, Some(quote)) => fields.extend(tdx::fields(&Quote::parse(quote)?)),
        (HclHardware::Tdx(report), None) => fields.extend(tdx::local(report)),
        _ => {}
    }
    fields.extend(signed_quote(folder)?);
    Ok(fields)
}

/// The key, then the quote.
pub(in crate::evidence) fn alone(folder: &Folder) -> Result<Vec<Field>, ParseError> {
    let public = PublicArea::parse(folder.evidence())?;
    let mut fields = vec![
        ("object_attributes", format!("{:#010x}", public.attributes())),
        ("attestation_key", public.key().to_string()),
    ];
    fields.extend(signed_quote(folder)?);
    Ok(fields)
}

fn runtime(hcl: &HclReport) -> Vec<Field> {
    let runtime = hcl.runtime();
    let vm = runtime.vm_configuration();
    vec![
        ("vm_unique_id", vm.vm_unique_id.clone()),
        ("secure_boot", vm.secure_boot.to_string()),
        ("console_enabled", vm.console_enabled.to_string()),
        ("tpm_enabled", vm.tpm_enabled.to_string()),
        ("user_data", runtime.user_data().unwrap_or("none").to_owned()),
        ("other_claims", runtime.others().collect::<Vec<_>>().join(", ")),
        ("runtime_data_digest", hcl.expected_report_data().to_string()),
    ]
}

fn signed_quote(folder: &Folder) -> Result<Vec<Field>, ParseError> {
    let Some([quote, signature, pcrs]) = folder.signed_quote() else { return Ok(Vec::new()) };
    let signed = SignedQuote::parse(quote, signature, pcrs)?;
    let quote = signed.quote();
    let values: Vec<String> =
        signed.pcrs().iter().map(|(pcr, value)| format!("{pcr}: {value}")).collect();
    Ok(vec![
        ("qualified_signer", hex::encode(quote.qualified_signer())),
        ("extra_data", hex::encode(quote.extra_data())),
        ("clock_info", quote.clock_info().to_string()),
        ("firmware_version", format!("{:#x}", quote.firmware_version())),
        ("pcr_bank", quote.selection().bank().to_string()),
        ("pcr_digest", hex::encode(quote.pcr_digest())),
        ("pcrs", values.join("\n")),
    ])
}

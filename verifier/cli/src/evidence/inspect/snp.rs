//! The fields of an SEV-SNP report.

use cloister_attestation::snp::{Product, Report, TcbVersion};

use super::Field;

/// Every field, in the order of the specification (AMD 56860, table 23).
pub(in crate::evidence) fn fields(report: &Report) -> Vec<Field> {
    let product = report.cpuid().and_then(Product::from_cpuid);
    let tcb = |version: TcbVersion| tcb(version, product);
    let mut fields = vec![
        ("version", report.version().to_string()),
        ("guest_svn", report.guest_svn().to_string()),
        ("policy", policy(report)),
        ("family_id", report.family_id().to_string()),
        ("image_id", report.image_id().to_string()),
        ("vmpl", report.vmpl().to_string()),
        ("signature_algo", report.signature_algo().to_string()),
        ("current_tcb", tcb(report.current_tcb())),
        ("platform_info", report.platform_info().to_string()),
        ("author_key_en", report.author_key_en().to_string()),
        ("mask_chip_key", report.mask_chip_key().to_string()),
        ("signing_key", report.signing_key().to_string()),
        ("report_data", report.report_data().to_string()),
        ("measurement", report.measurement().to_string()),
        ("host_data", report.host_data().to_string()),
        ("id_key_digest", report.id_key_digest().to_string()),
        ("author_key_digest", report.author_key_digest().to_string()),
        ("report_id", report.report_id().to_string()),
        ("report_id_ma", report.report_id_ma().to_string()),
        ("reported_tcb", tcb(report.reported_tcb())),
    ];
    fields.extend(report.cpuid().map(|cpuid| ("cpuid", cpuid.to_string())));
    fields.extend([
        ("chip_id", report.chip_id().to_string()),
        ("committed_tcb", tcb(report.committed_tcb())),
        ("current_version", report.current_version().to_string()),
        ("committed_version", report.committed_version().to_string()),
        ("launch_tcb", tcb(report.launch_tcb())),
    ]);
    let vectors = [
        ("launch_mit_vector", report.launch_mit_vector()),
        ("current_mit_vector", report.current_mit_vector()),
    ];
    fields.extend(
        vectors.into_iter().filter_map(|(name, vector)| vector.map(|v| (name, format!("{v:#x}")))),
    );
    fields
}

fn policy(report: &Report) -> String {
    let policy = report.policy();
    let (major, minor) = policy.abi();
    let flags = [
        ("smt", policy.smt()),
        ("migrate_ma", policy.migrate_ma()),
        ("debug", policy.debug()),
        ("single_socket", policy.single_socket()),
        ("cxl_allow", policy.cxl_allow()),
        ("mem_aes_256_xts", policy.mem_aes_256_xts()),
        ("rapl_dis", policy.rapl_dis()),
        ("ciphertext_hiding_dram", policy.ciphertext_hiding_dram()),
        ("page_swap_disable", policy.page_swap_disable()),
    ];
    let set: Vec<&str> = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect();
    format!(
        "{policy}: ABI {major}.{minor}, {}",
        if set.is_empty() { "no flags".to_owned() } else { set.join(" ") }
    )
}

/// A report before version 3 does not say which product it is of, and so not which byte is what.
fn tcb(version: TcbVersion, product: Option<Product>) -> String {
    let Some(product) = product else { return version.to_string() };
    let parts = version.components(product);
    let fmc = parts.fmc.map_or_else(String::new, |fmc| format!("fmc {fmc}, "));
    format!(
        "{version}: {fmc}boot_loader {}, tee {}, snp {}, microcode {}",
        parts.boot_loader, parts.tee, parts.snp, parts.microcode
    )
}

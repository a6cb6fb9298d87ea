//! Every field of a report has a test of its own, so that one finds it by the field's name.

use super::finding::Finding;
use super::tree::Tree;

/// One structure of a specification and where the tests of its fields stand.
struct Structure {
    name: &'static str,
    folder: &'static str,
    fields: &'static [&'static str],
}

/// A field's tests are a file, or a module within a file, of the field's name.
const STRUCTURES: &[Structure] = &[
    Structure {
        name: "ATTESTATION_REPORT (AMD 56860, Table 23)",
        folder: "attestation/core/tests/snp/",
        fields: &[
            "version",
            "guest_svn",
            "policy",
            "family_id",
            "image_id",
            "vmpl",
            "signature_algo",
            "current_tcb",
            "platform_info",
            "key_info",
            "report_data",
            "measurement",
            "host_data",
            "id_key_digest",
            "author_key_digest",
            "report_id",
            "report_id_ma",
            "reported_tcb",
            "cpuid",
            "chip_id",
            "committed_tcb",
            "current_version",
            "committed_version",
            "launch_tcb",
            "launch_mit_vector",
            "current_mit_vector",
            "signature",
        ],
    },
    Structure {
        name: "TD quote (Intel TDX DCAP quoting library API)",
        folder: "attestation/core/tests/tdx/",
        fields: &[
            "version",
            "att_key_type",
            "tee_type",
            "qe_vendor_id",
            "tee_tcb_svn",
            "mr_seam",
            "mr_signer_seam",
            "seam_attributes",
            "td_attributes",
            "xfam",
            "mr_td",
            "mr_config_id",
            "mr_owner",
            "mr_owner_config",
            "rtmr",
            "report_data",
            "tee_tcb_svn_2",
            "mr_service_td",
            "signature",
        ],
    },
    Structure {
        name: "TPMS_ATTEST of a quote (TPM 2.0 Part 2, 10.12.8)",
        folder: "attestation/core/tests/tpm/",
        fields: &[
            "magic",
            "attest_type",
            "qualified_signer",
            "extra_data",
            "clock_info",
            "firmware_version",
            "pcr_select",
            "pcr_digest",
            "signature",
        ],
    },
    Structure {
        name: "HCL report (OpenHCL igvm_attest)",
        folder: "attestation/core/tests/azure/",
        fields: &[
            "header",
            "hardware_report",
            "report_type",
            "hash_type",
            "runtime_data",
            "report_data",
            "attestation_key",
        ],
    },
    Structure {
        name: "TCG_EfiSpecIDEvent and TCG_PCR_EVENT2 (TCG PC Client Platform Firmware Profile)",
        folder: "attestation/core/tests/event_log/",
        fields: &[
            "signature",
            "platform_class",
            "spec_version",
            "uintn_size",
            "digest_sizes",
            "vendor_info",
            "pcr_index",
            "event_type",
            "digests",
            "event_size",
            "event",
        ],
    },
];

/// Notes on structures whose tests have no folder yet, and every field that lacks tests.
pub(super) fn check(tree: &Tree) -> (Vec<String>, Vec<Finding>) {
    let (mut notes, mut findings) = (Vec::new(), Vec::new());
    for structure in STRUCTURES {
        let names = tested(tree, structure.folder);
        if names.is_empty() {
            notes.push(format!(
                "{} does not exist: no field of {} is tested by name.",
                structure.folder, structure.name
            ));
            continue;
        }
        let lacking =
            structure.fields.iter().filter(|field| !names.iter().any(|name| name == *field));
        findings.extend(lacking.map(|field| untested(structure, field)));
    }
    (notes, findings)
}

/// Names of the files and modules in a folder that hold at least one test.
fn tested(tree: &Tree, folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (file, syntax) in tree.rust() {
        let Some(stem) = file.path.strip_prefix(folder).and_then(|rest| rest.strip_suffix(".rs"))
        else {
            continue;
        };
        if has_test(&syntax.items) {
            names.push(stem.to_owned());
        }
        names.extend(modules(&syntax.items));
    }
    names
}

fn modules(items: &[syn::Item]) -> impl Iterator<Item = String> + '_ {
    items.iter().filter_map(|item| {
        let syn::Item::Mod(syn::ItemMod { ident, content: Some((_, inner)), .. }) = item else {
            return None;
        };
        has_test(inner).then(|| ident.to_string())
    })
}

/// Whether a test stands among the items, or a macro call that may expand to one.
fn has_test(items: &[syn::Item]) -> bool {
    items.iter().any(|item| {
        let is_test =
            |a: &syn::Attribute| a.path().segments.last().is_some_and(|s| s.ident == "test");
        matches!(item, syn::Item::Fn(f) if f.attrs.iter().any(is_test))
            || matches!(item, syn::Item::Macro(call) if call.ident.is_none())
    })
}

fn untested(structure: &Structure, field: &str) -> Finding {
    let file = format!("{}{field}.rs", structure.folder);
    let problem = format!("`{field}` of {} has no tests.", structure.name);
    Finding::new(
        (&file, 1),
        "field-tests",
        problem,
        "Add accept, reject, off-by-one and bit-flip tests there.",
    )
}

#[cfg(test)]
mod tests {
    use super::{STRUCTURES, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn without_the_folder_there_are_notes_and_no_findings() {
        let (notes, findings) = check(&Tree::of(&[]));
        assert_eq!((notes.len(), findings.len()), (STRUCTURES.len(), 0));
    }

    #[test]
    fn a_field_counts_as_tested_only_if_its_file_or_module_has_a_test() {
        let tree = Tree::of(&[
            ("attestation/core/tests/snp/version.rs", "#[test] fn a() {}"),
            ("attestation/core/tests/snp/policy.rs", "fn not_a_test() {}"),
            ("attestation/core/tests/snp/tcb.rs", "mod launch_tcb { #[test] fn a() {} }"),
        ]);
        let lacking: Vec<_> = check(&tree).1.into_iter().map(|f| f.file).collect();
        assert_eq!(lacking.len(), STRUCTURES[0].fields.len() - 2);
        assert!(lacking.contains(&"attestation/core/tests/snp/policy.rs".to_owned()));
    }
}

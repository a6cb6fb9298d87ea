//! Every field of a report has a test of its own, so that one finds it by the field's name.

use super::finding::Finding;
use super::tree::Tree;

/// One structure of a specification and where the tests of its fields stand.
struct Structure {
    name: &'static str,
    /// A folder, or the one file that has a module for each field.
    place: &'static str,
    fields: &'static [&'static str],
}

/// A field's tests are a file, or a module within a file, of the field's name.
const STRUCTURES: &[Structure] = &[
    Structure {
        name: "ATTESTATION_REPORT (AMD 56860, Table 23)",
        place: "attestation/core/tests/snp/",
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
        place: "attestation/core/tests/tdx/",
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
        place: "attestation/core/tests/tpm/",
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
        place: "attestation/core/tests/azure/",
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
        place: "attestation/core/tests/event_log/",
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
    Structure {
        name: "quote signature data (Intel TDX DCAP quoting library API, A.3.8 to A.3.11)",
        place: "attestation/core/tests/tdx/fields/auth_data.rs",
        fields: &[
            "signature_data_len",
            "attestation_key",
            "certification_data_size",
            "qe_report_signature",
            "qe_authentication_data",
            "pck_chain",
        ],
    },
    Structure {
        name: "extended TD report (Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t)",
        place: "attestation/core/tests/tdx/fields/extended_report.rs",
        fields: &[
            "vmid",
            "td_id",
            "dev_info",
            "init_service_td_hash",
            "init_service_td_attributes",
            "init_cpu_svn",
            "init_tee_tcb_svn",
            "init_tee_fmspc",
            "cur_service_td_hash",
            "cur_service_td_attributes",
        ],
    },
    Structure {
        name: "quoting enclave report (Intel SGX ECDSA quote library API, table 5)",
        place: "attestation/core/tests/tdx/qe_report.rs",
        fields: &["misc_select", "attributes", "mr_signer", "isv_prod_id", "isv_svn"],
    },
    Structure {
        name: "PCK certificate's SGX extension (PCK profile 1.3.5)",
        place: "attestation/core/tests/tdx/fields/pck_certificate.rs",
        fields: &[
            "ppid",
            "sgx_tcb_comp_svn",
            "pce_svn",
            "cpu_svn",
            "pce_id",
            "fmspc",
            "sgx_type",
            "platform_instance_id",
            "configuration",
        ],
    },
    Structure {
        name: "TCB info (Intel PCS, TcbInfoV3)",
        place: "attestation/core/tests/tdx/fields/tcb_info.rs",
        fields: &[
            "id",
            "version",
            "issue_date",
            "next_update",
            "fmspc",
            "pce_id",
            "tcb_type",
            "tcb_evaluation_data_number",
            "tdx_module",
            "tdx_module_identities",
            "tcb_levels",
        ],
    },
    Structure {
        name: "QE identity (Intel PCS, EnclaveIdentityV2)",
        place: "attestation/core/tests/tdx/fields/qe_identity.rs",
        fields: &[
            "id",
            "version",
            "issue_date",
            "next_update",
            "tcb_evaluation_data_number",
            "miscselect",
            "attributes",
            "mrsigner",
            "isvprodid",
            "tcb_levels",
        ],
    },
    Structure {
        name: "VCEK and VLEK extensions (AMD 57230, Table 11)",
        place: "attestation/core/tests/snp/vek_certificate.rs",
        fields: &[
            "struct_version",
            "product_name",
            "bl_spl",
            "tee_spl",
            "snp_spl",
            "spl_4_to_7",
            "ucode_spl",
            "fmc_spl",
            "hw_id",
            "csp_id",
        ],
    },
    Structure {
        name: "certificate (RFC 5280, 4.1 and 4.2)",
        place: "attestation/core/tests/x509/certificate_fields.rs",
        fields: &[
            "version",
            "serial_number",
            "signature",
            "issuer",
            "validity",
            "subject",
            "subject_public_key_info",
            "extensions",
            "basic_constraints",
            "key_usage",
            "signature_value",
        ],
    },
    Structure {
        name: "CRL (RFC 5280, 5.1 and 5.2)",
        place: "attestation/core/tests/x509/crl_fields.rs",
        fields: &[
            "version",
            "signature",
            "issuer",
            "this_update",
            "next_update",
            "revoked_certificates",
            "crl_extensions",
            "crl_entry_extensions",
        ],
    },
];

/// Every field that lacks tests.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let lacking = STRUCTURES.iter().flat_map(|structure| {
        let names = tested(tree, structure.place);
        let lacks = move |field: &&&str| !names.iter().any(|name| name == **field);
        structure.fields.iter().filter(lacks).map(|field| untested(structure, field))
    });
    lacking.collect()
}

/// Names of the files and modules in a place that hold at least one test.
fn tested(tree: &Tree, place: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (file, syntax) in tree.rust() {
        if file.path == place {
            names.extend(modules(&syntax.items));
            continue;
        }
        let Some(stem) = file.path.strip_prefix(place).and_then(|rest| rest.strip_suffix(".rs"))
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
    let file = match structure.place.strip_suffix('/') {
        Some(folder) => format!("{folder}/{field}.rs"),
        None => structure.place.to_owned(),
    };
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

    /// Findings of one structure, in a tree with these files.
    fn lacking(place: &str, files: &[(&str, &str)]) -> Vec<String> {
        let found = check(&Tree::of(files)).into_iter();
        let of_place = |finding: &crate::tidy::finding::Finding| finding.file.starts_with(place);
        found.filter(of_place).map(|finding| finding.problem).collect()
    }

    #[test]
    fn without_any_file_every_field_is_found() {
        let fields = STRUCTURES.iter().map(|structure| structure.fields.len()).sum::<usize>();
        assert_eq!(check(&Tree::of(&[])).len(), fields);
    }

    #[test]
    fn a_field_counts_as_tested_only_if_its_file_or_module_has_a_test() {
        let files = [
            ("attestation/core/tests/snp/version.rs", "#[test] fn a() {}"),
            ("attestation/core/tests/snp/policy.rs", "fn not_a_test() {}"),
            ("attestation/core/tests/snp/tcb.rs", "mod launch_tcb { #[test] fn a() {} }"),
        ];
        let report = &STRUCTURES[0];
        let found = lacking("attestation/core/tests/snp/", &files);
        let extensions = 10;
        assert_eq!(found.len(), report.fields.len() - 2 + extensions);
        assert!(found.iter().any(|problem| problem.starts_with("`policy`")));
    }

    #[test]
    fn in_a_file_for_a_whole_structure_each_field_is_a_module() {
        let place = "attestation/core/tests/x509/crl_fields.rs";
        let text = "mod issuer { #[test] fn a() {} } mod version { level!(a); } mod signature {}";
        let found = lacking(place, &[(place, text)]);
        for (field, untested) in
            [("issuer", false), ("version", false), ("signature", true), ("this_update", true)]
        {
            let mark = format!("`{field}`");
            assert_eq!(found.iter().any(|problem| problem.starts_with(&mark)), untested, "{field}");
        }
    }
}

//! SEV-SNP: every report field by itself, the chain, and recorded Evidence.

pub(crate) mod guest;

mod author_key_digest;
mod certificate_table;
mod chain;
mod chip_id;
mod committed_tcb;
mod committed_version;
mod cpuid;
mod crl;
mod current_mit_vector;
mod current_tcb;
mod current_version;
mod family_id;
mod guest_svn;
mod host_data;
mod id_key_digest;
mod image_id;
mod key_info;
mod launch_mit_vector;
mod launch_tcb;
mod leaf_extensions;
mod measurement;
mod platform_info;
mod policy;
mod properties;
mod recorded;
mod report_data;
mod report_id;
mod report_id_ma;
mod reported_tcb;
mod reserved;
mod roots;
mod signature;
mod signature_algo;
mod version;
mod vmpl;

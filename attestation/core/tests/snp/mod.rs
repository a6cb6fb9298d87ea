//! SEV-SNP reports, field by field.

mod recorded;

//! X.509: what parses, what verifies, and that nothing panics.

mod certificate;
mod certificate_fields;
mod chaining;
mod crl;
mod crl_fields;
mod parts;
mod pem;
mod properties;

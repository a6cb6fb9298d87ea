//! X.509: what parses, what verifies, and that nothing panics.

mod certificate;
mod chaining;
mod crl;
mod parts;
mod pem;
mod properties;

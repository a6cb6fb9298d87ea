//! TDX: recorded evidence, an independent implementation as oracle, and every field by itself.

mod corpus;
mod every_bit;
mod oracle;
mod properties;
mod synthetic_pki;
mod vectors;

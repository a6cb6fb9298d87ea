//! Attestation Results as tokens: every claim and header by itself, forgeries, recorded samples,
//! and an independent implementation of JWT as oracle.

pub(crate) mod world;

mod aud;
mod azure;
mod dates;
mod ear_status;
mod eat_nonce;
mod eat_profile;
mod facts;
mod forgery;
mod header;
mod keys;
mod oracle;
mod properties;
mod recorded;
mod submods;
mod trustworthiness_vector;

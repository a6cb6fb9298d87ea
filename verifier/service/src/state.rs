//! What the service keeps beside its database: keys, certificates and the operator's token.
//!
//! All of it lies in one folder that only the service's user can enter, is made on first start,
//! and never leaves it, except `trust.pem` and `address`, which are there to be handed on.

mod authority;
mod directory;
mod error;
mod lease_keys;
mod server_certificate;
mod token;

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use cloister_attestation::ear::ResultSigner;
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_channel::name::TrustDomain;
use zeroize::Zeroizing;

use crate::challenge::Challenges;
pub use authority::Authority;
pub use directory::Directory;
pub use error::{CODES, StateError};
pub use lease_keys::{LeaseKeys, ListedKey, Ring, Rotation, Stage};
pub use server_certificate::ServerCertificate;
pub use token::OperatorToken;

/// File names inside the data folder.
pub mod files {
    /// The database.
    pub const DATABASE: &str = "verifier.sqlite";
    /// Folder of the documents that were fetched.
    pub const DOCUMENTS: &str = "documents";
    /// The issuing CA's certificate, PEM: what runtimes and operators pin.
    pub const TRUST: &str = "trust.pem";
    /// The operator's token.
    pub const TOKEN: &str = "operator.token";
    /// The address that the service listens on.
    pub const ADDRESS: &str = "address";
    pub(super) const AUTHORITY_KEY: &str = "authority.key";
    pub(super) const LEASE_KEYS: &str = "lease.keys";
    /// The one lease key of a folder that an earlier version made.
    pub(super) const LEASE_KEY: &str = "lease.key";
    pub(super) const RESULT_KEY: &str = "result.key";
    pub(super) const CHALLENGE_KEY: &str = "challenge.key";
    pub(super) const LOCK: &str = "lock";
}

/// Every key that the service holds.
#[derive(Debug)]
pub struct Keys {
    /// Issues certificates.
    pub authority: Authority,
    /// Sign leases.
    pub leases: LeaseKeys,
    /// Signs Attestation Results. A key of its own: what it signs is never a lease.
    pub results: ResultSigner,
    /// Makes and checks challenges.
    pub challenges: Challenges,
    /// Knows the operator.
    pub operator: OperatorToken,
}

impl Keys {
    /// Reads the keys from `directory`; makes those that are not there yet.
    ///
    /// # Errors
    /// [`StateError`] if a file cannot be read or written, does not hold what it should, or belongs
    /// to another trust domain.
    pub fn open(
        directory: &Directory,
        trust_domain: &TrustDomain,
        challenge_lifetime: Duration,
        now: UnixTime,
    ) -> Result<Self, StateError> {
        Ok(Self {
            authority: Authority::open(directory, trust_domain, now)?,
            leases: LeaseKeys::open(directory, now)?,
            results: results(directory)?,
            challenges: challenges(directory, challenge_lifetime)?,
            operator: OperatorToken::open(directory)?,
        })
    }
}

fn results(directory: &Directory) -> Result<ResultSigner, StateError> {
    let stored = directory.secret(files::RESULT_KEY, || Ok(SigningKey::generate_pkcs8()?))?;
    SigningKey::from_pkcs8(&stored)
        .map(ResultSigner::new)
        .map_err(|source| directory.key_error(files::RESULT_KEY, source))
}

fn challenges(directory: &Directory, lifetime: Duration) -> Result<Challenges, StateError> {
    let stored = directory.secret(files::CHALLENGE_KEY, || random(Challenges::KEY_LEN))?;
    let key = stored
        .as_slice()
        .try_into()
        .map_err(|_| StateError::Length { path: directory.path(files::CHALLENGE_KEY) })?;
    Ok(Challenges::new(key, lifetime))
}

fn random(len: usize) -> Result<Zeroizing<Vec<u8>>, StateError> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    SystemRandom::new().fill(&mut bytes).map_err(|_| StateError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;

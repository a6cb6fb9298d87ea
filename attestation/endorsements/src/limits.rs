//! Sizes, counts and durations, each with the reason for its value.

use std::time::Duration;

use cloister_attestation::limits::{
    CERTIFICATE_BYTES_MAX, COLLATERAL_BYTES_MAX, CRL_BYTES_MAX, ENDORSEMENT_BYTES_MAX,
};
use cloister_attestation::publication::Need;

/// From looking up the host to the last byte of the body. The vendors answer in a second; a
/// request for a lease that waits for two of them still ends within its own 30 seconds.
pub const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(8);

/// How long a document that is issued again and again is used before a newer one is asked for.
/// Intel issues TCB info about once a day; a revocation should not take longer than this.
pub const REFRESH_INTERVAL_DEFAULT: Duration = Duration::from_secs(60 * 60);

/// Status line and header fields of an answer together. Intel's issuer chains are 4 KiB.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Header fields of an answer. The vendors send about 20.
pub const HEADERS_MAX: usize = 64;

/// Requests to one host at once. AMD's service refuses clients that ask for much at once.
pub const REQUESTS_PER_HOST_MAX: usize = 4;

/// Documents kept in memory: one for each machine of a large fleet. More are read from the store.
pub const MEMORY_ENTRIES_MAX: usize = 4096;

/// Documents kept on disk, each of a few KiB. A chip has one certificate for each TCB that it ever
/// had, and who owns a chip can ask for many.
pub const STORE_ENTRIES_MAX: usize = 16 * 1024;

/// One entry on disk: a body in hex with its key and chain.
pub const STORE_ENTRY_BYTES_MAX: u64 = 2 * 1024 * 1024 + 256 * 1024;

/// Refused requests remembered. Whoever sends made-up chip ids causes one each.
pub const ABSENT_ENTRIES_MAX: usize = 1024;

/// How long a document that the service does not have, or that did not verify, is not asked for.
pub const ABSENT_TIME: Duration = Duration::from_secs(10 * 60);

/// How long a host is left alone after the first failure; doubled for each further one.
pub const BACK_OFF_MIN: Duration = Duration::from_secs(2);

/// How long a host is left alone at most for failing.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5 * 60);

/// How long a host may ask to be left alone with `Retry-After`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// Verifications of one piece of Evidence: the first says what is missing, the second what the
/// first could not see yet, the third concludes.
pub const ROUNDS_MAX: usize = 4;

/// A mirror's address in a configuration.
pub const ORIGIN_BYTES_MAX: usize = 512;

/// The largest body that is read for `need`.
#[must_use]
pub const fn body_bytes_max(need: &Need) -> usize {
    match need {
        Need::Vcek { .. } => CERTIFICATE_BYTES_MAX,
        Need::AmdChain { .. } => ENDORSEMENT_BYTES_MAX,
        Need::TdxTcbInfo { .. } | Need::TdQeIdentity { .. } => COLLATERAL_BYTES_MAX,
        // Whatever may be added has the largest limit of all.
        Need::AmdCrl { .. } | Need::PckCrl { .. } | Need::IntelRootCrl | _ => CRL_BYTES_MAX,
    }
}

//! Sizes and durations, each with the reason for its value.

use core::time::Duration;

use cloister_attestation::limits::ENVELOPE_BYTES_MAX;

/// One lease. Real ones are below 1 KiB; the room is for long scope and `not_asserted` lists.
pub const LEASE_BYTES_MAX: usize = 16 * 1024;

/// One lease as a JWT: the largest lease with every digest in hex and every quotation mark escaped,
/// in base64url.
pub const LEASE_JWT_BYTES_MAX: usize = 48 * 1024;

/// Certificates of peers that are remembered as verified: as many as a runtime has channels, unless
/// it is told otherwise. Each entry takes about 2 KiB.
pub const CHAINS_REMEMBERED_MAX: usize = 1024;

/// Leases of peers that are remembered as verified: as many as a runtime has channels, unless it is
/// told otherwise. Each entry takes about 1 KiB.
pub const LEASES_REMEMBERED_MAX: usize = 1024;

/// One session proof with its lease.
pub const PROOF_BYTES_MAX: usize = 64 * 1024;

/// What a visitor says first: a nonce and an agent's name.
pub const GREETING_BYTES_MAX: usize = 256;

/// One session proof with its lease and Evidence made for the session, where the ends agreed on it.
pub const EVIDENCE_PROOF_BYTES_MAX: usize = PROOF_BYTES_MAX + ENVELOPE_BYTES_MAX;

/// One renewal: a lease, and 1 KiB for the statement about it.
pub const RENEWAL_BYTES_MAX: usize = LEASE_BYTES_MAX + 1024;

/// The CMW extension of a certificate: one lease and its wrapping.
pub const EXTENSION_BYTES_MAX: usize = LEASE_BYTES_MAX + 64;

/// One certificate: the largest extension and 2 KiB for the rest.
pub const CERTIFICATE_BYTES_MAX: usize = EXTENSION_BYTES_MAX + 2 * 1024;

/// Certificates that a peer may send beside its leaf. One issuing CA signs leaves; the room is for
/// an intermediate.
pub const INTERMEDIATES_MAX: usize = 3;

/// Longest life of a lease. A runtime that is cut off from its Verifier loses its peers by then.
pub const LEASE_LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);

/// Life of a lease where the Verifier is not told otherwise.
pub const LEASE_LIFETIME_DEFAULT: Duration = Duration::from_secs(10 * 60);

/// How far a lease's `iat` may lie ahead of the given time: clocks of two machines differ. There
/// is no leeway at the other end: an expired lease is expired.
pub const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(30);

/// From the end of the TLS handshake to the verdict. Two messages and a policy decision take
/// milliseconds; the rest is for slow networks.
pub const SESSION_DEADLINE: Duration = Duration::from_secs(10);

/// Entries in the list of checks that nobody vouches for.
pub const NOT_ASSERTED_MAX: usize = 128;

/// Revoked instances held at once. Entries are forgotten when the last lease of an instance has
/// ended, so this bounds revocations within one lease lifetime.
pub const REVOKED_MAX: usize = 65_536;

/// One signed snapshot of revocations: that many entries, each with the longest agent's name and
/// reason.
pub const REVOCATIONS_BYTES_MAX: usize = REVOKED_MAX * 224 + 1024;

/// Issuers in one trust bundle: one in use, and its successors during a rotation.
pub const ISSUERS_MAX: usize = 8;

/// Lease keys in one trust bundle: one in use, and its successors during a rotation.
pub const LEASE_KEYS_MAX: usize = 8;

/// Longest trust domain name.
///
/// SPEC: SPIFFE-ID section 2.1.
pub const TRUST_DOMAIN_BYTES_MAX: usize = 255;

/// `host:port` of a runtime, as it asks the Verifier to register it: a DNS name has at most 253
/// bytes.
pub const ENDPOINT_BYTES_MAX: usize = 272;

/// One attestation document: an Evidence envelope of the largest size in base64, and 192 KiB for
/// the lease in both forms, certificates and JSON.
pub const DOCUMENT_BYTES_MAX: usize = 896 * 1024;

/// What an identity key states about the key that signs cards: one public key, below 600 bytes.
pub const CARD_KEY_STATEMENT_BYTES_MAX: usize = 2 * 1024;

/// A published authorization policy: the largest bundle, and what is around it.
pub const PUBLICATION_BYTES_MAX: usize = 257 * 1024;

/// Agents that can pass a request on, one after the other. Each adds two signatures to verify; an
/// orchestrator, its workers and theirs are three.
pub const DELEGATION_LINKS_MAX: usize = 4;

/// One chain of delegations: four links of a lease, a key and a statement, which together have about
/// 1.5 KiB, and as much again for long scopes. In base64url it is a header of 16 KiB, a quarter of
/// what a channel takes.
pub const DELEGATION_BYTES_MAX: usize = 12 * 1024;

//! Sizes that input may have, each with the reason for its value.

use core::time::Duration;

/// One Evidence envelope. A TDX quote with its event log is the largest real one: 8 KiB of quote
/// and up to 256 KiB of CCEL log as GCP guests return it.
pub const ENVELOPE_BYTES_MAX: usize = 512 * 1024;

/// One hardware report or quote. The largest recorded TDX quote file is 8,000 bytes with padding.
pub const HARDWARE_EVIDENCE_BYTES_MAX: usize = 16 * 1024;

/// The CBOR preimage of REPORT_DATA: six small fields.
pub const BINDING_BYTES_MAX: usize = 1024;

/// The manifest: names, digests and a few dozen scope strings.
pub const MANIFEST_BYTES_MAX: usize = 16 * 1024;

/// A host's certificate table or a PCK chain: three or four certificates of about 1.5 KiB.
pub const ENDORSEMENT_BYTES_MAX: usize = 64 * 1024;

/// An event log as the firmware hands it over; 256 KiB is the largest recorded.
pub const EVENT_LOG_BYTES_MAX: usize = 384 * 1024;

/// Events in one log; 116 is the most that is recorded.
pub const EVENT_LOG_EVENTS_MAX: usize = 4096;

/// Banks in one log: a TPM has two or three.
pub const EVENT_LOG_ALGORITHMS_MAX: u32 = 8;

/// One certificate. Real ones are below 2.5 KiB.
pub const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;

/// One HCL report. The NV index that holds it has 2,600 bytes; older ones have 2,048.
pub const HCL_REPORT_BYTES_MAX: usize = 4 * 1024;

/// The runtime data inside an HCL report: two keys and a dozen settings, about 1.2 KiB.
pub const RUNTIME_DATA_BYTES_MAX: usize = 2 * 1024;

/// One `TPMS_ATTEST` or `TPMT_SIGNATURE`: below 250 bytes, and a signature of 4096 bits.
pub const TPM_STRUCTURE_BYTES_MAX: usize = 1024;

/// All 24 PCRs of the widest bank that is accepted.
pub const PCR_VALUES_BYTES_MAX: usize = 24 * 48;

/// One CRL. Intel's platform CRL is below 4 KiB; AMD's hold three entries.
pub const CRL_BYTES_MAX: usize = 1024 * 1024;

/// One TCB info or QE identity document; the largest recorded is below 24 KiB.
pub const COLLATERAL_BYTES_MAX: usize = 256 * 1024;

/// Text inside a manifest or a Reference Value: names, scopes, regions.
pub const NAME_BYTES_MAX: usize = 128;

/// Scope entries in one manifest.
pub const SCOPES_MAX: usize = 64;

/// How deep a tree of data items is nested. The deepest that is read, a measurement in a CoRIM,
/// is 12 deep.
pub const ITEM_DEPTH_MAX: usize = 16;

/// One Attestation Result as a token. Real ones are below 8 KiB; a result that failed in
/// everything lists every check by name.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

/// Longest life of an Attestation Result as a token: what it says about a machine ages.
pub const RESULT_LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);

/// How far a result's `iat` may lie ahead of the given time: clocks of two machines differ.
/// There is no leeway at the other end: an expired result is expired.
pub const RESULT_NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(30);

/// An audience or an issuer: a URI or a DNS name.
pub const AUDIENCE_BYTES_MAX: usize = 512;

/// The protected header of a JWS apart from its payload, in base64url. One with a chain of
/// certificates in it may have a few KiB.
pub const JWS_HEADER_BYTES_MAX: usize = 4 * 1024;

/// Keys in one JSON Web Key Set.
pub const RESULT_KEYS_MAX: usize = 32;

/// A whole bundle: some 4,000 machines with a certificate of 1.5 KiB each.
pub const BUNDLE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Entries of one bundle: as many machines as fit its bytes, and what they share.
pub const BUNDLE_ENTRIES_MAX: usize = 8 * 1024;

/// An appraisal policy as JSON. The built-in one has 3 KiB; lists of machines make it long.
pub const POLICY_BYTES_MAX: usize = 1024 * 1024;

/// One Reference Values document as JSON: a few hundred launch shapes.
pub const REFERENCE_BYTES_MAX: usize = 256 * 1024;

/// One CoRIM: some hundred launch shapes of an image, at about 600 bytes each.
pub const CORIM_BYTES_MAX: usize = 256 * 1024;

/// Verified endorsements that a Verifier keeps: one or two for each machine, for some thousand
/// machines at a time.
pub const CACHE_ENTRIES_MAX: usize = 4096;

/// The same in bytes. An SEV-SNP chain takes about 10 KiB, a TDX platform about 20.
pub const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Of one machine. Two suffice while its certificate or a CRL is being replaced.
pub const CACHE_ENTRIES_PER_MACHINE_MAX: usize = 4;

/// Vendor documents whose newest issue the cache knows: three CRLs each, and TCB info for each
/// processor family, of which Intel lists less than two hundred.
pub const CACHE_DOCUMENTS_MAX: usize = 1024;

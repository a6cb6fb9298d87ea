//! Sizes, counts and durations, each with the reason for its value.

use std::time::Duration;

use cloister_attestation::limits::ENVELOPE_BYTES_MAX;
use cloister_channel::limits::LEASE_LIFETIME_MAX;

/// The configuration file. A full one is below 4 KiB.
pub const CONFIG_BYTES_MAX: u64 = 64 * 1024;

/// An appraisal policy or a simulator's anchor file.
pub const POLICY_BYTES_MAX: u64 = 256 * 1024;

/// One protobuf request: the largest envelope, and room for keys, proofs and endpoint.
pub const MESSAGE_BYTES_MAX: usize = ENVELOPE_BYTES_MAX + 16 * 1024;

/// One JSON request: the same as base64.
pub const JSON_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 3 * 4 + 4;

/// A Reference Values document: some hundred launch shapes.
pub const REFERENCE_VALUES_BYTES_MAX: usize = 256 * 1024;

/// Versions that one image takes the place of.
pub const REPLACED_MAX: usize = 32;

/// An operator's reason, for the record.
pub const REASON_BYTES_MAX: usize = 1024;

/// A request's header fields together. A bearer token and gRPC's own fields are below 1 KiB.
pub const HEADER_BYTES_MAX: u32 = 16 * 1024;

/// HTTP/1 read buffer; hyper refuses less than 8 KiB, and header fields have to fit.
pub const HTTP1_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Requests at once on one connection: a runtime watches, renews and resolves.
pub const STREAMS_MAX: u32 = 64;

/// From accept to the end of the TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// From a request's first byte to the head of its response. Bodies arrive within it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// From a connection's first byte to the end of a request's header fields.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// From the TLS handshake to a connection's first request. Nobody dials to say nothing.
pub const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// HTTP/2 pings: a peer that vanished is noticed after an interval and a timeout.
pub const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a ping may stay unanswered.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long running requests may take to end once the service stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Admissions that may wait for a processor; more are told to come back. At 1 ms of verification
/// each, the last in the queue waits less than a second.
pub const ADMISSIONS_WAITING_MAX: usize = 256;

/// Admissions in one transaction: as many as may wait. Their rows have 13 values at most, far below
/// what one statement may bind.
pub const ADMISSIONS_WRITTEN_MAX: usize = ADMISSIONS_WAITING_MAX;

/// How long admissions gather for one transaction once there is a crowd: about as long as a crowd
/// waits for a processor anyway, and nothing against the minutes that a lease lives.
pub const ADMISSIONS_GATHERED: Duration = Duration::from_millis(25);

/// Events read from the log in one go.
pub const EVENT_BATCH_MAX: u32 = 256;

/// How often a watch on which nothing happens says that it is still there, and looks whether its
/// caller still holds a lease.
pub const WATCH_HEARTBEAT: Duration = Duration::from_secs(10);

/// How long one watcher may leave an event unread before it is cut off.
pub const WATCH_STALL_MAX: Duration = Duration::from_secs(10);

/// Events kept after the revocations that they announce are forgotten: enough for a watcher that
/// was away for a while. The newest is always kept, since it carries the sequence.
pub const EVENTS_KEPT: u32 = 4096;

/// Refused verdicts kept: anybody can cause one, so that their number is bounded, and their age.
pub const REFUSALS_KEPT: u32 = 10_000;

/// How long refused verdicts are kept.
pub const REFUSAL_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Refusals between two that forget the oldest: as many may be there beyond the limit.
pub const REFUSALS_PRUNE_INTERVAL: u64 = 256;

/// Refusals forgotten in one go, so that a write stays short. More than may have gathered.
pub const REFUSALS_PRUNED_MAX: u32 = 4096;

/// How long verdicts are kept at all.
pub const VERDICT_RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Checkpoints kept of one runtime's audit log: hours of them. What its peers were shown is compared
/// with these.
pub const CHECKPOINTS_KEPT: u32 = 256;

/// Checkpoints of peers in one message: the newest of as many as a runtime follows.
pub const WITNESSED_MAX: usize = cloister_audit::WITNESSES_MAX;

/// How long an instance stays listed after its last lease ended.
pub const INSTANCE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How often what may be forgotten is forgotten.
pub const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(60);

/// How long a write waits for another one in the database.
pub const DATABASE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to the database: readers do not wait for the writer.
pub const DATABASE_CONNECTIONS_MAX: u32 = 8;

/// Life of the certificate that the Verifier itself shows. It is replaced after a quarter of that.
pub const SERVER_CERTIFICATE_LIFETIME: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// Life of the issuing CA's certificate.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How far before now a certificate's validity starts: clocks of two machines differ.
pub const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(30);

/// Longest life of a challenge.
pub const CHALLENGE_LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);

/// How long a lease key is listed before it signs: longer than a relying party keeps the key set,
/// which is told to fetch it again after [`KEY_SET_MAX_AGE`]; and so long that no more keys than a
/// trust bundle holds are listed at once, however often they are rotated.
pub const LEASE_KEY_LEAD: Duration = Duration::from_secs(15 * 60);

/// How long a lease key stays listed after it signed for the last time: the longest lease's life.
pub const LEASE_KEY_TAIL: Duration = LEASE_LIFETIME_MAX;

/// How long a relying party may keep the key set.
pub const KEY_SET_MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// Appraisal policies listed at once. All are kept.
pub const POLICIES_LISTED_MAX: u32 = 100;

/// Images that are compared with Evidence whose manifest none has, to tell what is different.
pub const COMPARED_IMAGES_MAX: u32 = 64;

/// Life of an Attestation Result: long enough to be passed on, too short to be kept.
pub const RESULT_LIFETIME: Duration = Duration::from_secs(5 * 60);

//! Sizes and counts that nothing may exceed, each with the reason for its value.

use core::time::Duration;

use cloister_channel::limits::REVOCATIONS_BYTES_MAX;

/// One configuration file, or a PEM file that it names. Real ones are below 8 KiB.
pub const CONFIG_BYTES_MAX: u64 = 256 * 1024;

/// A policy bundle. Cedar text of a few hundred rules is below 100 KiB.
pub const POLICY_BYTES_MAX: u64 = 1024 * 1024;

/// Files that are measured as one workload; a Python agent lists a few dozen.
pub const WORKLOAD_FILES_MAX: usize = 4096;

/// Tool servers of one runtime.
pub const TOOL_SERVERS_MAX: usize = 64;

/// How long a tool server may take to end once its input is closed, before it is told to.
pub const TOOL_INPUT_GRACE: Duration = Duration::from_secs(1);

/// Ports that one agent may have webhooks at.
pub const WEBHOOK_PORTS_MAX: usize = 64;

/// Paths beside its program and files that an agent may be shown.
pub const FENCE_PATHS_MAX: usize = 256;

/// Folders that an agent may write to, and all that fits into them, in MiB.
pub const SCRATCH_MAX: usize = 16;
/// See [`SCRATCH_MAX`].
pub const SCRATCH_MIB_MAX: u32 = 64 * 1024;

/// Memory of an agent unless `agent.toml` says otherwise, in MiB.
pub const MEMORY_MIB_DEFAULT: u32 = 512;

/// Processes and threads of an agent unless `agent.toml` says otherwise.
pub const PROCESSES_DEFAULT: u32 = 256;

/// Destinations that one agent may reach outside of its guest.
pub const DESTINATIONS_MAX: usize = 256;

/// Connections out of the fence at a time.
pub const EGRESS_CONNECTIONS_MAX: usize = 256;

/// How long a destination may take to answer.
pub const EGRESS_CONNECT_MAX: Duration = Duration::from_secs(10);

/// How often the kernel is asked what the agent was denied.
pub const FENCE_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Environment variables that an agent may be given.
pub const ENVIRONMENT_MAX: usize = 256;

/// The longest time that an agent may ask for to end by itself. A revocation waits for it.
pub const STOP_GRACE_SECS_MAX: u64 = 60;

/// How long the first process of a guest waits for a runtime that was told to end: longer than an
/// agent may take.
pub const GUEST_STOP_MAX: Duration = Duration::from_secs(STOP_GRACE_SECS_MAX + 30);

/// One line of an agent's output in the log; the rest of a longer line is dropped and counted.
pub const LOG_LINE_BYTES_MAX: usize = 8 * 1024;

/// Channels that one runtime keeps open, both directions together, unless `node.toml` says less
/// or more. 64 KiB each is the bar for an idle one.
pub const CHANNELS_DEFAULT: usize = 1024;

/// Handshakes at a time unless `node.toml` says otherwise. Each costs a few signatures and is
/// what an unauthenticated stranger can make us spend.
pub const HANDSHAKES_DEFAULT: usize = 64;

/// From the accepted connection to the verdict. Ten round trips of a slow network.
pub const HANDSHAKE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// What is read of a channel's socket at a time: two TLS records.
pub const READ_AHEAD_BYTES: usize = 32 * 1024 + 512;

/// What is written to a channel together: one TLS record.
pub const COALESCED_BYTES_MAX: usize = 16 * 1024;

/// What a peer may send on one stream of a channel before it is read. Enough for 300 ms at 50 Mbit/s.
pub const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;

/// The same of all streams together.
pub const CHANNEL_WINDOW_BYTES: u32 = 5 * 1024 * 1024;

/// What waits to be sent on one channel, beyond which a stream takes no more.
pub const SEND_BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// Streams in use on a channel from which on its writes wait for others that are ready.
pub const COALESCED_STREAMS_MIN: usize = 4;

/// Streams that one peer may have open on one channel at a time.
pub const STREAMS_MAX: u32 = 1024;

/// Requests at a time on one dialled channel: the streams that the peer permits, but for the
/// channel's own two.
pub const REQUESTS_MAX: u32 = STREAMS_MAX - 2;

/// Renewals that a peer may leave unread. There is one for each lease, so that a peer with so many
/// does not read at all.
pub const RENEWALS_UNREAD_MAX: usize = 4;

/// An unused channel is closed after this and dialled again on need.
pub const IDLE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// How long a shutdown waits for streams to end.
pub const DRAIN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// One request to the Verifier, from the dialled connection to the answer.
pub const VERIFIER_TIMEOUT: Duration = Duration::from_secs(15);

/// Endpoints of one agent that are tried for one dial.
pub const ENDPOINTS_MAX: usize = 8;

/// Connections to the operator port at a time: a person and a scraper.
pub const OPERATOR_CONNECTIONS_MAX: usize = 16;

/// How long after SIGKILL a process may still show up before we say that it is not gone.
pub const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Events of the Verifier that are taken into account at once, where so many are there: the more,
/// the less often channels are looked at, and the later the first of them counts.
pub const EVENTS_AT_ONCE: usize = 256;

/// How often the Verifier's end of a watch is probed: a dead one is noticed within two of these.
pub const VERIFIER_KEEPALIVE: Duration = Duration::from_secs(10);

/// One answer with a trust bundle: the largest snapshot of revocations, and room for certificates
/// and a lease.
pub const TRUST_BYTES_MAX: usize = REVOCATIONS_BYTES_MAX + 1024 * 1024;

/// Headers of one request or response on a channel.
pub const HEADERS_BYTES_MAX: u32 = 64 * 1024;

/// How often a silent channel is probed unless `node.toml` says otherwise: a dead peer is noticed
/// within two of these.
pub const KEEPALIVE_DEFAULT: Duration = Duration::from_secs(20);

/// Connections of the local agent at a time. It has no reason for more; a defect in it may.
pub const SURFACE_CONNECTIONS_MAX: usize = 1024;

/// Agents that have a local address of their own at a time. A card of one more offers no gRPC.
pub const DOORS_MAX: usize = 256;

/// Addresses that are tried for one of them; another program may have taken some.
pub const DOOR_TRIES_MAX: usize = 8;

/// How often open channels are compared with the time: what ends is closed within this.
pub const ENFORCE_INTERVAL: Duration = Duration::from_millis(500);

/// How long a readiness probe waits for the agent's port. It is on loopback.
pub const AGENT_PROBE_TIMEOUT: Duration = Duration::from_millis(250);

/// How often a simulated runtime says in its log that it is one.
pub const SIMULATED_WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Connections at a time that ask for the attestation document. Anybody can open one.
pub const DOCUMENT_CONNECTIONS_MAX: usize = 32;

/// How long such a connection may last: a handful of requests over a slow network.
pub const DOCUMENT_CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests at a time on such a connection.
pub const DOCUMENT_STREAMS_MAX: u32 = 4;

/// Headers of a request for the document. A browser's are below 4 KiB.
pub const DOCUMENT_HEADERS_BYTES_MAX: u32 = 16 * 1024;

/// Visitors at a time. A person's machine has one; the agent has other things to do.
pub const VISITORS_MAX: usize = 64;

/// Of these from one address, or one IPv6 network: an office behind one address.
pub const VISITORS_PER_ADDRESS_MAX: usize = 16;

/// Visits that may be begun at once from one address. Each costs two signatures.
pub const VISITS_BURST: u32 = 32;

/// After that, one more this often.
pub const VISITS_INTERVAL: Duration = Duration::from_secs(1);

/// Addresses whose visits are remembered for that. Each takes less than 100 bytes.
pub const VISIT_ADDRESSES_MAX: usize = 4096;

/// Evidence for documents that may be asked for at once, by everybody together.
pub const DOCUMENT_EVIDENCE_BURST: u32 = 4;

/// After that, one more this often. A TEE needs tens of milliseconds for one, and its firmware
/// serves every guest of the machine.
pub const DOCUMENT_EVIDENCE_INTERVAL: Duration = Duration::from_secs(1);

/// Evidence for sessions that may be made at once, where either end demands it of each.
pub const SESSION_EVIDENCE_BURST: u32 = 16;

/// After that, one more this often: peers are admitted runtimes, and their channels last.
pub const SESSION_EVIDENCE_INTERVAL: Duration = Duration::from_millis(250);

/// Failed dials of one peer in a row before it is left alone for a while.
pub const BREAKER_FAILURES_MAX: u32 = 5;

/// How long a trial of a peer that did not answer may go unheard of: every endpoint of it, each
/// with the default handshake timeout.
pub const BREAKER_TRIAL_MAX: Duration = Duration::from_secs(80);

/// Times that one request is sent again, if each time it certainly was not delivered.
pub const RETRIES_MAX: u32 = 2;

/// What is kept of a request's body so that it can be sent again. Most requests are smaller.
pub const REPLAY_BYTES_MAX: usize = 64 * 1024;

/// Requests that wait for a channel to one peer unless `node.toml` says otherwise. A dial takes
/// milliseconds; more than this arrive only while it fails.
pub const WAITING_PER_PEER_DEFAULT: usize = 128;

/// Requests that wait for a channel to any peer unless `node.toml` says otherwise.
pub const WAITING_DEFAULT: usize = 512;

/// Peers whose breaker metrics name one by one; the others are in the sums.
pub const BREAKERS_SHOWN_MAX: usize = 64;

/// What is kept of the audit log in memory: about ten thousand operations. All that there is of a
/// log without a disk.
pub const AUDIT_MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Records that wait for the disk. A request waits for its record, so that more than this wait only
/// while the disk stands still.
pub const AUDIT_PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What may be broken at the end of a log that an earlier boot left: one write of what was pending,
/// with the last record that found room.
pub const AUDIT_TORN_BYTES_MAX: u64 = 5 * 1024 * 1024;

/// How often the audit log is signed while it grows. What follows the last signature can be cut off
/// unnoticed.
pub const AUDIT_CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);

/// How often the Verifier is shown the audit log between renewals, while it grows.
pub const AUDIT_SHOW_INTERVAL: Duration = Duration::from_secs(60);

/// Messages about audit logs that a peer may send at once on one channel. Each costs a signature
/// and two verifications, and a record.
pub const WITNESS_BURST: u32 = 8;

/// After that, one more this often.
pub const WITNESS_INTERVAL: Duration = Duration::from_secs(5);

/// Messages that the end that dialled sends at once: its own log, and its word for the other's.
pub const WITNESS_ROUND_MAX: u32 = 2;

/// How long such a message may take: a record of it is durable before it is answered.
pub const WITNESS_TIMEOUT: Duration = Duration::from_secs(10);

/// Channels begin to show their logs within this: not all of them at one moment.
pub const WITNESS_SPREAD: Duration = Duration::from_secs(2);

/// Failed authentications of strangers that are recorded at once, each of them.
pub const AUDIT_STRANGERS_BURST: u32 = 64;

/// After that, one more this often; the others are counted.
pub const AUDIT_STRANGERS_INTERVAL: Duration = Duration::from_millis(250);

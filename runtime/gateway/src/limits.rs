//! Sizes and times, each with the reason for its value.

use core::time::Duration;

/// What is read of a request's body before it is forwarded. A JSON-RPC request has to fit, because
/// its operation is inside. Of the others the ids are inside; what follows is watched as it streams
/// by, so that files of any size travel. Official SDKs write ids before the parts of a message.
pub(crate) const PEEK_BYTES_MAX: usize = 1024 * 1024;

/// How long a body that is being read whole may pause.
pub(crate) const PEEK_IDLE_MAX: Duration = Duration::from_secs(30);

/// Containers inside containers in a JSON-RPC request. The limit of protobuf's own JSON readers,
/// which many agents use: what is deeper would not be understood there.
pub(crate) const JSON_DEPTH_MAX: usize = 100;

/// Members of one object whose members are read while it streams by: their names are remembered,
/// since none may come twice. A request has less than ten.
pub(crate) const MEMBERS_MAX: usize = 1024;

/// The name of one of them. Those of the protocol are below 32 bytes.
pub(crate) const MEMBER_NAME_BYTES_MAX: usize = 1024;

/// A JSON-RPC id. Clients use numbers and UUIDs.
pub(crate) const REQUEST_ID_BYTES_MAX: usize = 256;

/// One agent card. Real ones are below 16 KiB; a card is read whole to be rewritten.
pub(crate) const CARD_BYTES_MAX: usize = 512 * 1024;

/// Interfaces in one card: three bindings, two protocol versions, some tenants.
pub(crate) const INTERFACES_MAX: usize = 64;

/// Signatures on one card: a few keys of one publisher, old and new.
pub(crate) const SIGNATURES_MAX: usize = 16;

/// How long whoever is shown a card may keep it. It is made for one reader and under one lease.
pub(crate) const CARD_CACHE_MAX: Duration = Duration::from_secs(30);

/// How long the gateway waits for a card that it fetches on its own account.
pub(crate) const CARD_FETCH_MAX: Duration = Duration::from_secs(10);

/// How long a card is believed without asking again. An agent may be restarted with other
/// interfaces; a request that matches none asks again at once, see [`CARD_REFETCH_AFTER`].
pub(crate) const CARD_AGE_MAX: Duration = Duration::from_secs(30);

/// A request that matches no interface of the known card has the card fetched again, unless it is
/// this young: unknown paths must not become a way to make the gateway fetch without end.
pub(crate) const CARD_REFETCH_AFTER: Duration = Duration::from_secs(1);

/// Cards remembered at once, by peer instance.
pub(crate) const CARDS_MAX: usize = 1024;

/// How long connecting to the local agent may take: it is on loopback.
pub(crate) const AGENT_CONNECT_MAX: Duration = Duration::from_secs(5);

/// Idle connections to the agent are dropped before its server would: uvicorn and Node.js close
/// after 5 seconds, and a request that meets a closing connection fails.
pub(crate) const AGENT_IDLE_MAX: Duration = Duration::from_secs(4);

/// Requests of all peers in flight at a time. One peer alone gets half of it: enough for the
/// thousand streams that a channel may carry, with as many again for others. A request in flight
/// takes some 10 KiB.
pub(crate) const REQUESTS_MAX: usize = 4096;

/// Accounts that limits are kept for: a few policies with limits, for each peer.
pub(crate) const ACCOUNTS_MAX: usize = 16 * 1024;

/// How long a break of an answer waits for what stands in front of it to be written: long against
/// a write, short against anything that a person notices.
pub(crate) const BREAK_LAG: Duration = Duration::from_millis(10);

/// What a caller is asked to wait before it tries an unreachable agent again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Tasks and contexts whose owners are remembered, for all peers of the agent: some 20 MiB. Beyond
/// that, whoever has most loses its oldest.
pub(crate) const OWNED_MAX: usize = 100_000;

/// A list of tasks that is read whole, because others' tasks are taken out of it. Callers ask for
/// pages, and without artifacts unless they say so.
pub(crate) const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One message of a tool server: a resource in Base64, a long result. It is read whole, since it may
/// be another than it says.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Tools of one server whose definitions are remembered. Large servers have a few hundred.
pub(crate) const TOOLS_MAX: usize = 4096;

/// Pages that the runtime reads to know them.
pub(crate) const LIST_PAGES_MAX: usize = 64;

/// Digests that one pin may have: one for each revision of the protocol, old and new.
pub(crate) const PINS_OF_ONE_MAX: usize = 8;

/// How long a definition is believed without asking again. Servers need not say that they changed.
pub(crate) const DEFINITION_AGE_MAX: Duration = Duration::from_secs(30);

/// A tool that is in no list has the list read again, unless that was this long ago.
pub(crate) const DEFINITIONS_REFETCH_AFTER: Duration = Duration::from_secs(1);

/// How long the runtime waits for a list that it asks for on its own account.
pub(crate) const DEFINITIONS_FETCH_MAX: Duration = Duration::from_secs(10);

/// Requests of a server that are declined at once, for one request of its caller.
pub(crate) const DECLINES_OF_ONE_MAX: usize = 16;

/// How long a server may take to hear that its request is declined.
pub(crate) const DECLINE_MAX: Duration = Duration::from_secs(10);

/// Callers, sessions and credentials for which a server's tools are remembered at a time.
pub(crate) const VIEWS_MAX: usize = 256;

/// Definitions that are told of as not expected, for one server and boot; the others are counted.
pub(crate) const DRIFTS_REPORTED_MAX: usize = 256;

/// Definitions of one server that a report looks through.
pub(crate) const REPORTED_MAX: usize = 16 * 1024;

/// Events of a session whose ids are remembered, so that a stream may go on after one of them.
pub(crate) const EVENTS_REMEMBERED_MAX: usize = 256;

/// Processes of one tool server at a time: one for each session, and one for requests without.
pub(crate) const PROCESSES_MAX: usize = 64;

/// Of these, sessions of one caller.
pub(crate) const PROCESSES_OF_ONE_MAX: usize = 16;

/// Requests that one such process has not answered.
pub(crate) const PENDING_MAX: usize = 256;

/// Messages that wait for one of its readers, or for it to read.
pub(crate) const MESSAGES_WAITING_MAX: usize = 64;

/// The id of an MCP session. Servers mint UUIDs, and some signed tokens.
pub(crate) const SESSION_ID_BYTES_MAX: usize = 1024;

/// Resources whose changes one request may ask to hear of; policy is asked about each.
pub(crate) const WATCHED_MAX: usize = 64;

/// How long a client may keep a list that was made for it: a policy may change, and a lease ends
/// within minutes.
pub(crate) const LIST_TTL_MS_MAX: u64 = 30_000;

/// Sessions at one tool server, for all callers.
pub(crate) const SESSIONS_MAX: usize = 4096;

/// Sessions of one caller at one tool server: one for each conversation that it leads.
pub(crate) const SESSIONS_OF_ONE_MAX: usize = 256;

/// How long a session may go unused. Clients of the older revisions keep one for a conversation.
pub(crate) const SESSION_IDLE_MAX: Duration = Duration::from_secs(60 * 60);

/// Push notification configurations at one end of this runtime, for all peers: some 4 MiB.
pub(crate) const PUSH_CONFIGS_MAX: usize = 4096;

/// Of these, for one peer: a few for each task that runs.
pub(crate) const PUSH_CONFIGS_OF_ONE_MAX: usize = 512;

/// How long a configuration outlives its task: the last notification may still be on its way, and
/// callers look at what they asked for.
pub(crate) const PUSH_AFTER_TASK: Duration = Duration::from_secs(10 * 60);

/// How long a configuration may go without a notification. Tasks last for hours, rarely for days.
pub(crate) const PUSH_UNUSED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// One notification, one message that brings a configuration, and one answer about configurations:
/// each is read whole, as a JSON-RPC request is.
pub(crate) const PUSH_BODY_BYTES_MAX: usize = PEEK_BYTES_MAX;

/// Notifications of one configuration that wait for delivery. An agent sends one for each change
/// of a task; more than this wait only while its peer cannot be reached.
pub(crate) const PUSH_WAITING_OF_ONE_MAX: usize = 64;

/// What all notifications that wait may take, in KiB. Each counts as one at least.
pub(crate) const PUSH_WAITING_KIB_MAX: usize = 32 * 1024;

/// How long the same notification counts as a repetition. Agents that try again do so for a minute
/// or two.
pub(crate) const PUSH_REPEAT_WINDOW: Duration = Duration::from_secs(5 * 60);

/// Notifications that are compared with one that comes.
pub(crate) const PUSH_SEEN_MAX: usize = 128;

/// One attempt to deliver, a dial and the webhook's answer included.
pub(crate) const PUSH_ATTEMPT_MAX: Duration = Duration::from_secs(30);

/// How often a notification is tried: with the waits between them for about a minute.
pub(crate) const PUSH_ATTEMPTS_MAX: u32 = 8;

/// The wait after the first failed attempt.
pub(crate) const PUSH_RETRY_FIRST: Duration = Duration::from_millis(500);

/// The longest wait between two attempts.
pub(crate) const PUSH_RETRY_MOST: Duration = Duration::from_secs(30);

/// What is read of an answer to a delivery, which has none or says why it was refused.
pub(crate) const PUSH_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a webhook of the local agent may take. Official SDKs give up after 5 to 30 seconds.
pub(crate) const PUSH_WEBHOOK_MAX: Duration = Duration::from_secs(10);

/// Delegations that the local agent may pass on: one for each request that it works on, with what
/// came and went within a lease's lifetime. Some 8 KiB each.
pub(crate) const HANDLES_MAX: usize = 4096;

/// Those that one peer presented.
pub(crate) const HANDLES_OF_ONE_MAX: usize = 512;

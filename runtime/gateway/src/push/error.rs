//! Why a push notification, or its configuration, was not carried.

use cloister_attestation::code::{Code, Diagnostic};

use super::webhook::WebhookError;
use crate::limits::PUSH_BODY_BYTES_MAX;

cloister_attestation::codes! {
    /// The webhook is not one that the runtime may call.
    WEBHOOK = "gateway.push.webhook", Caller, "A2A 1.0.1 section 13.2",
        "Give a webhook `http://127.0.0.1:PORT/...` whose port is the agent's own or stands under `[push]` of agent.toml.",
        "Notifications come back through the attested channel and are posted by this runtime, on loopback and to the ports that the measured agent.toml permits. Another address could leave the enclave, and another port could be anything of this machine.";
    /// The configuration cannot be read in one way.
    CONFIG = "gateway.push.config", Caller, "A2A 1.0.1 section 4.3.1",
        "Send one push notification configuration with a url, every field once, in a message of less than 1 MiB.",
        "A push notification configuration is replaced on its way: the url leads back through the channel, and token and authentication stay with the runtime of whoever gave them. This one has no url, has a field twice or of another type, comes twice under two names, or stands in a message that is too large to be read whole.";
    /// There is no room for another one.
    FULL = "gateway.push.full", Peer, "",
        "Delete configurations of tasks that are over, or wait until queued notifications are delivered.",
        "A runtime keeps a limited number of push notification configurations for each peer and altogether, and a limited number of notifications that wait for delivery.";
    /// A visitor asks to be called back.
    VISITOR = "gateway.push.visitor", Caller, "A2A 1.0.1 section 5.4",
        "Follow the task with SubscribeToTask or GetTask.",
        "Notifications are delivered to attested runtimes. A visitor is not attested and cannot be dialled, so that there is nowhere to deliver to.";
    /// No such configuration.
    UNKNOWN = "gateway.push.unknown", Caller, "",
        "Register the push notification configuration anew.",
        "The URL is none that this runtime has given to anybody, or its configuration is over: it was deleted, its task ended a while ago, its peer was revoked, or one of the two runtimes was started anew. To a peer, a URL that was given to another peer, or for another task, is answered for in the same way.";
    /// The notification is of another task.
    OTHER_TASK = "gateway.push.other_task", Caller, "A2A 1.0.1 section 4.3.3",
        "Post to the URL that the configuration of the notification's own task names.",
        "Each URL belongs to one configuration of one task of one peer. A notification about another task could tell a peer what is none of its business.";
    /// The notification cannot be read.
    NOTICE = "gateway.push.notice", Caller, "A2A 1.0.1 section 4.3.3",
        "Post one JSON StreamResponse, or in version 0.3 a Task, of at most 1 MiB that names its task.",
        "A push notification is read as far as its task and the task's state go, since it is delivered for its own task alone. This one is no JSON object, names no task or two, or is too large.";
    /// The webhook does not take it.
    UNDELIVERED = "gateway.push.undelivered", Operator, "A2A 1.0.1 section 4.3.3",
        "Check that the agent's webhook listens, and answers notifications with a status between 200 and 299.",
        "The runtime posted a notification to its agent's webhook and got no answer, or one that says that it was not taken. The other runtime tries again for about a minute.";
    /// The agent's answer about configurations cannot be shown.
    ANSWER = "gateway.push.answer", Operator, "A2A 1.0.1 section 4.3.1",
        "Have the agent answer with the configurations as the protocol has them, in less than 1 MiB and uncompressed.",
        "In an answer about push notification configurations each url is replaced by the one that its caller gave. This answer cannot be read, or shows a configuration whose url is not the one that it was given.";
    /// No random numbers.
    RANDOM = "gateway.push.random", Operator, "",
        "Check the system's random number generator.",
        "The system gave no random bytes for a capability. Nothing predictable is used instead.";
}

/// Why a push notification, or its configuration, was not carried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PushError {
    #[error("the webhook cannot be called: {0}")]
    Webhook(#[from] WebhookError),
    #[error("the push notification configuration {0}")]
    Config(&'static str),
    #[error("there is no room for {0}")]
    Full(&'static str),
    #[error("a visitor cannot be notified")]
    Visitor,
    #[error("there is no such push notification configuration")]
    Unknown,
    #[error("the notification is of another task than its URL")]
    OtherTask,
    #[error("the notification {0}")]
    Notice(&'static str),
    #[error("the notification is larger than {PUSH_BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the webhook did not take the notification: {0}")]
    Undelivered(String),
    #[error("the answer about push notification configurations {0}")]
    Answer(&'static str),
    #[error("the system gives no random numbers")]
    Random,
}

impl Diagnostic for PushError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Webhook(_) => &WEBHOOK,
            Self::Config(_) => &CONFIG,
            Self::Full(_) => &FULL,
            Self::Visitor => &VISITOR,
            Self::Unknown => &UNKNOWN,
            Self::OtherTask => &OTHER_TASK,
            Self::Notice(_) | Self::TooLarge => &NOTICE,
            Self::Undelivered(_) => &UNDELIVERED,
            Self::Answer(_) => &ANSWER,
            Self::Random => &RANDOM,
        }
    }
}

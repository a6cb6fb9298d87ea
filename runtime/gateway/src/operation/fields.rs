//! Which fields of a request's parameters are read, as data: the same for every binding that has
//! them as JSON, and by number for protobuf. Everything else is skipped unread.
//!
//! SPEC: A2A 1.0.1, the protobuf definition `lf.a2a.v1`; A2A 0.3.0, its JSON schema and its
//! protobuf definition `a2a.v1`.

use super::said::Slot;

/// What is done with a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Take<T: 'static> {
    /// It is a text.
    Text(Slot),
    /// It is a list of texts.
    Texts(Slot),
    /// It is a message, whose fields are read in turn.
    Enter(Within, &'static [T]),
}

/// What a message inside a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// What is sent to the agent.
    Message,
    /// The configuration of a send.
    Configuration,
    /// A push notification configuration.
    Push,
    /// A wrapper around one.
    Wrapper,
}

/// A JSON member, by its name in lower case and without underscores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member(pub(crate) &'static str, pub(crate) Take<Self>);

/// A protobuf field, by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field(pub(crate) u32, pub(crate) Take<Self>);

/// A push notification configuration that comes with a message, by the names of every version and
/// binding: a lenient agent may take one of another version.
const fn pushes(inside: &'static [Member]) -> [Member; 3] {
    const fn push(name: &'static str, inside: &'static [Member]) -> Member {
        Member(name, Take::Enter(Within::Push, inside))
    }
    [
        push("taskpushnotificationconfig", inside),
        push("pushnotificationconfig", inside),
        push("pushnotification", inside),
    ]
}

const TENANT: Member = Member("tenant", Take::Text(Slot::Tenant));
const MESSAGE: Member = Member("message", Take::Enter(Within::Message, IN_MESSAGE));
const IN_MESSAGE: &[Member] = &[
    Member("taskid", Take::Text(Slot::Task)),
    Member("contextid", Take::Text(Slot::Context)),
    Member("referencetaskids", Take::Texts(Slot::Reference)),
];

/// The JSON of version 1.0, which JSON-RPC and HTTP+JSON share.
pub(super) mod json {
    use super::{MESSAGE, Member, Slot, TENANT, Take, Within, pushes};

    const IN_PUSH: &[Member] = &[Member("taskid", Take::Text(Slot::Task))];
    const IN_CONFIGURATION: &[Member] = &pushes(IN_PUSH);
    const CONFIGURATION: Take<Member> = Take::Enter(Within::Configuration, IN_CONFIGURATION);

    pub(in super::super) const SEND: &[Member] =
        &[TENANT, MESSAGE, Member("configuration", CONFIGURATION)];
    pub(in super::super) const TASK: &[Member] = &[TENANT, Member("id", Take::Text(Slot::Task))];
    pub(in super::super) const LIST: &[Member] =
        &[TENANT, Member("contextid", Take::Text(Slot::Context))];
    pub(in super::super) const PUSH_ONE: &[Member] =
        &[TENANT, Member("taskid", Take::Text(Slot::Task)), Member("id", Take::Text(Slot::Config))];
    pub(in super::super) const PUSH_LIST: &[Member] =
        &[TENANT, Member("taskid", Take::Text(Slot::Task))];
    pub(in super::super) const CARD: &[Member] = &[TENANT];
}

/// The JSON of version 0.3 over JSON-RPC.
pub(super) mod json_rpc_0_3 {
    use super::{MESSAGE, Member, Slot, Take, Within, pushes};

    const IN_CONFIGURATION: &[Member] = &pushes(&[]);
    const CONFIGURATION: Take<Member> = Take::Enter(Within::Configuration, IN_CONFIGURATION);
    const IN_CONFIG: &[Member] = &[Member("id", Take::Text(Slot::Config))];

    pub(in super::super) const SEND: &[Member] = &[MESSAGE, Member("configuration", CONFIGURATION)];
    pub(in super::super) const TASK: &[Member] = &[Member("id", Take::Text(Slot::Task))];
    pub(in super::super) const LIST: &[Member] = &[Member("contextid", Take::Text(Slot::Context))];
    pub(in super::super) const PUSH_CREATE: &[Member] = &[
        Member("taskid", Take::Text(Slot::Task)),
        Member("pushnotificationconfig", Take::Enter(Within::Wrapper, IN_CONFIG)),
    ];
    pub(in super::super) const PUSH_ONE: &[Member] = &[
        Member("id", Take::Text(Slot::Task)),
        Member("pushnotificationconfigid", Take::Text(Slot::Config)),
    ];
    pub(in super::super) const CARD: &[Member] = &[];
}

/// The JSON of version 0.3 over HTTP+JSON: that of its protobuf definition, whose readers take a
/// field by its own name and by its JSON name.
pub(super) mod http_json_0_3 {
    use super::{IN_MESSAGE, MESSAGE, Member, Slot, Take, Within, pushes};

    const IN_CONFIGURATION: &[Member] = &pushes(&[]);
    const CONFIGURATION: Take<Member> = Take::Enter(Within::Configuration, IN_CONFIGURATION);
    const IN_CONFIG: &[Member] = &[Member("name", Take::Text(Slot::ConfigName))];

    pub(in super::super) const SEND: &[Member] = &[
        MESSAGE,
        Member("request", Take::Enter(Within::Message, IN_MESSAGE)),
        Member("configuration", CONFIGURATION),
    ];
    pub(in super::super) const TASK: &[Member] =
        &[Member("name", Take::Text(Slot::TaskName)), Member("id", Take::Text(Slot::Task))];
    pub(in super::super) const LIST: &[Member] = &[Member("contextid", Take::Text(Slot::Context))];
    pub(in super::super) const PUSH_CREATE: &[Member] = &[
        Member("parent", Take::Text(Slot::ParentName)),
        Member("configid", Take::Text(Slot::Config)),
        Member("taskid", Take::Text(Slot::Task)),
        Member("config", Take::Enter(Within::Wrapper, IN_CONFIG)),
        // Where only the configuration is the body.
        Member("name", Take::Text(Slot::ConfigName)),
    ];
    pub(in super::super) const PUSH_ONE: &[Member] =
        &[Member("name", Take::Text(Slot::ConfigName))];
    pub(in super::super) const PUSH_LIST: &[Member] =
        &[Member("parent", Take::Text(Slot::ParentName))];
    pub(in super::super) const CARD: &[Member] = &[];
}

/// The protobuf of version 1.0.
pub(super) mod protobuf {
    use super::{Field, Slot, Take, Within};

    const TENANT: Field = Field(1, Take::Text(Slot::Tenant));
    const IN_MESSAGE: &[Field] = &[
        Field(2, Take::Text(Slot::Context)),
        Field(3, Take::Text(Slot::Task)),
        Field(8, Take::Texts(Slot::Reference)),
    ];
    const IN_PUSH: &[Field] = &[Field(3, Take::Text(Slot::Task))];
    const IN_CONFIGURATION: &[Field] = &[Field(2, Take::Enter(Within::Push, IN_PUSH))];

    pub(in super::super) const SEND: &[Field] = &[
        TENANT,
        Field(2, Take::Enter(Within::Message, IN_MESSAGE)),
        Field(3, Take::Enter(Within::Configuration, IN_CONFIGURATION)),
    ];
    pub(in super::super) const TASK: &[Field] = &[TENANT, Field(2, Take::Text(Slot::Task))];
    pub(in super::super) const LIST: &[Field] = &[TENANT, Field(2, Take::Text(Slot::Context))];
    pub(in super::super) const PUSH_CREATE: &[Field] =
        &[TENANT, Field(2, Take::Text(Slot::Config)), Field(3, Take::Text(Slot::Task))];
    pub(in super::super) const PUSH_ONE: &[Field] =
        &[TENANT, Field(2, Take::Text(Slot::Task)), Field(3, Take::Text(Slot::Config))];
    pub(in super::super) const PUSH_LIST: &[Field] =
        &[Field(4, Take::Text(Slot::Tenant)), Field(1, Take::Text(Slot::Task))];
    pub(in super::super) const CARD: &[Field] = &[TENANT];
}

/// The protobuf of version 0.3.
pub(super) mod protobuf_0_3 {
    use super::{Field, Slot, Take, Within};

    const IN_MESSAGE: &[Field] =
        &[Field(2, Take::Text(Slot::Context)), Field(3, Take::Text(Slot::Task))];
    const IN_CONFIGURATION: &[Field] = &[Field(2, Take::Enter(Within::Push, &[]))];
    const IN_CONFIG: &[Field] = &[Field(1, Take::Text(Slot::ConfigName))];

    pub(in super::super) const SEND: &[Field] = &[
        Field(1, Take::Enter(Within::Message, IN_MESSAGE)),
        Field(2, Take::Enter(Within::Configuration, IN_CONFIGURATION)),
    ];
    pub(in super::super) const TASK: &[Field] = &[Field(1, Take::Text(Slot::TaskName))];
    pub(in super::super) const PUSH_CREATE: &[Field] = &[
        Field(1, Take::Text(Slot::ParentName)),
        Field(2, Take::Text(Slot::Config)),
        Field(3, Take::Enter(Within::Wrapper, IN_CONFIG)),
    ];
    pub(in super::super) const PUSH_ONE: &[Field] = &[Field(1, Take::Text(Slot::ConfigName))];
    pub(in super::super) const PUSH_LIST: &[Field] = &[Field(1, Take::Text(Slot::ParentName))];
    pub(in super::super) const NONE: &[Field] = &[];
}

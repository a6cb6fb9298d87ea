//! What an agent card of version 1.0 is made of: the fields that its signature covers.
//!
//! SPEC: A2A 1.0.1, `a2a.proto`, message AgentCard and what it contains.

/// One kind of object.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) fields: &'static [Field],
}

/// One field of it.
#[derive(Debug)]
pub(super) struct Field {
    /// In protobuf.
    pub(super) number: u32,
    /// In JSON.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Flag,
    /// `google.protobuf.Struct`: any JSON object.
    Struct,
    One(&'static Message),
    Texts,
    Many(&'static Message),
    TextByName,
    OneByName(&'static Message),
}

/// Whether a field that has the value it would have anyway is still there.
///
/// SPEC: A2A 1.0.1 section 8.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is, if it was there: the field is required, `optional`, or an object.
    Explicit,
    /// It is not.
    Implicit,
}

const fn field(number: u32, name: &'static str, kind: Kind) -> Field {
    let presence = match kind {
        Kind::One(_) | Kind::Struct => Presence::Explicit,
        Kind::Text
        | Kind::Flag
        | Kind::Texts
        | Kind::Many(_)
        | Kind::TextByName
        | Kind::OneByName(_) => Presence::Implicit,
    };
    Field { number, name, kind, presence }
}

/// A field that is required, or marked `optional`.
const fn kept(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, presence: Presence::Explicit }
}

/// An agent card, but for its signatures.
pub(super) static CARD: Message = Message {
    fields: &[
        kept(1, "name", Kind::Text),
        kept(2, "description", Kind::Text),
        kept(3, "supportedInterfaces", Kind::Many(&INTERFACE)),
        field(4, "provider", Kind::One(&PROVIDER)),
        kept(5, "version", Kind::Text),
        kept(6, "documentationUrl", Kind::Text),
        field(7, "capabilities", Kind::One(&CAPABILITIES)),
        field(8, "securitySchemes", Kind::OneByName(&SCHEME)),
        field(9, "securityRequirements", Kind::Many(&REQUIREMENT)),
        kept(10, "defaultInputModes", Kind::Texts),
        kept(11, "defaultOutputModes", Kind::Texts),
        kept(12, "skills", Kind::Many(&SKILL)),
        kept(14, "iconUrl", Kind::Text),
    ],
};

static INTERFACE: Message = Message {
    fields: &[
        kept(1, "url", Kind::Text),
        kept(2, "protocolBinding", Kind::Text),
        field(3, "tenant", Kind::Text),
        kept(4, "protocolVersion", Kind::Text),
    ],
};

static PROVIDER: Message =
    Message { fields: &[kept(1, "url", Kind::Text), kept(2, "organization", Kind::Text)] };

static CAPABILITIES: Message = Message {
    fields: &[
        kept(1, "streaming", Kind::Flag),
        kept(2, "pushNotifications", Kind::Flag),
        field(3, "extensions", Kind::Many(&EXTENSION)),
        kept(4, "extendedAgentCard", Kind::Flag),
    ],
};

static EXTENSION: Message = Message {
    fields: &[
        field(1, "uri", Kind::Text),
        field(2, "description", Kind::Text),
        field(3, "required", Kind::Flag),
        field(4, "params", Kind::Struct),
    ],
};

static SKILL: Message = Message {
    fields: &[
        kept(1, "id", Kind::Text),
        kept(2, "name", Kind::Text),
        kept(3, "description", Kind::Text),
        kept(4, "tags", Kind::Texts),
        field(5, "examples", Kind::Texts),
        field(6, "inputModes", Kind::Texts),
        field(7, "outputModes", Kind::Texts),
        field(8, "securityRequirements", Kind::Many(&REQUIREMENT)),
    ],
};

static REQUIREMENT: Message = Message { fields: &[field(1, "schemes", Kind::OneByName(&TEXTS))] };

static TEXTS: Message = Message { fields: &[field(1, "list", Kind::Texts)] };

static SCHEME: Message = Message {
    fields: &[
        field(1, "apiKeySecurityScheme", Kind::One(&API_KEY)),
        field(2, "httpAuthSecurityScheme", Kind::One(&HTTP_AUTH)),
        field(3, "oauth2SecurityScheme", Kind::One(&OAUTH2)),
        field(4, "openIdConnectSecurityScheme", Kind::One(&OPEN_ID)),
        field(5, "mtlsSecurityScheme", Kind::One(&MTLS)),
    ],
};

static API_KEY: Message = Message {
    fields: &[
        field(1, "description", Kind::Text),
        kept(2, "location", Kind::Text),
        kept(3, "name", Kind::Text),
    ],
};

static HTTP_AUTH: Message = Message {
    fields: &[
        field(1, "description", Kind::Text),
        kept(2, "scheme", Kind::Text),
        field(3, "bearerFormat", Kind::Text),
    ],
};

static OAUTH2: Message = Message {
    fields: &[
        field(1, "description", Kind::Text),
        field(2, "flows", Kind::One(&FLOWS)),
        field(3, "oauth2MetadataUrl", Kind::Text),
    ],
};

static OPEN_ID: Message = Message {
    fields: &[field(1, "description", Kind::Text), kept(2, "openIdConnectUrl", Kind::Text)],
};

static MTLS: Message = Message { fields: &[field(1, "description", Kind::Text)] };

static FLOWS: Message = Message {
    fields: &[
        field(1, "authorizationCode", Kind::One(&AUTHORIZATION_CODE)),
        field(2, "clientCredentials", Kind::One(&CLIENT_CREDENTIALS)),
        field(3, "implicit", Kind::One(&IMPLICIT)),
        field(4, "password", Kind::One(&PASSWORD)),
        field(5, "deviceCode", Kind::One(&DEVICE_CODE)),
    ],
};

static AUTHORIZATION_CODE: Message = Message {
    fields: &[
        kept(1, "authorizationUrl", Kind::Text),
        kept(2, "tokenUrl", Kind::Text),
        field(3, "refreshUrl", Kind::Text),
        kept(4, "scopes", Kind::TextByName),
        field(5, "pkceRequired", Kind::Flag),
    ],
};

static CLIENT_CREDENTIALS: Message = Message {
    fields: &[
        kept(1, "tokenUrl", Kind::Text),
        field(2, "refreshUrl", Kind::Text),
        kept(3, "scopes", Kind::TextByName),
    ],
};

static IMPLICIT: Message = Message {
    fields: &[
        field(1, "authorizationUrl", Kind::Text),
        field(2, "refreshUrl", Kind::Text),
        field(3, "scopes", Kind::TextByName),
    ],
};

static PASSWORD: Message = Message {
    fields: &[
        field(1, "tokenUrl", Kind::Text),
        field(2, "refreshUrl", Kind::Text),
        field(3, "scopes", Kind::TextByName),
    ],
};

static DEVICE_CODE: Message = Message {
    fields: &[
        kept(1, "deviceAuthorizationUrl", Kind::Text),
        kept(2, "tokenUrl", Kind::Text),
        field(3, "refreshUrl", Kind::Text),
        kept(4, "scopes", Kind::TextByName),
    ],
};

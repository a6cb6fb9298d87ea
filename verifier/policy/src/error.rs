//! Why a bundle was refused, with the line and what to do.

use cloister_attestation::code::{Code, Diagnostic};

use crate::position::Position;

cloister_attestation::codes! {
    /// The bundle is larger than the limit.
    TOO_LARGE = "policy.bundle.too_large", Operator, "",
        "Shorten the policy bundle, or split the agents over several runtimes.",
        "A policy bundle has a largest size and a largest number of policies, because every policy is evaluated on every request.";
    /// The bundle is not text.
    NOT_TEXT = "policy.bundle.not_text", Operator, "",
        "Write the policy bundle as UTF-8 text.",
        "A policy bundle is Cedar source text in UTF-8. These bytes are not.";
    /// A policy is too deep.
    TOO_COMPLEX = "policy.bundle.too_complex", Operator, "",
        "Split the policy at the line named into several, or list what it compares with as a set.",
        "A policy nests brackets deeper, or chains more operators, than is permitted. Such a policy could exhaust the stack while it is read, and cannot be validated completely.";
    /// The bundle is not Cedar.
    SYNTAX = "policy.bundle.syntax", Operator, "Cedar policy language, grammar",
        "Correct the policy at the line named; `https://docs.cedarpolicy.com` has the grammar.",
        "The bundle does not parse as Cedar policies. The message names the line and what was expected there.";
    /// A policy does not fit the schema.
    INVALID = "policy.bundle.invalid", Operator, "Cedar policy language, strict validation",
        "Correct the policy at the line named so that it uses the schema's entities, actions and attributes.",
        "The bundle parses, but a policy speaks of something that the published schema (verifier/policy/schema.cedarschema) does not have, compares values of different types, or can never apply. It is refused when it is loaded, because a rule that silently never matches protects nothing.";
    /// A template, which nothing could link.
    TEMPLATE = "policy.bundle.template", Operator, "Cedar policy language, templates",
        "Replace `?principal` and `?resource` by the entities that are meant.",
        "A policy with `?principal` or `?resource` is a template and has no effect until it is linked. A bundle has no place to link it, so it is refused instead of being ignored.";
    /// Two policies with one id.
    DUPLICATE_ID = "policy.bundle.duplicate_id", Operator, "",
        "Give every policy an `@id` of its own.",
        "Decisions name the policies that determined them by the `@id` annotation. Two policies of this bundle have the same one, or one is empty.";
    /// An annotation is not known, or its value does not read.
    ANNOTATION = "policy.bundle.annotation", Operator, "",
        "Use `@id`, `@description`, and before `permit` also `@rate(\"20/s\")`, `@concurrency(\"8\")` and `@message_bytes(\"65536\")`.",
        "An annotation of a policy names it, describes it, or limits what it permits to one peer: requests in a time, requests at a time, bytes of a request. Another name, a value that does not read, or a limit of what is forbidden refuses the bundle, because a misspelt limit would be none.";
    /// The built-in schema is broken.
    SCHEMA = "policy.schema.broken", Cloister, "",
        "Report this as a defect of cloister.",
        "The schema that is built into this program does not load. It is checked by a test, so this is a defect of the build.";
}

/// A policy bundle was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// More bytes or policies than are permitted.
    #[error("policy bundle has {observed} {unit}, and {max} are permitted")]
    TooLarge {
        /// How many there are.
        observed: usize,
        /// How many are permitted.
        max: usize,
        /// `bytes` or `policies`.
        unit: &'static str,
    },
    /// Not UTF-8.
    #[error("policy bundle is not UTF-8 text: invalid byte at line {line}")]
    NotText {
        /// The line of the first invalid byte, counted from 1.
        line: usize,
    },
    /// Deeper than is permitted.
    #[error("policy at {at} nests or chains too deep")]
    TooComplex {
        /// Where the limit was reached.
        at: Position,
    },
    /// Not Cedar.
    #[error("policy bundle does not parse at {at}: {message}")]
    Syntax {
        /// Where.
        at: Position,
        /// What the parser expected.
        message: String,
    },
    /// Does not fit the schema.
    #[error("policy bundle is invalid at {at}: {message}")]
    Invalid {
        /// Where.
        at: Position,
        /// What the validator found; names the policy.
        message: String,
    },
    /// Holds a template.
    #[error("policy `{id}` is a template")]
    Template {
        /// The policy's id.
        id: String,
    },
    /// Holds an annotation that is not known, or whose value does not read.
    #[error("annotation `@{name}` at {at}: {reason}")]
    Annotation {
        /// Its name.
        name: String,
        /// Where the first one like it is.
        at: Position,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Holds two policies of one id, or an empty id.
    #[error("policy id `{id}` at {at} is empty or not unique")]
    DuplicateId {
        /// The id.
        id: String,
        /// Where the second one is.
        at: Position,
    },
    /// The built-in schema does not load.
    #[error("built-in schema does not load: {message}")]
    Schema {
        /// What Cedar says.
        message: String,
    },
}

impl Diagnostic for PolicyError {
    fn code(&self) -> &'static Code {
        match self {
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::NotText { .. } => &NOT_TEXT,
            Self::TooComplex { .. } => &TOO_COMPLEX,
            Self::Syntax { .. } => &SYNTAX,
            Self::Invalid { .. } => &INVALID,
            Self::Template { .. } => &TEMPLATE,
            Self::Annotation { .. } => &ANNOTATION,
            Self::DuplicateId { .. } => &DUPLICATE_ID,
            Self::Schema { .. } => &SCHEMA,
        }
    }
}

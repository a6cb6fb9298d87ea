//! A policy that cannot be used, and why.

use crate::code::{Code, Diagnostic};

crate::codes! {
    /// The document is not a policy.
    MALFORMED = "policy.malformed", Operator, "",
        "Correct the line that the message shows; `cloister policy new` prints every key with its meaning.",
        "A policy is a TOML document in which every key of every section is written out. There are no defaults: a key that is missing is an error, and so is one that is not known, since either could mean less than its author believed. Demanding nothing of a field is written as \"any\", and shows in every result.";
    /// A demand that nothing could ever meet as it was meant.
    INCONSISTENT = "policy.inconsistent", Operator, "",
        "Correct the key that the message names.",
        "The document reads, but a demand in it cannot mean what it says: a TCB floor in the layout of another product, a privilege level or status that no machine has, a limit on the age of a list that may be left out, or an attribute that is required and forbidden at once.";
    /// A template that the Evidence it was made from does not meet.
    TEMPLATE = "policy.template", Peer, "",
        "Start the guest without what the finding names and make the policy from its new Evidence, or write the policy by hand.",
        "A template never lets in what breaks confidentiality on any machine: debugging, profiling, migration, a revoked TCB. The Evidence that it was to be made from has such a thing, so it would not meet its own template.";
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is not TOML, or a key is missing, unknown, or of another form.
    #[error("the policy does not read: {0}")]
    Malformed(String),
    /// A demand cannot mean what it says.
    #[error("{key}: {reason}")]
    Inconsistent {
        /// The key, from the top of the document.
        key: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The Evidence does not meet the template made from it.
    #[error("the Evidence does not meet its own template: {finding}")]
    Template {
        /// The first finding against it.
        finding: String,
    },
}

impl Diagnostic for PolicyError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed(_) => &MALFORMED,
            Self::Inconsistent { .. } => &INCONSISTENT,
            Self::Template { .. } => &TEMPLATE,
        }
    }
}

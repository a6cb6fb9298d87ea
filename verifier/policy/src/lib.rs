//! Who may connect to whom, and do what: Cedar policies over attested facts.
//!
//! ```text
//!  bundle bytes --parse--> PolicyBundle --decide(Request)--> Decision
//!               validated strictly     |                     allowed or not, and by which policies
//!               against SCHEMA         attested peer, action
//! ```
//!
//! Default deny: an empty bundle refuses everything, and so does a bundle in which any policy
//! failed to evaluate. Callers of whom nothing is attested are asked about apart
//! ([`PolicyBundle::decide_visitor`]): what is permitted to agents is not permitted to them.
//! Enumerated facts are typed, so a misspelt TEE or binding is an error when the bundle is loaded and
//! not a rule that never matches.
//!
//! What this crate deliberately does not do: authenticate anything. Whoever builds a [`Request`]
//! vouches that its [`Subject`] comes from a verified lease. It reads no file and no clock.
//!
//! Read first: [`PolicyBundle`] and [`Request`].
#![forbid(unsafe_code)]

mod annotation;
mod bundle;
mod complexity;
mod decision;
mod error;
mod explanation;
mod facts;
mod in_force;
mod limit;
mod limits;
mod memo;
mod mention;
mod operation;
mod position;
mod prepared;
mod request;
mod shape;
mod slice;
mod visitor;
mod vocabulary;

pub use bundle::PolicyBundle;
pub use decision::{Decision, Reason};
pub use error::{CODES, PolicyError};
pub use explanation::{Clause, Effect, Examined, Explanation, State};
pub use in_force::InForce;
pub use limit::{Limited, Limits, Rate};
pub use limits::{
    BUNDLE_BYTES_MAX, FACT_BYTES_MAX, FACTS_LISTED_MAX, NESTING_MAX, OPERATORS_MAX, POLICIES_MAX,
};
pub use operation::{Action, Binding, OperationFacts, OperationName, Protocol};
pub use position::Position;
pub use request::{Direction, LocalAgent, Origin, Request, Subject};
pub use visitor::VisitorRequest;

/// The published schema that every bundle is validated against, in Cedar's own language.
pub const SCHEMA: &str = include_str!("../schema.cedarschema");

/// The published schema of policies for visitors: callers of whom nothing is attested.
pub const VISITOR_SCHEMA: &str = include_str!("../visitor.cedarschema");

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static cloister_attestation::code::Code> {
    CODES.iter().copied()
}

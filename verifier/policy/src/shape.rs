//! What of a request decides whether it fits the schema.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use crate::operation::{Action, Binding, OperationFacts, Protocol};

/// Which facts a request has, and its words that the schema enumerates. The types of facts follow
/// from their names, and free text always fits: two requests of one peer for one action that agree
/// in this both fit the schema, or neither does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Connect,
    Operation { words: (Protocol, Binding), has: [bool; 5] },
}

impl Shape {
    pub(crate) const fn of(action: &Action<'_>) -> Self {
        match action {
            Action::Connect => Self::Connect,
            Action::Operation(facts) => Self::of_operation(facts),
        }
    }

    /// SECURITY: every fact is named here, so that a new one has to be thought of. Those that are
    /// left out are always there, and are free text, numbers or yes and no.
    const fn of_operation(facts: &OperationFacts<'_>) -> Self {
        let OperationFacts {
            protocol,
            version: _,
            binding,
            name: _,
            streaming: _,
            message_bytes,
            media_types,
            extensions: _,
            server,
            tool,
            resource,
        } = facts;
        Self::Operation {
            words: (*protocol, *binding),
            has: [
                message_bytes.is_some(),
                media_types.is_some(),
                server.is_some(),
                tool.is_some(),
                resource.is_some(),
            ],
        }
    }
}

/// Shapes of requests that were validated against the schema. Bounded by what there is: two
/// protocols, five bindings, five facts.
#[derive(Debug, Default)]
pub(crate) struct Fitting(RwLock<HashSet<Shape>>);

impl Fitting {
    pub(crate) fn has(&self, shape: &Shape) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(shape)
    }

    pub(crate) fn keep(&self, shape: Shape) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(shape);
    }
}

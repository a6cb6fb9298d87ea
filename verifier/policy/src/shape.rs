//! What of a request decides whether it fits the schema.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use crate::operation::{Action, Binding, Protocol};

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
            Action::Operation(facts) => Self::Operation {
                words: (facts.protocol, facts.binding),
                has: [
                    facts.message_bytes.is_some(),
                    facts.media_types.is_some(),
                    facts.server.is_some(),
                    facts.tool.is_some(),
                    facts.resource.is_some(),
                ],
            },
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

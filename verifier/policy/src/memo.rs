//! Answers that were given before, to requests that no policy can tell from an earlier one.
//!
//! What a decision depends on is known: the bundle and the state of the peer, each of which has
//! memos of its own; the action; which facts are there; and the values of those facts that a policy
//! which can apply speaks of. All of that is compared, whole. A fact that none of them speaks of is
//! not: Cedar is not even told it. What is malformed is never answered from here.

use core::fmt;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use crate::decision::{Decision, Reason};
use crate::facts::check;
use crate::limits::{ANSWER_FACTS_BYTES_MAX, ANSWER_POLICIES_MAX, ANSWERS_MAX};
use crate::mention::Mentioned;
use crate::operation::{Action, OperationFacts, OperationName};
use crate::shape::Shape;

/// What an answer depends on, beside bundle and peer. A fact is `None` where it is not there, which
/// the shape tells, or no policy speaks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    name: OperationName,
    shape: Shape,
    streaming: Option<bool>,
    message_bytes: Option<u64>,
    version: Option<Cow<'a, str>>,
    server: Option<Cow<'a, str>>,
    tool: Option<Cow<'a, str>>,
    resource: Option<Cow<'a, str>>,
    media_types: Option<Cow<'a, [String]>>,
    extensions: Option<Cow<'a, [String]>>,
}

impl<'a> Key<'a> {
    /// `None` for what is answered anew each time: a channel, which is asked about once; what is
    /// malformed; and what has so much to compare that it is not kept.
    pub(crate) fn of(action: &Action<'a>, mentioned: &Mentioned) -> Option<Self> {
        let Action::Operation(facts) = action else { return None };
        check(facts).ok()?;
        let key = Self::of_operation(facts, Shape::of(action), mentioned);
        (key.text_bytes() <= ANSWER_FACTS_BYTES_MAX).then_some(key)
    }

    /// SECURITY: every fact is named here, so that a new one has to be thought of.
    fn of_operation(facts: &OperationFacts<'a>, shape: Shape, mentioned: &Mentioned) -> Self {
        let OperationFacts {
            // Both are in the shape.
            protocol: _,
            binding: _,
            version,
            name,
            streaming,
            message_bytes,
            media_types,
            extensions,
            server,
            tool,
            resource,
        } = *facts;
        let text = |facts: &[&str], value: Option<&'a str>| {
            value.filter(|_| facts.iter().any(|fact| mentioned.names(fact))).map(Cow::Borrowed)
        };
        let list = |fact, value: Option<&'a [String]>| {
            value.filter(|_| mentioned.names(fact)).map(Cow::Borrowed)
        };
        Self {
            name,
            shape,
            streaming: mentioned.names("streaming").then_some(streaming),
            message_bytes: message_bytes.filter(|_| mentioned.names("message_bytes")),
            version: text(&["protocol_version"], Some(version)),
            // A tool's id begins with its server's.
            server: text(&["server", "tool"], server),
            tool: text(&["tool", "tool_name"], tool),
            resource: text(&["resource"], resource),
            media_types: list("media_types", media_types),
            extensions: list("extensions", Some(extensions)),
        }
    }

    fn text_bytes(&self) -> usize {
        let texts = [&self.version, &self.server, &self.tool, &self.resource];
        let lists = [&self.media_types, &self.extensions];
        let listed = lists.into_iter().flatten().flat_map(|list| list.iter());
        let texts = texts.into_iter().flatten().map(|text| text.len());
        texts.chain(listed.map(String::len)).fold(0, usize::saturating_add)
    }

    fn into_owned(self) -> Key<'static> {
        let text = |text: Option<Cow<'_, str>>| text.map(|it| Cow::Owned(it.into_owned()));
        let list = |list: Option<Cow<'_, [String]>>| list.map(|it| Cow::Owned(it.into_owned()));
        Key {
            name: self.name,
            shape: self.shape,
            streaming: self.streaming,
            message_bytes: self.message_bytes,
            version: text(self.version),
            server: text(self.server),
            tool: text(self.tool),
            resource: text(self.resource),
            media_types: list(self.media_types),
            extensions: list(self.extensions),
        }
    }
}

/// The latest answers about one peer, the oldest first.
#[derive(Default)]
pub(crate) struct Memo(RwLock<VecDeque<(Key<'static>, Decision)>>);

impl Memo {
    /// What was answered before.
    pub(crate) fn find(&self, key: &Key<'_>) -> Option<Decision> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // The latest are the likeliest.
        known.iter().rev().find(|(it, _)| it == key).map(|(_, decision)| decision.clone())
    }

    /// Remembers an answer. A failure is not one: it may not happen again.
    pub(crate) fn keep(&self, key: Key<'_>, decision: &Decision) {
        let is_large = decision.policies().len() > ANSWER_POLICIES_MAX;
        if is_large || matches!(decision.reason(), Reason::Failed(_)) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ANSWERS_MAX {
            known.pop_front();
        }
        known.push_back((key.into_owned(), decision.clone()));
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

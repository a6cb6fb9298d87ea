//! Sessions of the legacy era: each belongs to the caller that began it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::error::McpError;
use crate::limits::{SESSION_IDLE_MAX, SESSIONS_MAX, SESSIONS_OF_ONE_MAX};

/// The sessions of one server, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

#[derive(Debug)]
struct Session {
    caller: String,
    used: Instant,
}

impl Sessions {
    /// Notes a session that the server began for `caller`.
    pub(crate) fn begin(&self, id: &str, caller: &str) -> Result<(), McpError> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.used.elapsed() < SESSION_IDLE_MAX);
        let own = sessions.values().filter(|session| session.caller == caller).count();
        // SECURITY: a server that gives one id twice would join two callers.
        if sessions.get(id).is_some_and(|session| session.caller != caller) {
            return Err(McpError::Session);
        }
        if own >= SESSIONS_OF_ONE_MAX || sessions.len() >= SESSIONS_MAX {
            return Err(McpError::Sessions);
        }
        let session = Session { caller: caller.to_owned(), used: Instant::now() };
        sessions.insert(id.to_owned(), session);
        Ok(())
    }

    /// Checks that a session is `caller`'s, and notes that it is in use.
    pub(crate) fn check(&self, id: &str, caller: &str) -> Result<(), McpError> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = sessions.get_mut(id).filter(|session| {
            session.caller == caller && session.used.elapsed() < SESSION_IDLE_MAX
        });
        own.map(|session| session.used = Instant::now()).ok_or(McpError::Session)
    }

    /// Forgets a session that has ended.
    pub(crate) fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::{McpError, SESSION_IDLE_MAX, SESSIONS_OF_ONE_MAX, Sessions};

    #[tokio::test(start_paused = true)]
    async fn a_session_is_its_callers_until_it_ends_or_goes_unused() {
        let sessions = Sessions::default();
        sessions.begin("s", "a").unwrap();
        assert_eq!(sessions.check("s", "a"), Ok(()));
        assert_eq!(sessions.check("s", "b"), Err(McpError::Session));
        assert_eq!(sessions.begin("s", "b"), Err(McpError::Session));
        advance(SESSION_IDLE_MAX).await;
        assert_eq!(sessions.check("s", "a"), Err(McpError::Session));
        sessions.begin("s", "b").unwrap();
        sessions.end("s");
        assert_eq!(sessions.check("s", "b"), Err(McpError::Session));
    }

    #[tokio::test(start_paused = true)]
    async fn one_caller_cannot_use_up_what_is_there_for_all() {
        let sessions = Sessions::default();
        for number in 0..SESSIONS_OF_ONE_MAX {
            sessions.begin(&number.to_string(), "a").unwrap();
        }
        assert_eq!(sessions.begin("more", "a"), Err(McpError::Sessions));
        assert_eq!(sessions.begin("more", "b"), Ok(()));
    }
}

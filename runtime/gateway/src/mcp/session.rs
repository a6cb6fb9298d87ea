//! Sessions of the legacy era: each belongs to the caller that began it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloister_audit::Hash;
use tokio::time::Instant;

use super::error::McpError;
use crate::limits::{EVENTS_REMEMBERED_MAX, SESSION_IDLE_MAX, SESSIONS_MAX, SESSIONS_OF_ONE_MAX};

/// The sessions of one server, by their ids.
#[derive(Debug)]
pub(crate) struct Sessions {
    sessions: Mutex<HashMap<String, Session>>,
    room: Room,
}

/// How many sessions there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) of_all: usize,
    pub(crate) of_one: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { of_all: SESSIONS_MAX, of_one: SESSIONS_OF_ONE_MAX }
    }
}

#[derive(Debug)]
struct Session {
    caller: String,
    used: Instant,
    /// The last events that it was shown, by their ids.
    events: VecDeque<Hash>,
}

impl Sessions {
    pub(crate) fn new(room: Room) -> Self {
        Self { sessions: Mutex::default(), room }
    }

    /// Checks that `caller` may begin one more.
    pub(crate) fn check_room(&self, caller: &str) -> Result<(), McpError> {
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.used.elapsed() < SESSION_IDLE_MAX);
        let own = sessions.values().filter(|session| session.caller == caller).count();
        if own >= self.room.of_one || sessions.len() >= self.room.of_all {
            return Err(McpError::Sessions);
        }
        Ok(())
    }

    /// Notes a session that the server began for `caller`.
    pub(crate) fn begin(&self, id: &str, caller: &str) -> Result<(), McpError> {
        self.check_room(caller)?;
        let mut sessions = self.lock();
        // SECURITY: a server that gives one id twice would join two callers.
        if sessions.get(id).is_some_and(|session| session.caller != caller) {
            return Err(McpError::Session);
        }
        let events = VecDeque::new();
        let session = Session { caller: caller.to_owned(), used: Instant::now(), events };
        sessions.insert(id.to_owned(), session);
        Ok(())
    }

    /// Checks that a session is `caller`'s, and notes that it is in use.
    pub(crate) fn check(&self, id: &str, caller: &str) -> Result<(), McpError> {
        let mut sessions = self.lock();
        let own = sessions.get_mut(id).filter(|session| {
            session.caller == caller && session.used.elapsed() < SESSION_IDLE_MAX
        });
        own.map(|session| session.used = Instant::now()).ok_or(McpError::Session)
    }

    /// Notes that a session was shown an event, after which its stream may go on.
    pub(crate) fn showed(&self, id: &str, event: &str) {
        let mut sessions = self.lock();
        let Some(session) = sessions.get_mut(id) else { return };
        session.used = Instant::now();
        if session.events.len() >= EVENTS_REMEMBERED_MAX {
            session.events.pop_front();
        }
        session.events.push_back(Hash::of(event.as_bytes()));
    }

    /// Whether a session was shown an event. Servers keep the events of all sessions together, so
    /// that the id of another one would lead to another caller's stream.
    pub(crate) fn was_shown(&self, id: &str, event: &str) -> bool {
        let sessions = self.lock();
        let event = Hash::of(event.as_bytes());
        sessions.get(id).is_some_and(|session| session.events.contains(&event))
    }

    /// Forgets a session that has ended.
    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::{
        EVENTS_REMEMBERED_MAX, McpError, Room, SESSION_IDLE_MAX, SESSIONS_OF_ONE_MAX, Sessions,
    };

    #[tokio::test(start_paused = true)]
    async fn a_session_is_its_callers_until_it_ends_or_goes_unused() {
        let sessions = Sessions::new(Room::default());
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
        let sessions = Sessions::new(Room::default());
        for number in 0..SESSIONS_OF_ONE_MAX {
            sessions.begin(&number.to_string(), "a").unwrap();
        }
        assert_eq!(sessions.begin("more", "a"), Err(McpError::Sessions));
        assert_eq!(sessions.begin("more", "b"), Ok(()));
    }

    #[tokio::test]
    async fn a_stream_goes_on_only_after_an_event_that_its_own_session_was_shown() {
        let sessions = Sessions::new(Room::default());
        sessions.begin("s", "a").unwrap();
        sessions.begin("t", "b").unwrap();
        sessions.showed("s", "7");
        assert!(sessions.was_shown("s", "7"));
        assert!(!sessions.was_shown("t", "7") && !sessions.was_shown("s", "8"));
        for number in 0..EVENTS_REMEMBERED_MAX {
            sessions.showed("s", &format!("n{number}"));
        }
        assert!(!sessions.was_shown("s", "7"));
        sessions.end("s");
        assert!(!sessions.was_shown("s", "n1"));
    }
}

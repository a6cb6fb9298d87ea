//! Answers what a server asks of a caller that does not hear it: a call that needs that answer would
//! wait for ever.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::OperationName;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::{Classified, Next};
use super::caller::Caller;
use crate::end::End;
use crate::limits::{DECLINE_MAX, DECLINES_OF_ONE_MAX};

/// Tells one server, in one caller's place, that what it asks is not answered.
#[derive(Clone)]
pub(super) struct Decline(Arc<dyn Fn(Bytes) + Send + Sync>);

impl Decline {
    /// The messages take the way that the caller's own take from here on.
    pub(super) fn new<E, S>(server: &str, caller: Caller<E>, next: Arc<S>) -> Self
    where
        E: End,
        S: Next<Classified<E>>,
    {
        let (server, caller): (Arc<str>, _) = (server.into(), Arc::new(caller));
        let under_way = Arc::new(Semaphore::new(DECLINES_OF_ONE_MAX));
        Self(Arc::new(move |answer| {
            let Ok(place) = Arc::clone(&under_way).try_acquire_owned() else {
                tracing::debug!(%server, "a server asks more at once than it is answered");
                return;
            };
            let (server, caller, next) =
                (Arc::clone(&server), Arc::clone(&caller), Arc::clone(&next));
            tokio::spawn(async move {
                let message = caller.beside(OperationName::Respond, answer);
                let taken = timeout(DECLINE_MAX, next.proceed(message)).await;
                if !matches!(taken, Ok(Ok(response)) if response.status().is_success()) {
                    tracing::info!(%server, "a server did not take that it is not answered");
                }
                drop(place);
            });
        }))
    }

    /// Says so, without waiting for the server to take it.
    pub(super) fn say(&self, answer: Bytes) {
        (self.0)(answer);
    }
}

impl fmt::Debug for Decline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decline").finish_non_exhaustive()
    }
}

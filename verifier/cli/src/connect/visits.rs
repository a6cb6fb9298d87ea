//! The visit in use, and the next one when it has ended.

use std::sync::Arc;

use cloister_channel::AgentName;
use cloister_gateway::{BoxFuture, Channel, DialError, Dialer};
use cloister_policy::Subject;
use tokio::sync::{Mutex, watch};

use super::ConnectError;
use super::trusting::Trusting;
use super::visit::Visit;
use crate::answer::Exit;

/// Who is meant, and where.
pub(super) struct Target {
    pub(super) agent: AgentName,
    /// `host:port`.
    pub(super) address: String,
}

/// Dials one runtime, one visit at a time.
pub(super) struct Visits {
    target: Target,
    trust: Arc<Trusting>,
    current: Mutex<Option<Arc<Visit>>>,
    refused: watch::Sender<Option<Arc<ConnectError>>>,
}

impl Visits {
    pub(super) fn new(target: Target, trust: Arc<Trusting>) -> Self {
        let refused = watch::Sender::new(None);
        Self { target, trust, current: Mutex::new(None), refused }
    }

    /// A visit that lasts at the moment. Whoever asks while one is begun waits for it.
    ///
    /// # Errors
    /// [`ConnectError`] if none comes about.
    pub(super) async fn open(&self) -> Result<Arc<Visit>, ConnectError> {
        let mut current = self.current.lock().await;
        if let Some(visit) = current.as_ref().filter(|visit| visit.lasts()) {
            return Ok(Arc::clone(visit));
        }
        let visit = Arc::new(Visit::begin(&self.target, &self.trust).await?);
        *current = Some(Arc::clone(&visit));
        Ok(visit)
    }

    /// Waits until the runtime was refused, and says why. For ever, if it is not.
    pub(super) async fn refused(&self) -> Arc<ConnectError> {
        let mut refused = self.refused.subscribe();
        match refused.wait_for(Option::is_some).await.map(|error| error.clone()) {
            Ok(Some(error)) => error,
            Ok(None) | Err(_) => core::future::pending().await,
        }
    }
}

impl Dialer for Visits {
    fn dial<'a>(&'a self, _: &'a AgentName) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        Box::pin(async move {
            let error = match self.open().await {
                Ok(visit) => {
                    let channel: Arc<dyn Channel> = visit;
                    return Ok(channel);
                }
                Err(error) => error,
            };
            let told = DialError::new(error.failure(), &error);
            // What was verified when the port was opened does not hold any more.
            if error.exit() == Exit::Refused {
                self.refused.send_replace(Some(Arc::new(error)));
            }
            Err(told)
        })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        // Nothing is attested of this machine, and it has no tool servers.
        None
    }
}

//! The tasks of one HTTP/2 connection, which end with it.
//!
//! SECURITY: hyper's client runs the connection itself on a task of its own; what it hands out is
//! only the way to put requests on it. Dropping that leaves running streams running. So whoever has
//! to end a channel at once has to end the tasks.

use core::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::coalesce::Flusher;

/// Runs the tasks of one connection. Dropping it ends them.
pub(super) struct Tasks(Executor);

/// What hyper is given to run tasks with.
#[derive(Clone)]
pub(super) struct Executor {
    tasks: TaskTracker,
    cut: CancellationToken,
    flusher: Flusher,
}

impl Tasks {
    /// `flusher` sends what they write.
    pub(super) fn new(flusher: Flusher) -> Self {
        Self(Executor { tasks: TaskTracker::new(), cut: CancellationToken::new(), flusher })
    }

    pub(super) fn executor(&self) -> Executor {
        self.0.clone()
    }

    /// Waits until every task has ended by itself.
    pub(super) async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.cut.cancel();
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let (cut, task) = (self.cut.clone(), self.flusher.clone().run(task));
        drop(self.tasks.spawn(async move {
            // What a cut task was about to do is of no interest to anybody.
            let _ended: Option<()> = cut.run_until_cancelled(task).await;
        }));
    }
}

#[cfg(test)]
mod tests {
    use core::future::pending;

    use hyper::rt::Executor as _;
    use tokio::sync::oneshot;

    use super::Tasks;
    use crate::channels::coalesce::coalesced;
    use crate::channels::usage::Usage;

    fn tasks() -> Tasks {
        Tasks::new(coalesced(tokio::io::sink(), Usage::default()).1)
    }

    #[tokio::test]
    async fn dropping_a_connections_tasks_ends_them_and_what_they_hold() {
        let tasks = tasks();
        let (held, gone) = oneshot::channel::<()>();
        tasks.executor().execute(async move {
            let _held = held;
            pending::<()>().await;
        });
        drop(tasks);
        assert!(gone.await.is_err());
    }

    #[tokio::test]
    async fn a_connection_has_ended_with_its_last_task() {
        let tasks = tasks();
        let (go, gone) = oneshot::channel::<()>();
        tasks.executor().execute(async move { drop(gone.await) });
        let waiting = tasks.ended();
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            () = &mut waiting => panic!("ended while a task ran"),
            () = tokio::task::yield_now() => {}
        }
        go.send(()).unwrap();
        waiting.await;
    }
}

//! Where Evidence is verified: off the threads that serve connections, a few at once.
//!
//! All work waits in one line. Whoever works takes the next from it and ends once it is empty, so
//! that in a crowd no thread has to be woken for work that another one just made room for.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::error::ServiceError;

/// Runs what takes a processor. Clones share one line.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    line: Arc<Line>,
    at_once: usize,
}

#[derive(Debug, Default)]
struct Line(Mutex<Standing>);

/// Who works and what waits. Something waits only while as many work as may.
#[derive(Default)]
struct Standing {
    waiting: VecDeque<Work>,
    working: usize,
}

type Work = Box<dyn FnOnce() + Send>;

impl Workers {
    pub(super) fn new(at_once: usize) -> Self {
        Self { line: Arc::default(), at_once }
    }

    /// Runs `work` once it is its turn. The place is free again before anything is fetched. Work
    /// that nobody waits for any more is not begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (answer, answered) = oneshot::channel();
        self.queue(Box::new(move || {
            if !answer.is_closed() && answer.send(work()).is_err() {
                tracing::debug!("nobody waits any more for work that was done");
            }
        }));
        answered.await.map_err(|_| ServiceError::Defect)
    }

    fn queue(&self, work: Work) {
        let mut standing = self.line.standing();
        standing.waiting.push_back(work);
        if standing.working < self.at_once {
            standing.working += 1;
            let line = Arc::clone(&self.line);
            tokio::task::spawn_blocking(move || line.work());
        }
    }
}

impl Line {
    fn work(&self) {
        while let Some(work) = self.next() {
            // Who asked for work that panics is answered by the answer's drop; the others in the
            // line have nothing to do with it.
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                tracing::error!("work on Evidence panicked");
            }
        }
    }

    /// The next one's turn, or this worker's place back: under one lock, so that nothing is left
    /// waiting.
    fn next(&self) -> Option<Work> {
        let mut standing = self.standing();
        let next = standing.waiting.pop_front();
        if next.is_none() {
            standing.working -= 1;
        }
        next
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiting, working } = self;
        write!(f, "Standing {{ waiting: {}, working: {working} }}", waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    use tokio::task::yield_now;

    use super::Workers;
    use crate::error::ServiceError;

    #[tokio::test]
    async fn everything_is_done_and_no_more_at_once_than_allowed() {
        let workers = Workers::new(2);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let asking: Vec<_> = (0..200)
            .map(|at| {
                let (workers, now, most) = (workers.clone(), Arc::clone(&now), Arc::clone(&most));
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                    at
                };
                tokio::spawn(async move { workers.run(work).await })
            })
            .collect();
        for (at, asked) in asking.into_iter().enumerate() {
            assert_eq!(asked.await.unwrap().unwrap(), at);
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }

    #[tokio::test]
    async fn work_that_panics_is_a_defect_and_holds_nobody_up() {
        let workers = Workers::new(1);
        let panics = workers.run(|| -> () { panic!("by intent") });
        let (panicked, next) = tokio::join!(panics, workers.run(|| 7));
        assert!(matches!(panicked, Err(ServiceError::Defect)));
        assert_eq!(next.unwrap(), 7);
        assert_eq!(workers.run(|| 8).await.unwrap(), 8, "and its place is free again");
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_not_begun() {
        let workers = Workers::new(1);
        let (go, gone) = mpsc::channel::<()>();
        let asking = workers.clone();
        let first = tokio::spawn(async move { asking.run(move || gone.recv().is_ok()).await });
        let begun = Arc::new(AtomicUsize::new(0));
        let (asking, counted) = (workers.clone(), Arc::clone(&begun));
        let count = move || counted.fetch_add(1, Ordering::SeqCst);
        let second = tokio::spawn(async move { asking.run(count).await });
        // On the one thread of this test both run up to where they wait.
        yield_now().await;
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        workers.run(|| ()).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }
}

//! Admissions that wait at the same time go on record in one transaction, and wait for the disk
//! once.
//!
//! One task writes. Where the group before was more than one, it waits a moment for others, so that
//! a crowd costs few transactions and a single runtime waits for nobody. It takes the database's
//! place for writing, and then whoever has come by then, in the order in which they came. Nobody is
//! answered before the transaction that holds their admission is durable. Where a transaction
//! fails, everybody in it is written alone, so that what cannot be written fails for itself only.

use std::collections::VecDeque;

use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::admission::{self, Admitted, Objection};
use super::{StoreError, begin};
use crate::limits::{ADMISSIONS_GATHERED, ADMISSIONS_WAITING_MAX, ADMISSIONS_WRITTEN_MAX};

type Decision = Result<(), Objection>;
type Answer = Result<Decision, StoreError>;

/// Where admissions wait to be written. Cheap to clone; the writer ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Group(mpsc::Sender<Waiting>);

/// One admission, and who waits for it.
#[derive(Debug)]
struct Waiting {
    admitted: Admitted,
    answer: oneshot::Sender<Answer>,
}

impl Group {
    /// Starts the writer.
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (sender, receiver) = mpsc::channel(ADMISSIONS_WAITING_MAX);
        tokio::spawn(write_all(pool, receiver));
        Self(sender)
    }

    /// Waits until `admitted` is durable or decided against.
    pub(super) async fn admit(&self, admitted: Admitted) -> Answer {
        let (answer, answered) = oneshot::channel();
        let ended = || StoreError::Database(sqlx::Error::WorkerCrashed);
        self.0.send(Waiting { admitted, answer }).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

async fn write_all(pool: SqlitePool, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = VecDeque::new();
    let mut busy = false;
    loop {
        if waiting.is_empty() {
            let Some(first) = queue.recv().await else { return };
            waiting.push_back(first);
        }
        if busy {
            tokio::time::sleep(ADMISSIONS_GATHERED).await;
        }
        // Whoever comes while another write is under way belongs to this transaction.
        let write = begin(&pool).await;
        while waiting.len() < ADMISSIONS_WRITTEN_MAX
            && let Ok(next) = queue.try_recv()
        {
            waiting.push_back(next);
        }
        // Whoever does not wait any more gets no lease, so that there is none to put on record.
        waiting.retain(|waiting| !waiting.answer.is_closed());
        let group = distinct(&mut waiting);
        busy = group.len() > 1;
        let written = match write {
            Ok(write) => admission::write(write, group.iter().map(|one| &one.admitted)).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(decisions) => answer_all(group, decisions),
            Err(error) => write_each(&pool, group, error).await,
        }
    }
}

/// Takes those at the front that are of different instances: no statement changes a row twice.
fn distinct(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut group: Vec<Waiting> = Vec::with_capacity(waiting.len());
    while let Some(next) = waiting.pop_front() {
        if group.iter().any(|one| one.admitted.instance == next.admitted.instance) {
            waiting.push_front(next);
            break;
        }
        group.push(next);
    }
    group
}

fn answer_all(group: Vec<Waiting>, decisions: Vec<Decision>) {
    for (waiting, decision) in group.into_iter().zip(decisions) {
        answer(waiting, Ok(decision));
    }
}

/// After a transaction of all of them failed with `error`.
async fn write_each(pool: &SqlitePool, group: Vec<Waiting>, error: StoreError) {
    let alone = group.len() == 1;
    let mut failed = Some(error).filter(|_| alone);
    for waiting in group {
        let answered = match failed.take() {
            Some(error) => Err(error),
            None => write_alone(pool, &waiting.admitted).await,
        };
        answer(waiting, answered);
    }
}

async fn write_alone(pool: &SqlitePool, admitted: &Admitted) -> Answer {
    let write = begin(pool).await?;
    let decisions = admission::write(write, std::iter::once(admitted)).await?;
    decisions.into_iter().next().ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

fn answer(waiting: Waiting, answer: Answer) {
    if waiting.answer.send(answer).is_err() {
        tracing::debug!(instance = waiting.admitted.instance, "nobody waits for an admission");
    }
}

#[cfg(test)]
mod tests;

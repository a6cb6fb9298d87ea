//! What watchers are told, numbered without gaps.
//!
//! An event is written in the transaction of the change that it announces, so that neither exists
//! without the other. Watchers read this log; nothing is queued for them in memory.

use std::collections::VecDeque;

use cloister_attestation::time::UnixTime;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tokio::sync::watch;

use super::{Store, StoreError, Write, row};
use crate::limits::EVENT_BATCH_MAX;

/// One announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number: one more than that of the event before it.
    pub sequence: u64,
    /// What is announced.
    pub kind: EventKind,
}

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// An instance's leases were taken away.
    Revoked {
        /// The agent.
        agent: String,
        /// The instance.
        instance: String,
        /// Why, as a stable code.
        reason: String,
        /// When its last lease ends.
        forget_after: UnixTime,
    },
    /// An instance's leases count again.
    Restored {
        /// The agent.
        agent: String,
        /// The instance.
        instance: String,
    },
    /// Leases of older epochs are refused.
    PolicyEpoch {
        /// The oldest epoch that is accepted.
        floor: u64,
    },
    /// The trust bundle has other keys or issuers than before.
    TrustChanged,
    /// An authorization policy was published.
    PolicyPublished {
        /// For which agent; `None` for every one.
        agent: Option<String>,
        /// Its number.
        number: u64,
    },
}

impl EventKind {
    const fn word(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "revoked",
            Self::Restored { .. } => "restored",
            Self::PolicyEpoch { .. } => "policy_epoch",
            Self::TrustChanged => "trust",
            Self::PolicyPublished { .. } => "published",
        }
    }
}

impl Event {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let kind: String = row.try_get("kind")?;
        let kind = match kind.as_str() {
            "revoked" => EventKind::Revoked {
                agent: row.try_get("agent")?,
                instance: row.try_get("instance")?,
                reason: row.try_get("reason")?,
                forget_after: UnixTime::from_secs(row::unsigned(row, "forget_after")?),
            },
            "restored" => EventKind::Restored {
                agent: row.try_get("agent")?,
                instance: row.try_get("instance")?,
            },
            "policy_epoch" => EventKind::PolicyEpoch { floor: row::unsigned(row, "floor")? },
            "trust" => EventKind::TrustChanged,
            "published" => EventKind::PolicyPublished {
                agent: row.try_get("agent")?,
                number: row::unsigned(row, "floor")?,
            },
            _ => return Err(StoreError::corrupt("kind", kind)),
        };
        Ok(Self { sequence: row::unsigned(row, "sequence")?, kind })
    }
}

impl Store {
    /// The events after `sequence`, oldest first, at most a batch. If the first is not the next
    /// one, those between were forgotten.
    ///
    /// The newest ones are read once for everybody: thousands of watchers ask for the same event at
    /// the same moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events_after(&self, sequence: u64) -> Result<Vec<Event>, StoreError> {
        let newest = *self.newest.borrow();
        if sequence >= newest {
            return Ok(Vec::new());
        }
        let mut tail = self.tail.lock().await;
        if tail.newest() < newest {
            let from = tail.newest().max(newest.saturating_sub(EVENT_BATCH_MAX.into()));
            tail.extend(self.read_events(from).await?);
        }
        if let Some(events) = tail.after(sequence) {
            return Ok(events);
        }
        drop(tail);
        self.read_events(sequence).await
    }

    async fn read_events(&self, sequence: u64) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT * FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let rows = sqlx::query(sql)
            .bind(row::signed(sequence))
            .bind(i64::from(EVENT_BATCH_MAX))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(Event::read).collect()
    }

    /// Announces that the trust bundle has other keys or issuers, if `digest` over them is not the
    /// one that was announced last. Where no instance is on record there is nobody to tell. Returns
    /// whether it was announced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announce_trust(&self, digest: &str, now: UnixTime) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let sql = "UPDATE domain SET announced_trust = $1 WHERE id = 1 AND announced_trust <> $1";
        let done = sqlx::query(sql).bind(digest).execute(&mut *write).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let known = sqlx::query("SELECT 1 FROM instances LIMIT 1").fetch_optional(&mut *write);
        let told = known.await?.is_some();
        if told {
            append(&mut write, &EventKind::TrustChanged, now).await?;
        }
        self.commit(write).await?;
        Ok(told)
    }

    /// The newest event's number, and a wake-up when there is a newer one.
    #[must_use]
    pub fn newest_event(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Tells the watchers what the newest event is now. Two writes may end in one order and get
    /// here in the other: the number never goes down.
    pub(super) fn wake(&self, newest: u64) {
        self.newest.send_if_modified(|known| {
            let newer = newest > *known;
            *known = newest.max(*known);
            newer
        });
    }
}

/// The newest events, at most a batch, without a gap.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<Event>);

impl Tail {
    fn newest(&self) -> u64 {
        self.0.back().map_or(0, |event| event.sequence)
    }

    /// Takes events that were read from the record behind those that are known.
    fn extend(&mut self, events: Vec<Event>) {
        for event in events {
            if event.sequence != self.newest().saturating_add(1) {
                self.0.clear();
            }
            self.0.push_back(event);
        }
        let kept = usize::try_from(EVENT_BATCH_MAX).unwrap_or(usize::MAX);
        self.0.drain(..self.0.len().saturating_sub(kept));
    }

    /// What came after `sequence`, if none of it is missing here.
    fn after(&self, sequence: u64) -> Option<Vec<Event>> {
        let first = self.0.front()?.sequence;
        let known = first <= sequence.saturating_add(1);
        known.then(|| self.0.iter().filter(|event| event.sequence > sequence).cloned().collect())
    }
}

/// The newest event's number; 0 before the first.
pub(super) async fn newest(read: &mut Write) -> Result<u64, StoreError> {
    let sql = "SELECT COALESCE(MAX(sequence), 0) AS newest FROM events";
    let row = sqlx::query(sql).fetch_one(&mut **read).await?;
    row::unsigned(&row, "newest")
}

/// Adds an event. Two writes cannot take the same number: the column is the primary key.
pub(super) async fn append(
    write: &mut Write,
    event: &EventKind,
    now: UnixTime,
) -> Result<(), StoreError> {
    let (agent, instance, reason, forget_after, floor) = match event {
        EventKind::Revoked { agent, instance, reason, forget_after } => {
            let forget_after = Some(row::signed(forget_after.as_secs()));
            (Some(agent), Some(instance), Some(reason), forget_after, None)
        }
        EventKind::Restored { agent, instance } => (Some(agent), Some(instance), None, None, None),
        EventKind::PolicyEpoch { floor } => (None, None, None, None, Some(row::signed(*floor))),
        EventKind::TrustChanged => (None, None, None, None, None),
        EventKind::PolicyPublished { agent, number } => {
            (agent.as_ref(), None, None, None, Some(row::signed(*number)))
        }
    };
    let sql = "INSERT INTO events
                   (sequence, at, kind, agent, instance, reason, forget_after, floor)
               SELECT COALESCE(MAX(sequence), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM events";
    sqlx::query(sql)
        .bind(row::signed(now.as_secs()))
        .bind(event.word())
        .bind(agent)
        .bind(instance)
        .bind(reason)
        .bind(forget_after)
        .bind(floor)
        .execute(&mut **write)
        .await?;
    Ok(())
}

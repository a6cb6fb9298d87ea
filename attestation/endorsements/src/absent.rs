//! What was asked for in vain, so that it is not asked for again at once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloister_attestation::time::UnixTime;

use crate::limits::{ABSENT_ENTRIES_MAX, ABSENT_TIME};

/// Keys of documents that could not be had, for a time. Bounded: the oldest goes first.
#[derive(Debug, Default)]
pub(crate) struct Absent(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<String, InVain>,
    in_order: VecDeque<String>,
}

/// One attempt that was in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InVain {
    pub(crate) until: UnixTime,
    pub(crate) reason: String,
}

impl Absent {
    /// Whether `key` is not to be asked for at `now`.
    pub(crate) fn find(&self, key: &str, now: UnixTime) -> Option<InVain> {
        let in_force = |known: &&InVain| now < known.until && known.until.since(now) <= ABSENT_TIME;
        self.entries().by_key.get(key).filter(in_force).cloned()
    }

    pub(crate) fn remember(&self, key: &str, now: UnixTime, reason: String) {
        let mut entries = self.entries();
        let until = now.plus(ABSENT_TIME);
        if entries.by_key.insert(key.to_owned(), InVain { until, reason }).is_none() {
            entries.in_order.push_back(key.to_owned());
        }
        if entries.in_order.len() > ABSENT_ENTRIES_MAX
            && let Some(oldest) = entries.in_order.pop_front()
        {
            entries.by_key.remove(&oldest);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere at worst leaves a key in one of the two, which costs its place.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloister_attestation::time::UnixTime;

    use super::Absent;
    use crate::limits::{ABSENT_ENTRIES_MAX, ABSENT_TIME};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn a_key_is_remembered_for_its_time_and_no_longer() {
        let absent = Absent::default();
        absent.remember("a", NOW, "404".to_owned());
        let last = NOW.plus(ABSENT_TIME - Duration::from_secs(1));
        assert_eq!(absent.find("a", last).unwrap().reason, "404");
        assert_eq!(absent.find("a", NOW.plus(ABSENT_TIME)), None);
        assert_eq!(absent.find("a", NOW.minus(Duration::from_secs(1))), None, "a clock set back");
        assert_eq!(absent.find("b", NOW), None);
    }

    #[test]
    fn made_up_keys_do_not_grow_it_without_bound() {
        let absent = Absent::default();
        for key in 0..=ABSENT_ENTRIES_MAX {
            absent.remember(&key.to_string(), NOW, String::new());
        }
        assert_eq!(absent.entries().by_key.len(), ABSENT_ENTRIES_MAX);
        assert_eq!(absent.entries().in_order.len(), ABSENT_ENTRIES_MAX);
        assert_eq!(absent.find("0", NOW), None);
        assert!(absent.find("1", NOW).is_some());
    }
}

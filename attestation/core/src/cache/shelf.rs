//! A bounded map whose entries go when what they rest on goes.

use std::collections::HashMap;

use super::entry::{Entry, Owner, Source, Verified};
use super::key::ContentKey;
use crate::limits::{
    CACHE_BYTES_MAX, CACHE_DOCUMENTS_MAX, CACHE_ENTRIES_MAX, CACHE_ENTRIES_PER_MACHINE_MAX,
};
use crate::publication::Issue;
use crate::time::UnixTime;

/// How much is kept at most; where one of these is zero, nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Entries altogether.
    pub entries: usize,
    /// Bytes altogether, about.
    pub bytes: usize,
    /// Entries of one machine.
    pub per_machine: usize,
    /// Vendor documents whose newest issue is known. What rests on one more is not kept.
    pub documents: usize,
}

impl Default for Bounds {
    /// Those of [`crate::limits`].
    fn default() -> Self {
        Self {
            entries: CACHE_ENTRIES_MAX,
            bytes: CACHE_BYTES_MAX,
            per_machine: CACHE_ENTRIES_PER_MACHINE_MAX,
            documents: CACHE_DOCUMENTS_MAX,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    bounds: Bounds,
    slots: HashMap<ContentKey, Slot>,
    /// The newest issue of each document that was verified.
    newest: HashMap<Source, Issue>,
    bytes: usize,
    hits: u64,
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    entry: Entry,
    used: u64,
}

impl Shelf {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn hits(&self) -> u64 {
        self.hits
    }

    /// What was made from this content, if it still holds.
    pub(super) fn find(&mut self, key: &ContentKey, now: UnixTime) -> Option<Verified> {
        let slot = self.slots.get_mut(key).filter(|slot| slot.entry.valid.contains(now))?;
        self.uses = self.uses.saturating_add(1);
        self.hits = self.hits.saturating_add(1);
        slot.used = self.uses;
        Some(slot.entry.verified.clone())
    }

    /// Keeps what was just verified, and drops whatever it replaces or what no longer holds.
    pub(super) fn keep(&mut self, key: ContentKey, entry: Entry, now: UnixTime) {
        let Bounds { entries, bytes, per_machine, documents } = self.bounds;
        let fits = ![entries, per_machine, documents].contains(&0) && entry.bytes <= bytes;
        if !entry.valid.contains(now) || !fits || !self.learn(&entry) {
            return;
        }
        self.retain(|entry, newest| entry.valid.until >= now && is_newest(entry, newest));
        if !is_newest(&entry, &self.newest) {
            return;
        }
        self.remove(&key);
        self.make_room(&entry);
        self.uses = self.uses.saturating_add(1);
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.slots.insert(key, Slot { entry, used: self.uses });
    }

    /// Remembers newer issues. False where that would be too many documents: an entry whose end
    /// could not be noticed is not kept.
    fn learn(&mut self, entry: &Entry) -> bool {
        for (source, issue) in &entry.rests_on {
            let Some(issue) = issue else { continue };
            if let Some(seen) = self.newest.get_mut(source) {
                if seen.is_before(issue) {
                    *seen = *issue;
                }
            } else if self.newest.len() < self.bounds.documents {
                self.newest.insert(*source, *issue);
            } else {
                return false;
            }
        }
        true
    }

    fn make_room(&mut self, entry: &Entry) {
        let owned = |slots: &HashMap<ContentKey, Slot>| {
            slots.values().filter(|slot| slot.entry.owner == entry.owner).count()
        };
        while owned(&self.slots) >= self.bounds.per_machine {
            self.evict(Some(&entry.owner));
        }
        while !self.slots.is_empty()
            && (self.slots.len() >= self.bounds.entries
                || self.bytes.saturating_add(entry.bytes) > self.bounds.bytes)
        {
            self.evict(None);
        }
    }

    /// Drops what was not used for longest, of this owner or of all.
    fn evict(&mut self, owner: Option<&Owner>) {
        let candidates =
            self.slots.iter().filter(|(_, slot)| owner.is_none_or(|o| slot.entry.owner == *o));
        let oldest = candidates.min_by_key(|(_, slot)| slot.used).map(|(key, _)| *key);
        if let Some(key) = oldest {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &ContentKey) {
        if let Some(slot) = self.slots.remove(key) {
            self.bytes = self.bytes.saturating_sub(slot.entry.bytes);
        }
    }

    fn retain(&mut self, keep: impl Fn(&Entry, &HashMap<Source, Issue>) -> bool) {
        let (newest, bytes) = (&self.newest, &mut self.bytes);
        self.slots.retain(|_, slot| {
            let kept = keep(&slot.entry, newest);
            if !kept {
                *bytes = bytes.saturating_sub(slot.entry.bytes);
            }
            kept
        });
    }
}

/// Whether no newer issue is known of any document that the entry rests on.
fn is_newest(entry: &Entry, newest: &HashMap<Source, Issue>) -> bool {
    entry.rests_on.iter().all(|(source, issue)| match (newest.get(source), issue) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(seen), Some(own)) => !own.is_before(seen),
    })
}

//! A map that is read field by field, until nothing is left or what is left is named.

use std::collections::BTreeMap;

use super::{Item, ItemError, Key};

/// The entries of one map that have not been read yet.
#[derive(Debug)]
pub(crate) struct Fields {
    entries: BTreeMap<Key, Item>,
}

impl Fields {
    /// Of an item that has to be a map.
    pub(crate) fn of(item: Item) -> Result<Self, ItemError> {
        item.into_map().map(|entries| Self { entries })
    }

    /// Reads a field that may be absent.
    pub(crate) fn optional<T>(
        &mut self,
        key: impl Into<Key>,
        read: impl FnOnce(Item) -> Result<T, ItemError>,
    ) -> Result<Option<T>, ItemError> {
        let key = key.into();
        let Some(item) = self.entries.remove(&key) else { return Ok(None) };
        read(item).map(Some).map_err(|error| error.within(key))
    }

    /// Reads a field that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        key: impl Into<Key>,
        read: impl FnOnce(Item) -> Result<T, ItemError>,
    ) -> Result<T, ItemError> {
        let key = key.into();
        self.optional(key.clone(), read)?.ok_or_else(|| ItemError::new(format!("{key} is missing")))
    }

    /// What nobody has read.
    pub(crate) fn rest(self) -> BTreeMap<Key, Item> {
        self.entries
    }

    /// Refuses what nobody has read.
    pub(crate) fn finish(self) -> Result<(), ItemError> {
        match self.entries.keys().next() {
            None => Ok(()),
            Some(key) => Err(ItemError::new(format!("{key} is unknown"))),
        }
    }
}

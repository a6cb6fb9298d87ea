//! Entries and open files, with the rules of configfs for both.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use fuser::Errno;

use super::attribute::Attribute;
use super::entry::{Entry, INBLOB_MAX, Output};
use super::{Outcome, Step, TsmFs};

/// A file or directory, by inode number: 1 is the root, then 16 numbers for each entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Root,
    Entry(u64),
    File(u64, Attribute),
}

const NODES_PER_ENTRY: u64 = 16;

impl Node {
    pub(super) fn from_number(number: u64) -> Option<Self> {
        match (number / NODES_PER_ENTRY, number % NODES_PER_ENTRY) {
            (0, 1) => Some(Self::Root),
            (0, _) => None,
            (entry, 0) => Some(Self::Entry(entry)),
            (entry, file) => {
                Attribute::from_number(file).map(|attribute| Self::File(entry, attribute))
            }
        }
    }

    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Root => 1,
            Self::Entry(entry) => entry * NODES_PER_ENTRY,
            Self::File(entry, attribute) => entry * NODES_PER_ENTRY + attribute.number(),
        }
    }
}

/// An open file.
#[derive(Debug)]
struct Handle {
    entry: u64,
    attribute: Attribute,
    /// What reads are served from; filled by the first one.
    content: Option<Vec<u8>>,
    /// What has been written to a binary attribute and not been stored yet.
    pending: Option<Vec<u8>>,
}

/// Everything behind the mount.
pub(super) struct State {
    served: TsmFs,
    entries: HashMap<u64, (OsString, Entry)>,
    handles: HashMap<u64, Handle>,
    last_number: u64,
}

impl State {
    pub(super) fn new(served: TsmFs) -> Self {
        Self { served, entries: HashMap::new(), handles: HashMap::new(), last_number: 0 }
    }

    pub(super) fn exists(&self, node: Node) -> bool {
        match node {
            Node::Root => true,
            Node::Entry(entry) => self.entries.contains_key(&entry),
            Node::File(entry, attribute) => {
                self.entries.contains_key(&entry) && attribute.visible(&self.served.guest)
            }
        }
    }

    pub(super) fn lookup(&self, parent: Node, name: &OsStr) -> Result<Node, Errno> {
        let found = match parent {
            Node::Root => self.find(name).map(Node::Entry),
            Node::Entry(entry) => Attribute::from_name(name).map(|file| Node::File(entry, file)),
            Node::File(..) => return Err(Errno::ENOTDIR),
        };
        found.filter(|node| self.exists(*node)).ok_or(Errno::ENOENT)
    }

    pub(super) fn list(&self, directory: Node) -> Vec<(Node, OsString)> {
        match directory {
            Node::Root => self
                .entries
                .iter()
                .map(|(entry, (name, _))| (Node::Entry(*entry), name.clone()))
                .collect(),
            Node::Entry(entry) => Attribute::all_visible(&self.served.guest)
                .map(|file| (Node::File(entry, file), file.name().into()))
                .collect(),
            Node::File(..) => Vec::new(),
        }
    }

    pub(super) fn make(&mut self, parent: Node, name: &OsStr) -> Result<Node, Errno> {
        if parent != Node::Root {
            return Err(Errno::EPERM);
        }
        if self.find(name).is_some() {
            return Err(Errno::EEXIST);
        }
        if let Outcome::Fail(error) = (self.served.script)(Step::Make) {
            return Err(Errno::from_i32(error));
        }
        let entry = self.next_number();
        self.entries.insert(entry, (name.to_owned(), Entry::default()));
        Ok(Node::Entry(entry))
    }

    pub(super) fn remove(&mut self, parent: Node, name: &OsStr) -> Result<(), Errno> {
        let Node::Root = parent else { return Err(Errno::EPERM) };
        let entry = self.find(name).ok_or(Errno::ENOENT)?;
        self.entries.remove(&entry);
        Ok(())
    }

    /// Binary attributes are for reading or for writing, never both.
    pub(super) fn open(&mut self, node: Node, write: bool) -> Result<u64, Errno> {
        let Node::File(entry, attribute) = node else { return Err(Errno::EISDIR) };
        if !self.exists(node) {
            return Err(Errno::ENOENT);
        }
        if write != attribute.writable() {
            return Err(Errno::EACCES);
        }
        let number = self.next_number();
        self.handles.insert(number, Handle { entry, attribute, content: None, pending: None });
        Ok(number)
    }

    pub(super) fn read(
        &mut self,
        handle: u64,
        offset: usize,
        size: usize,
    ) -> Result<Vec<u8>, Errno> {
        let open = self.handles.get(&handle).ok_or(Errno::EBADF)?;
        if open.content.is_none() {
            let content = self.show(open.entry, open.attribute)?;
            self.handles.get_mut(&handle).ok_or(Errno::EBADF)?.content = Some(content);
        }
        let content = self.handles.get(&handle).and_then(|open| open.content.as_deref());
        let rest = content.and_then(|content| content.get(offset..)).unwrap_or_default();
        Ok(rest[..rest.len().min(size)].to_vec())
    }

    pub(super) fn write(&mut self, handle: u64, offset: usize, data: &[u8]) -> Result<(), Errno> {
        let open = self.handles.get_mut(&handle).ok_or(Errno::EBADF)?;
        if open.attribute == Attribute::PrivilegeLevel {
            let entry = open.entry;
            return self.store_privilege_level(entry, data);
        }
        let end =
            offset.checked_add(data.len()).filter(|end| *end <= INBLOB_MAX).ok_or(Errno::EFBIG)?;
        let pending = open.pending.get_or_insert_default();
        if pending.len() < end {
            pending.resize(end, 0);
        }
        pending[offset..end].copy_from_slice(data);
        Ok(())
    }

    /// Stores what was written to a binary attribute. The kernel ignores how that ends.
    pub(super) fn close(&mut self, handle: u64) {
        let Some(open) = self.handles.get_mut(&handle) else { return };
        let (entry, pending) = (open.entry, open.pending.take());
        if let Some(pending) = pending {
            let _ignored = self.store_inblob(entry, &pending);
        }
    }

    pub(super) fn release(&mut self, handle: u64) {
        self.close(handle);
        self.handles.remove(&handle);
    }

    fn show(&mut self, entry: u64, attribute: Attribute) -> Result<Vec<u8>, Errno> {
        if let Some(step) = attribute.read_step() {
            self.take_step(step, entry)?;
        }
        let (_, state) = self.entries.get_mut(&entry).ok_or(Errno::ENOENT)?;
        match attribute {
            Attribute::Provider => Ok(format!("{}\n", self.served.provider).into_bytes()),
            Attribute::Generation => Ok(format!("{}\n", state.generation()).into_bytes()),
            Attribute::PrivilegeFloor => {
                Ok(format!("{}\n", self.served.privilege_floor).into_bytes())
            }
            Attribute::Outblob => state.read(Output::Report, &self.served.guest),
            Attribute::Auxblob => state.read(Output::Auxiliary, &self.served.guest),
            Attribute::PrivilegeLevel | Attribute::Inblob => Err(Errno::EACCES),
        }
    }

    fn store_privilege_level(&mut self, entry: u64, text: &[u8]) -> Result<(), Errno> {
        self.take_step(Step::StorePrivilegeLevel, entry)?;
        let floor = self.served.privilege_floor;
        let (_, state) = self.entries.get_mut(&entry).ok_or(Errno::ENOENT)?;
        state.store_privilege_level(text, floor)
    }

    fn store_inblob(&mut self, entry: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.take_step(Step::StoreInblob, entry)?;
        let (_, state) = self.entries.get_mut(&entry).ok_or(Errno::ENOENT)?;
        state.store_inblob(bytes)
    }

    fn take_step(&mut self, step: Step, entry: u64) -> Result<(), Errno> {
        match (self.served.script)(step) {
            Outcome::Proceed => Ok(()),
            Outcome::Fail(error) => Err(Errno::from_i32(error)),
            Outcome::Interfere(inblob) => {
                let (_, state) = self.entries.get_mut(&entry).ok_or(Errno::ENOENT)?;
                state.store_inblob(&inblob)
            }
        }
    }

    fn find(&self, name: &OsStr) -> Option<u64> {
        self.entries.iter().find(|(_, (known, _))| known == name).map(|(entry, _)| *entry)
    }

    const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

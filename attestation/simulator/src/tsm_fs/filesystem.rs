//! FUSE requests onto [`State`].

use std::ffi::OsStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, FopenFlags, Generation, INodeNo,
    LockOwner, OpenAccMode, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::state::{Node, State};

/// Nothing may be cached: every read is a question to the TEE.
const TTL: Duration = Duration::ZERO;

pub(super) struct Filesystem {
    state: Mutex<State>,
}

impl Filesystem {
    pub(super) const fn new(state: State) -> Self {
        Self { state: Mutex::new(state) }
    }

    /// A script that panicked in another request has left the state as it was before that request.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply_attr(&self, ino: INodeNo, reply: ReplyAttr) {
        match node(ino).filter(|node| self.state().exists(*node)) {
            Some(node) => reply.attr(&TTL, &attributes(node)),
            None => reply.error(Errno::ENOENT),
        }
    }
}

fn node(ino: INodeNo) -> Option<Node> {
    Node::from_number(ino.0)
}

fn attributes(node: Node) -> FileAttr {
    let (kind, perm, nlink) = match node {
        Node::Root | Node::Entry(_) => (FileType::Directory, 0o755, 2),
        Node::File(_, attribute) => (FileType::RegularFile, attribute.mode(), 1),
    };
    FileAttr {
        ino: INodeNo(node.number()),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm,
        nlink,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn length<T: TryInto<usize>>(value: T) -> Result<usize, Errno> {
    value.try_into().map_err(|_| Errno::EINVAL)
}

fn reply_entry(made: Result<Node, Errno>, reply: ReplyEntry) {
    match made {
        Ok(node) => reply.entry(&TTL, &attributes(node), Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn reply_empty(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl fuser::Filesystem for Filesystem {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found =
            node(parent).ok_or(Errno::ENOENT).and_then(|node| self.state().lookup(node, name));
        reply_entry(found, reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        self.reply_attr(ino, reply);
    }

    /// Opening for writing truncates; an attribute has no length to change.
    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        self.reply_attr(ino, reply);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        let made = node(parent).ok_or(Errno::ENOENT).and_then(|node| self.state().make(node, name));
        reply_entry(made, reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let done =
            node(parent).ok_or(Errno::ENOENT).and_then(|node| self.state().remove(node, name));
        reply_empty(done, reply);
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let write = flags.acc_mode() != OpenAccMode::O_RDONLY;
        match node(ino).ok_or(Errno::ENOENT).and_then(|node| self.state().open(node, write)) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let range = length(offset).and_then(|offset| Ok((offset, length(size)?)));
        match range.and_then(|(offset, size)| self.state().read(handle.0, offset, size)) {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match length(offset).and_then(|offset| self.state().write(handle.0, offset, data)) {
            // FUSE hands over at most a few megabytes at once.
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    /// Synchronous with `close`, unlike `release`: this is where configfs stores.
    fn flush(&self, _: &Request, _: INodeNo, handle: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        self.state().close(handle.0);
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.state().release(handle.0);
        reply.ok();
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listed = node(ino).map(|node| self.state().list(node)).unwrap_or_default();
        for (next, (node, name)) in (1..).zip(listed) {
            let full = next > offset
                && reply.add(INodeNo(node.number()), next, attributes(node).kind, &name);
            if full {
                break;
            }
        }
        reply.ok();
    }
}

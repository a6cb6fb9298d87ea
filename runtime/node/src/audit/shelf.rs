//! What is kept of the log in memory: all of it, or its end.

use std::collections::VecDeque;

use cloister_audit::{AuditError, Frame, HEAD_LEN, Head, Kind, Origin, Range};

/// The last entries of a log, and the frontier of what precedes them.
#[derive(Debug)]
pub(super) struct Shelf {
    bytes_max: usize,
    bytes: usize,
    before: Range,
    frames: VecDeque<Frame>,
}

impl Shelf {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, before: Range::from(0), frames: VecDeque::new() }
    }

    /// Takes the next entry; the first ones go where there is no room.
    pub(super) fn push(&mut self, frame: Frame) {
        self.bytes = self.bytes.saturating_add(size(&frame));
        self.frames.push_back(frame);
        while self.bytes > self.bytes_max
            && let Some(frame) = self.frames.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(size(&frame));
            if frame.kind() == Kind::Record {
                self.before.append(frame.hash());
            }
        }
    }

    /// What is kept, as a file that can be checked.
    pub(super) fn excerpt(&self, origin: &Origin) -> Result<Vec<u8>, AuditError> {
        let mut bytes = Head::new(origin.clone(), &self.before).frame()?.to_bytes();
        bytes.reserve(self.bytes);
        self.frames.iter().for_each(|frame| bytes.extend_from_slice(&frame.to_bytes()));
        Ok(bytes)
    }
}

fn size(frame: &Frame) -> usize {
    frame.payload().len().saturating_add(HEAD_LEN)
}

//! The one message of a gRPC request, as far as its ids go.
//!
//! SPEC: gRPC over HTTP/2, Length-Prefixed-Message; Protocol Buffers, Encoding.

use super::ScanError;
use crate::operation::{Field, Said, Slot, Take, Within};

/// A reader of protobuf.
///
/// Protobuf itself lets a field come twice (the last counts, or both are merged), numbers be padded
/// and types differ from the definition (the field is then unknown). Readers differ over each of
/// these, and no official encoder does any, so fields that are read may not.
#[derive(Debug)]
pub(crate) struct ProtobufScan {
    fields: &'static [Field],
    said: Said,
    settled: bool,
    state: State,
    open: Vec<Level>,
}

/// A message that has not ended.
#[derive(Debug)]
struct Level {
    fields: &'static [Field],
    /// Bytes of it that have not come; without those of a message inside it.
    left: u64,
    /// Which of `fields` have come, a bit each by position.
    seen: u32,
}

#[derive(Debug)]
enum State {
    /// Inside the head of the frame.
    Frame(Vec<u8>),
    /// Inside a tag.
    Tag(Varint),
    /// Inside the length of a field, and what to do with the field.
    Length(Varint, Option<Take<Field>>),
    /// Inside a number that nobody reads.
    Number(Varint),
    /// Inside so many bytes that nobody reads.
    Skip(u64),
    /// Inside a text, with so many bytes missing.
    Text(Slot, u64, Vec<u8>),
    /// Behind the message.
    Done,
}

/// A number that is coming, seven bits a byte.
#[derive(Clone, Copy, Debug, Default)]
struct Varint {
    value: u64,
    bytes: u32,
}

const VARINT_BYTES_MAX: u32 = 10;

impl Varint {
    /// Takes a byte; the value if it was the last.
    fn push(&mut self, byte: u8) -> Result<Option<u64>, ScanError> {
        let bits = u64::from(byte & 0x7f);
        let shifted = bits.checked_shl(self.bytes.saturating_mul(7)).unwrap_or(0);
        // The tenth byte has room for one bit.
        if self.bytes >= VARINT_BYTES_MAX || (self.bytes == VARINT_BYTES_MAX - 1 && bits > 1) {
            return Err(ScanError::NotProtobuf);
        }
        self.value |= shifted;
        self.bytes = self.bytes.saturating_add(1);
        let is_last = byte & 0x80 == 0;
        let is_padded = is_last && byte == 0 && self.bytes > 1;
        if is_padded { Err(ScanError::NotProtobuf) } else { Ok(is_last.then_some(self.value)) }
    }
}

const FRAME_HEAD_BYTES: usize = 5;

impl ProtobufScan {
    pub(super) fn new(fields: &'static [Field]) -> Self {
        Self {
            fields,
            said: Said::default(),
            settled: false,
            state: State::Frame(Vec::new()),
            open: Vec::new(),
        }
    }

    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.state, State::Done)
    }

    pub(super) const fn said(&self) -> &Said {
        &self.said
    }

    pub(super) fn settle(&mut self) -> Said {
        self.settled = true;
        self.said.clone()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), ScanError> {
        while let Some((first, rest)) = bytes.split_first() {
            let used = match &mut self.state {
                State::Done => return Err(ScanError::Messages),
                State::Skip(left) => used(left, bytes),
                State::Text(..) if self.settled => return Err(ScanError::Late),
                State::Text(_, left, text) => {
                    let used = used(left, bytes);
                    text.extend_from_slice(bytes.get(..used).unwrap_or_default());
                    used
                }
                State::Frame(head) => {
                    head.push(*first);
                    1
                }
                State::Tag(_) | State::Length(..) | State::Number(_) => {
                    self.byte(*first)?;
                    bytes = rest;
                    self.advance()?;
                    continue;
                }
            };
            if !self.open.is_empty() {
                self.spend(u64::try_from(used).unwrap_or(u64::MAX))?;
            }
            bytes = bytes.get(used..).unwrap_or_default();
            self.advance()?;
        }
        Ok(())
    }

    /// Takes a byte of a number of the innermost message.
    fn byte(&mut self, byte: u8) -> Result<(), ScanError> {
        self.spend(1)?;
        match &mut self.state {
            State::Tag(tag) => {
                if let Some(tag) = tag.push(byte)? {
                    self.state = self.field(tag)?;
                }
            }
            State::Length(length, take) => {
                if let Some(length) = length.push(byte)? {
                    let take = *take;
                    self.begin(length, take)?;
                }
            }
            State::Number(number) => {
                if number.push(byte)?.is_some() {
                    self.state = State::Tag(Varint::default());
                }
            }
            State::Frame(_) | State::Skip(_) | State::Text(..) | State::Done => {}
        }
        Ok(())
    }

    /// Goes on from whatever has just become complete.
    fn advance(&mut self) -> Result<(), ScanError> {
        match &mut self.state {
            State::Frame(head) if head.len() == FRAME_HEAD_BYTES => {
                let left = message_length(head)?;
                self.open.push(Level { fields: self.fields, left, seen: 0 });
                self.state = State::Tag(Varint::default());
            }
            State::Text(slot, 0, text) => {
                let text = core::str::from_utf8(text).map_err(|_| ScanError::NotProtobuf)?;
                self.said.take(*slot, text)?;
                self.state = State::Tag(Varint::default());
            }
            State::Skip(0) => self.state = State::Tag(Varint::default()),
            State::Frame(_)
            | State::Tag(_)
            | State::Length(..)
            | State::Number(_)
            | State::Skip(_)
            | State::Text(..)
            | State::Done => {}
        }
        while matches!(self.state, State::Tag(Varint { bytes: 0, .. })) {
            match self.open.last() {
                Some(level) if level.left == 0 => drop(self.open.pop()),
                Some(_) => break,
                None => self.state = State::Done,
            }
        }
        Ok(())
    }

    /// What follows a tag.
    fn field(&mut self, tag: u64) -> Result<State, ScanError> {
        let (number, wire) = (tag >> 3, tag & 7);
        let number = u32::try_from(number).map_err(|_| ScanError::NotProtobuf)?;
        if number == 0 || number >= 1 << 29 {
            return Err(ScanError::NotProtobuf);
        }
        let level = self.open.last_mut().ok_or(ScanError::NotProtobuf)?;
        let known = level.fields.iter().position(|Field(known, _)| *known == number);
        let take = known.and_then(|at| level.fields.get(at)).map(|Field(_, take)| *take);
        if let (Some(at), Some(take)) = (known, take) {
            // SECURITY: of a number under the wrong type some readers say that it is unknown.
            if wire != 2 {
                return Err(ScanError::Fields);
            }
            let bit = u32::try_from(at).ok().and_then(|at| 1_u32.checked_shl(at)).unwrap_or(0);
            if level.seen & bit != 0 && !matches!(take, Take::Texts(_)) {
                return Err(ScanError::Doubled);
            }
            level.seen |= bit;
        }
        match wire {
            0 => Ok(State::Number(Varint::default())),
            1 => Ok(State::Skip(8)),
            2 => Ok(State::Length(Varint::default(), take)),
            5 => Ok(State::Skip(4)),
            _ => Err(ScanError::NotProtobuf),
        }
    }

    /// Begins a field of known length.
    fn begin(&mut self, length: u64, take: Option<Take<Field>>) -> Result<(), ScanError> {
        let left = self.open.last().map_or(0, |level| level.left);
        if length > left {
            return Err(ScanError::NotProtobuf);
        }
        self.state = match take {
            None => State::Skip(length),
            Some(Take::Text(_) | Take::Texts(_)) if self.settled => return Err(ScanError::Late),
            Some(Take::Text(slot) | Take::Texts(slot)) => State::Text(slot, length, Vec::new()),
            Some(Take::Enter(within, fields)) => {
                self.enter(within)?;
                self.spend(length)?;
                self.open.push(Level { fields, left: length, seen: 0 });
                State::Tag(Varint::default())
            }
        };
        Ok(())
    }

    fn enter(&mut self, within: Within) -> Result<(), ScanError> {
        match within {
            Within::Push if self.settled => return Err(ScanError::Late),
            Within::Push => self.said.push = true,
            Within::Message => self.said.message = true,
            Within::Configuration | Within::Wrapper => {}
        }
        Ok(())
    }

    /// Counts bytes of the innermost message.
    fn spend(&mut self, bytes: u64) -> Result<(), ScanError> {
        let level = self.open.last_mut().ok_or(ScanError::NotProtobuf)?;
        level.left = level.left.checked_sub(bytes).ok_or(ScanError::NotProtobuf)?;
        Ok(())
    }
}

/// How many of `bytes` belong to something with `left` bytes missing, which then has fewer.
fn used(left: &mut u64, bytes: &[u8]) -> usize {
    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left = left.saturating_sub(u64::try_from(used).unwrap_or(0));
    used
}

/// The length in the head of a frame.
fn message_length(head: &[u8]) -> Result<u64, ScanError> {
    match head {
        [0, length @ ..] => {
            let length: [u8; 4] = length.try_into().map_err(|_| ScanError::NotProtobuf)?;
            Ok(u64::from(u32::from_be_bytes(length)))
        }
        // SECURITY: the ids inside are not read, so the request cannot be decided over.
        [1, ..] => Err(ScanError::Compressed),
        _ => Err(ScanError::NotProtobuf),
    }
}

#[cfg(test)]
mod tests;

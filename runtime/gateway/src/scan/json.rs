//! A JSON object, as far as its ids go, by strict grammar.
//!
//! SPEC: RFC 8259; field names as ProtoJSON readers take them.

mod number;

use std::collections::HashSet;

use super::ScanError;
use super::utf8::Utf8;
use crate::limits::{JSON_DEPTH_MAX, MEMBER_NAME_BYTES_MAX, MEMBERS_MAX};
use crate::object::field;
use crate::operation::{Member, Said, Slot, Take, Within};
use number::Number;

/// A reader of JSON. What is no JSON to a strict reader is refused: lenient ones take comments,
/// single quotes and more for structure, and would find other members in the same bytes.
#[derive(Debug)]
pub(crate) struct JsonScan {
    said: Said,
    settled: bool,
    state: State,
    open: Vec<Container>,
    utf8: Utf8,
    /// The text that is being read, in its quotation marks and with its escapes.
    text: Vec<u8>,
}

#[derive(Debug)]
enum Container {
    /// Members that nobody reads.
    Object,
    /// Members, some of which are read.
    Read(Level),
    /// Items that nobody reads.
    List,
    /// Texts.
    Texts(Slot),
}

#[derive(Debug)]
struct Level {
    members: &'static [Member],
    /// The names so far, as the most lenient reader takes them.
    seen: HashSet<String>,
}

/// What is done with the value that comes next.
#[derive(Clone, Copy, Debug)]
enum Want {
    Skip,
    Root(&'static [Member]),
    Take(Take<Member>),
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a value.
    Value(Want),
    /// Before the first item of a list, or its end.
    FirstItem(Want),
    /// Before the first name of an object, or its end.
    FirstName,
    /// Before a name.
    Name,
    /// Before the colon.
    Colon(Want),
    /// Behind a value.
    After,
    /// Inside a text.
    Text(Role, Escape),
    /// Inside a number.
    Number(Number),
    /// Inside a literal with this missing.
    Literal(&'static [u8]),
}

/// What a text is.
#[derive(Clone, Copy, Debug)]
enum Role {
    Skip,
    SkippedName,
    Name,
    Value(Slot),
}

/// How far an escape in a text has come.
#[derive(Clone, Copy, Debug)]
enum Escape {
    None,
    Begun,
    /// So many hexadecimal digits are missing.
    Digits(u8),
}

impl JsonScan {
    pub(super) fn new(members: &'static [Member], said: Said) -> Self {
        Self {
            said,
            settled: false,
            state: State::Value(Want::Root(members)),
            open: Vec::new(),
            utf8: Utf8::Whole,
            text: Vec::new(),
        }
    }

    pub(super) const fn said(&self) -> &Said {
        &self.said
    }

    pub(super) fn settle(&mut self) -> Said {
        self.settled = true;
        self.said.clone()
    }

    pub(super) fn end(&self) -> Result<(), ScanError> {
        let is_done = matches!(self.state, State::After) && self.open.is_empty();
        if is_done { Ok(()) } else { Err(ScanError::NotJson) }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), ScanError> {
        while let Some((first, rest)) = bytes.split_first() {
            if let State::Text(Role::Skip | Role::SkippedName, Escape::None) = self.state {
                let plain = plain(bytes);
                if plain > 0 && self.utf8 == Utf8::Whole {
                    bytes = bytes.get(plain..).unwrap_or_default();
                    continue;
                }
            }
            self.byte(*first)?;
            bytes = rest;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), ScanError> {
        match self.state {
            State::Text(role, escape) => return self.text(role, escape, byte),
            State::Number(number) => match number.after(byte) {
                Some(number) => {
                    self.state = State::Number(number);
                    return Ok(());
                }
                None if number.may_end() => self.state = State::After,
                None => return Err(ScanError::NotJson),
            },
            State::Literal(missing) => return self.literal(missing, byte),
            State::Value(_)
            | State::FirstItem(_)
            | State::FirstName
            | State::Name
            | State::Colon(_)
            | State::After => {}
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') { Ok(()) } else { self.structure(byte) }
    }

    /// Takes a byte outside of texts, numbers and literals that is no white space.
    fn structure(&mut self, byte: u8) -> Result<(), ScanError> {
        match (self.state, byte) {
            (State::FirstName, b'}') | (State::FirstItem(_), b']') => self.close(byte),
            (State::FirstName | State::Name, b'"') => self.begin_name(),
            (State::Colon(want), b':') => {
                self.state = State::Value(want);
                Ok(())
            }
            (State::Value(want) | State::FirstItem(want), _) => self.value(want, byte),
            (State::After, b',') => self.next(),
            (State::After, b'}' | b']') => self.close(byte),
            _ => Err(ScanError::NotJson),
        }
    }

    /// Begins a value.
    fn value(&mut self, want: Want, byte: u8) -> Result<(), ScanError> {
        self.state = match (byte, want) {
            (b'{', Want::Skip) => return self.open(Container::Object, State::FirstName),
            (b'{', Want::Root(members)) => return self.open(read(members), State::FirstName),
            (b'{', Want::Take(Take::Enter(within, members))) => {
                self.enter(within)?;
                return self.open(read(members), State::FirstName);
            }
            (_, Want::Root(_)) => return Err(other_than_object(byte)),
            (b'[', Want::Skip) => {
                return self.open(Container::List, State::FirstItem(Want::Skip));
            }
            (b'[', Want::Take(Take::Texts(slot))) => {
                let items = State::FirstItem(Want::Take(Take::Text(slot)));
                return self.open(Container::Texts(slot), items);
            }
            (b'"', Want::Skip) => State::Text(Role::Skip, Escape::None),
            (b'"', Want::Take(Take::Text(slot))) => {
                self.text = vec![b'"'];
                State::Text(Role::Value(slot), Escape::None)
            }
            // As in ProtoJSON, it counts as absent.
            (b'n', _) => State::Literal(b"ull"),
            (b't', Want::Skip) => State::Literal(b"rue"),
            (b'f', Want::Skip) => State::Literal(b"alse"),
            (_, Want::Skip) => State::Number(Number::begun(byte).ok_or(ScanError::NotJson)?),
            (_, Want::Take(_)) => return Err(ScanError::Fields),
        };
        Ok(())
    }

    fn enter(&mut self, within: Within) -> Result<(), ScanError> {
        match within {
            Within::Push if self.settled => return Err(ScanError::Late),
            Within::Push => self.said.push = true,
            // SECURITY: a field and its other name are one field; both would be two messages.
            Within::Message if self.said.message => return Err(ScanError::Doubled),
            Within::Message => self.said.message = true,
            Within::Configuration | Within::Wrapper => {}
        }
        Ok(())
    }

    fn open(&mut self, container: Container, state: State) -> Result<(), ScanError> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Err(ScanError::TooDeep);
        }
        self.open.push(container);
        self.state = state;
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), ScanError> {
        let fits = match self.open.pop() {
            Some(Container::Object | Container::Read(_)) => byte == b'}',
            Some(Container::List | Container::Texts(_)) => byte == b']',
            None => false,
        };
        self.state = State::After;
        if fits { Ok(()) } else { Err(ScanError::NotJson) }
    }

    /// Goes on behind a comma.
    fn next(&mut self) -> Result<(), ScanError> {
        self.state = match self.open.last() {
            Some(Container::Object | Container::Read(_)) => State::Name,
            Some(Container::List) => State::Value(Want::Skip),
            Some(Container::Texts(slot)) => State::Value(Want::Take(Take::Text(*slot))),
            None => return Err(ScanError::NotJson),
        };
        Ok(())
    }

    fn begin_name(&mut self) -> Result<(), ScanError> {
        let is_read = matches!(self.open.last(), Some(Container::Read(_)));
        let role = if is_read { Role::Name } else { Role::SkippedName };
        self.text = vec![b'"'];
        self.state = State::Text(role, Escape::None);
        Ok(())
    }

    fn literal(&mut self, missing: &'static [u8], byte: u8) -> Result<(), ScanError> {
        let (next, rest) = missing.split_first().ok_or(ScanError::NotJson)?;
        if *next != byte {
            return Err(ScanError::NotJson);
        }
        self.state = if rest.is_empty() { State::After } else { State::Literal(rest) };
        Ok(())
    }

    /// Takes a byte of a text.
    fn text(&mut self, role: Role, escape: Escape, byte: u8) -> Result<(), ScanError> {
        let closes = byte == b'"' && matches!(escape, Escape::None);
        let escape = match (escape, byte) {
            (Escape::None, ..=0x1f) => return Err(ScanError::NotJson),
            (Escape::None, b'\\') => Escape::Begun,
            (Escape::None, _) => Escape::None,
            (Escape::Begun, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::None,
            (Escape::Begun, b'u') => Escape::Digits(4),
            (Escape::Digits(1), digit) if digit.is_ascii_hexdigit() => Escape::None,
            (Escape::Digits(left), digit) if digit.is_ascii_hexdigit() => {
                Escape::Digits(left.saturating_sub(1))
            }
            _ => return Err(ScanError::NotJson),
        };
        self.utf8 = self.utf8.after(byte).ok_or(ScanError::NotJson)?;
        self.keep(role, byte)?;
        if closes {
            return self.end_of_text(role);
        }
        self.state = State::Text(role, escape);
        Ok(())
    }

    fn keep(&mut self, role: Role, byte: u8) -> Result<(), ScanError> {
        match role {
            Role::Skip | Role::SkippedName => return Ok(()),
            Role::Value(_) if self.settled => return Err(ScanError::Late),
            Role::Name if self.text.len() >= MEMBER_NAME_BYTES_MAX => {
                return Err(ScanError::TooMany);
            }
            Role::Name | Role::Value(_) => self.text.push(byte),
        }
        Ok(())
    }

    fn end_of_text(&mut self, role: Role) -> Result<(), ScanError> {
        let text = core::mem::take(&mut self.text);
        let decoded = || serde_json::from_slice::<String>(&text).map_err(|_| ScanError::NotJson);
        self.state = match role {
            Role::Skip => State::After,
            Role::SkippedName => State::Colon(Want::Skip),
            Role::Name => State::Colon(self.wanted(&decoded()?)?),
            Role::Value(slot) => {
                self.said.take(slot, &decoded()?)?;
                State::After
            }
        };
        Ok(())
    }

    /// What to do with the value of a member of the innermost object.
    fn wanted(&mut self, name: &str) -> Result<Want, ScanError> {
        let Some(Container::Read(level)) = self.open.last_mut() else {
            return Err(ScanError::NotJson);
        };
        let name = field(name);
        let known = level.members.iter().find(|Member(known, _)| *known == name);
        if level.seen.len() >= MEMBERS_MAX {
            return Err(ScanError::TooMany);
        }
        if !level.seen.insert(name) {
            return Err(ScanError::Doubled);
        }
        match known {
            None => Ok(Want::Skip),
            Some(Member(_, Take::Text(_) | Take::Texts(_))) if self.settled => Err(ScanError::Late),
            Some(Member(_, take)) => Ok(Want::Take(*take)),
        }
    }
}

fn read(members: &'static [Member]) -> Container {
    Container::Read(Level { members, seen: HashSet::new() })
}

/// A body that does not begin with a brace.
const fn other_than_object(byte: u8) -> ScanError {
    match byte {
        b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => ScanError::NotObject,
        _ => ScanError::NotJson,
    }
}

/// How many bytes at the beginning of `bytes` mean nothing but themselves inside a text.
fn plain(bytes: &[u8]) -> usize {
    // A word at a time, without a branch for each byte: a large file is one long text.
    let (words, _) = bytes.as_chunks::<8>();
    let whole = words.iter().take_while(|word| !has_special(u64::from_ne_bytes(**word))).count();
    let whole = whole.saturating_mul(8);
    let rest = bytes.get(whole..).unwrap_or_default();
    let more = rest.iter().take(8).take_while(|byte| !is_special(**byte)).count();
    whole.saturating_add(more)
}

/// Whether any of eight bytes [`is_special`], without looking at one after the other: what borrows
/// from the highest bit of its byte, and did not have it, is below what is subtracted.
const fn has_special(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
    let control = word.wrapping_sub(SPACES) & !word;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (word | control | quote | backslash) & HIGHEST != 0
}

const fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte >= 0x80) | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests;

//! Whole events of a stream, so that each can be judged before any of it is passed on.
//!
//! SPEC: WHATWG HTML, "Server-sent events".

use bytes::{Bytes, BytesMut};

use crate::limits::ANSWER_BYTES_MAX;

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// An event is larger than any message may be.
    #[error("an event is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// Its lines have more than one reading.
    #[error("its lines have more than one reading")]
    Lines,
}

/// One event, with the empty line behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    raw: Bytes,
    /// Its data, if it has any.
    pub data: Option<String>,
    /// The id that a stream goes on after, if it names one.
    pub id: Option<String>,
}

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub struct EventReader {
    pending: BytesMut,
    /// Where the line begins whose end is not there yet: no line before it is empty.
    line: usize,
    /// Up to here that line has no end. A long one may come in many small pieces.
    scanned: usize,
    begun: bool,
}

impl EventReader {
    /// Takes what has come. To be called once every event so far was taken.
    ///
    /// # Errors
    /// [`EventError`] for an event that does not end in time.
    pub fn push(&mut self, data: &[u8]) -> Result<(), EventError> {
        if self.pending.len().saturating_add(data.len()) > ANSWER_BYTES_MAX {
            return Err(EventError::TooLarge);
        }
        self.pending.extend_from_slice(data);
        Ok(())
    }

    /// The next event that is whole. What follows the last empty line of a stream is none, and
    /// nobody acts on it.
    ///
    /// # Errors
    /// [`EventError`] for one whose lines readers cut differently.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventError> {
        let Some(end) = self.end_of_event() else { return Ok(None) };
        let raw = self.pending.split_to(end).freeze();
        (self.line, self.scanned) = (0, 0);
        let first = !core::mem::replace(&mut self.begun, true);
        Event::read(raw, first).map(Some)
    }

    /// Where the first event ends: behind an empty line.
    fn end_of_event(&mut self) -> Option<usize> {
        loop {
            let rest = self.pending.get(self.scanned..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.pending.len();
                return None;
            };
            let end = self.scanned.saturating_add(end);
            let is_empty = matches!(self.pending.get(self.line..end), Some([] | [b'\r']));
            self.line = end.saturating_add(1);
            self.scanned = self.line;
            if is_empty {
                return Some(self.line);
            }
        }
    }
}

impl Event {
    fn read(raw: Bytes, first: bool) -> Result<Self, EventError> {
        let odd = || EventError::Lines;
        let text = core::str::from_utf8(&raw).map_err(|_| odd())?;
        // SECURITY: to the specification a lone carriage return ends a line, and a byte order mark
        // is no part of the first one; not every reader knows either.
        let lone_return = text.replace("\r\n", "\n").contains('\r');
        if lone_return || first && text.starts_with('\u{feff}') {
            return Err(odd());
        }
        let (mut data, mut id) = (None::<String>, None);
        for line in lines(text) {
            match field(line) {
                Some(("data", value)) => match &mut data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => data = Some(value.to_owned()),
                },
                // SECURITY: some readers end lines at these too, and would find data here.
                _ if line.contains(OTHER_LINE_ENDS) => return Err(odd()),
                Some(("id", value)) => id = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(Self { data: data.filter(|data| !data.is_empty()), id, raw })
    }

    /// As it came.
    #[must_use]
    pub fn into_raw(self) -> Bytes {
        self.raw
    }

    /// With other data, or none: the place in the stream is kept.
    pub(crate) fn with_data(&self, data: Option<&[u8]>) -> Bytes {
        let mut out = BytesMut::with_capacity(self.raw.len());
        let text = core::str::from_utf8(&self.raw).unwrap_or_default();
        for line in lines(text).filter(|line| !matches!(field(line), Some(("data", _)))) {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\n");
        }
        // The JSON that is written here has no line ends.
        if let Some(data) = data {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(data);
            out.extend_from_slice(b"\n");
        }
        out.extend_from_slice(b"\n");
        out.freeze()
    }
}

/// What ends a line to readers that ask Unicode.
const OTHER_LINE_ENDS: [char; 8] =
    ['\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The lines in front of the empty one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    lines.filter(|line| !line.is_empty())
}

/// A line's field and value; `None` for a comment.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (!name.is_empty()).then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}

/// One event with these bytes for data, which are JSON in one line.
pub(crate) fn event(data: &[u8]) -> Bytes {
    [b"event: message\ndata: ", data, b"\n\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ANSWER_BYTES_MAX, Event, EventReader, event};

    fn events(stream: &str, step: usize) -> Option<Vec<Event>> {
        let (mut reader, mut found) = (EventReader::default(), Vec::new());
        for chunk in stream.as_bytes().chunks(step) {
            reader.push(chunk).ok()?;
            while let Some(event) = reader.next_event().ok()? {
                found.push(event);
            }
        }
        Some(found)
    }

    const STREAM: &str = ": ping\n\nid: 7\nevent: message\ndata: {\"a\":\ndata:1}\n\n\
                          data\n\r\ndata: x\r\n\r\ndata: cut";

    #[test]
    fn events_are_whole_and_keep_their_bytes() {
        let found = events(STREAM, 5).unwrap();
        let data: Vec<_> = found.iter().map(|event| event.data.as_deref()).collect();
        assert_eq!(data, [None, Some("{\"a\":\n1}"), None, Some("x")]);
        assert_eq!(found[1].id.as_deref(), Some("7"));
        let all: Vec<u8> = found.into_iter().flat_map(|event| event.into_raw().to_vec()).collect();
        assert_eq!(all, STREAM.strip_suffix("data: cut").unwrap().as_bytes());
    }

    #[test]
    fn an_event_with_other_data_keeps_its_place() {
        let found = events(STREAM, 64).unwrap();
        assert_eq!(found[1].with_data(Some(b"{}")), "id: 7\nevent: message\ndata: {}\n\n");
        assert_eq!(found[1].with_data(None), "id: 7\nevent: message\n\n");
        assert_eq!(
            events(core::str::from_utf8(&event(b"{}")).unwrap(), 9).unwrap()[0].data.as_deref(),
            Some("{}")
        );
    }

    #[test]
    fn lines_that_readers_cut_differently_are_refused() {
        for odd in [
            "data: a\rdata: b\n\n",
            "\u{feff}data: a\n\n",
            "event: x\u{2028}data: {}\n\n",
            ": x\u{85}data: {}\n\n",
            "id: 1\u{b}data: {}\n\n",
        ] {
            assert_eq!(events(odd, 64), None, "{odd:?}");
        }
        // Inside of data they are the text's own.
        assert!(events("data: {\"x\":\"a\u{2028}b\u{feff}\"}\n\n", 64).is_some());
        assert!(EventReader::default().push(&vec![b'x'; ANSWER_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn a_long_line_in_small_pieces_is_looked_at_once() {
        let mut reader = EventReader::default();
        for bytes in 1..=100 {
            reader.push(b"x").unwrap();
            assert_eq!(reader.next_event(), Ok(None));
            assert_eq!(reader.scanned, bytes);
        }
    }

    proptest! {
        #[test]
        fn where_chunks_end_makes_no_difference(step in 1_usize..40) {
            prop_assert_eq!(events(STREAM, step), events(STREAM, 1000));
        }
    }
}

//! Server-sent events, as far as their data goes, while they stream by.
//!
//! SPEC: HTML, section 9.2.6 (interpreting an event stream).

/// What was found next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// More of the event's data.
    Data(&'a [u8]),
    /// The event, which had data, is whole.
    End,
}

/// A reader of an event stream. Constant memory: data is handed on as it comes.
#[derive(Debug)]
pub(crate) struct Events {
    line: Line,
    /// The last byte was a carriage return, so that a line feed belongs to it.
    after_return: bool,
    has_data: bool,
}

#[derive(Debug)]
enum Line {
    /// In a field's name; longer ones than `data` are not kept.
    Name(Vec<u8>),
    /// Behind the colon of `data`, where one space is not part of the value.
    Colon,
    /// In data.
    Data,
    /// In anything else.
    Skip,
}

const DATA: &[u8] = b"data";

impl Events {
    pub(crate) const fn new() -> Self {
        Self { line: Line::Name(Vec::new()), after_return: false, has_data: false }
    }

    /// Reads on, and calls `found` for whatever there is.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut found: impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if core::mem::take(&mut self.after_return)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, rest) =
                bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or_default();
            self.part(part, &mut found);
            bytes = rest;
            if let Some((end, rest)) = bytes.split_first() {
                self.after_return = *end == b'\r';
                self.end_of_line(&mut found);
                bytes = rest;
            }
        }
    }

    /// Takes a part of a line.
    fn part(&mut self, mut part: &[u8], found: &mut impl FnMut(Piece<'_>)) {
        if let Line::Name(name) = &mut self.line {
            let colon = part.iter().position(|byte| *byte == b':');
            let (more, rest) =
                part.split_at_checked(colon.unwrap_or(part.len())).unwrap_or_default();
            let room = (DATA.len() + 1).saturating_sub(name.len());
            name.extend_from_slice(more.get(..room.min(more.len())).unwrap_or_default());
            let Some((_, value)) = rest.split_first() else { return };
            self.line = if name == DATA { self.begin(found) } else { Line::Skip };
            part = value;
        }
        if matches!(self.line, Line::Colon) && !part.is_empty() {
            part = part.strip_prefix(b" ").unwrap_or(part);
            self.line = Line::Data;
        }
        if matches!(self.line, Line::Data) && !part.is_empty() {
            found(Piece::Data(part));
        }
    }

    /// Begins a line of data; several of one event are joined by line feeds.
    fn begin(&mut self, found: &mut impl FnMut(Piece<'_>)) -> Line {
        if core::mem::replace(&mut self.has_data, true) {
            found(Piece::Data(b"\n"));
        }
        Line::Colon
    }

    fn end_of_line(&mut self, found: &mut impl FnMut(Piece<'_>)) {
        match core::mem::replace(&mut self.line, Line::Name(Vec::new())) {
            Line::Name(name) if name.is_empty() && core::mem::take(&mut self.has_data) => {
                found(Piece::End);
            }
            Line::Name(name) if name == DATA => drop(self.begin(found)),
            Line::Name(_) | Line::Colon | Line::Data | Line::Skip => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Events, Piece};

    fn events(chunks: &[&[u8]]) -> Vec<String> {
        let (mut reader, mut whole, mut now) = (Events::new(), Vec::new(), Vec::new());
        for chunk in chunks {
            reader.feed(chunk, |piece| match piece {
                Piece::Data(data) => now.extend_from_slice(data),
                Piece::End => whole.push(String::from_utf8(core::mem::take(&mut now)).unwrap()),
            });
        }
        whole
    }

    const STREAM: &str = ": a comment\n\nevent: x\nid:1\ndata: one\n\ndata:two\r\ndata: 2\r\n\r\n\
        datax: no\n\n data: no\n\ndata\n\ndata: cut";

    #[test]
    fn data_is_found_whatever_the_lines_end_in() {
        let expected = ["one", "two\n2", ""];
        assert_eq!(events(&[STREAM.as_bytes()]), expected);
        let returns = STREAM.replace("\r\n", "\n").replace('\n', "\r");
        assert_eq!(events(&[returns.as_bytes()]), expected);
    }

    proptest! {
        #[test]
        fn where_chunks_end_makes_no_difference(cuts in prop::collection::vec(1_usize..9, 0..60)) {
            let mut rest = STREAM.as_bytes();
            let mut chunks = Vec::new();
            for cut in cuts {
                let (chunk, more) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = more;
            }
            chunks.push(rest);
            prop_assert_eq!(events(&chunks), events(&[STREAM.as_bytes()]));
        }
    }
}

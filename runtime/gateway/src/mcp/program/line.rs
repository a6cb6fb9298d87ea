//! Lines of bytes: each is one message.

use bytes::{Bytes, BytesMut};

use crate::limits::ANSWER_BYTES_MAX;

/// A line is longer than any message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than {ANSWER_BYTES_MAX} bytes")]
pub struct LineError;

/// Cuts what a process writes into lines.
#[derive(Debug, Default)]
pub struct LineReader {
    pending: BytesMut,
    /// Up to here there is no line feed.
    scanned: usize,
}

impl LineReader {
    /// Takes what has come. To be called once every line so far was taken.
    ///
    /// # Errors
    /// [`LineError`] for a line that does not end in time.
    pub fn push(&mut self, data: &[u8]) -> Result<(), LineError> {
        if self.pending.len().saturating_add(data.len()) > ANSWER_BYTES_MAX {
            return Err(LineError);
        }
        self.pending.extend_from_slice(data);
        Ok(())
    }

    /// The next line that is whole, without what ends it. What follows the last is none.
    pub fn next_line(&mut self) -> Option<Bytes> {
        loop {
            let rest = self.pending.get(self.scanned..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.pending.len();
                return None;
            };
            let end = self.scanned.saturating_add(end);
            let line = self.pending.split_to(end.saturating_add(1)).freeze();
            self.scanned = 0;
            let line = line.slice(..end);
            let line = match line.strip_suffix(b"\r") {
                Some(cut) => line.slice_ref(cut),
                None => line,
            };
            if !line.is_empty() {
                return Some(line);
            }
        }
    }
}

/// One message as a line: between the tokens of JSON, a line end is as good as a space.
pub(super) fn line(message: &[u8]) -> Bytes {
    let spaced =
        message.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    spaced.chain([b'\n']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ANSWER_BYTES_MAX, LineError, LineReader, line};

    fn lines(text: &[u8], step: usize) -> Vec<Vec<u8>> {
        let (mut reader, mut found) = (LineReader::default(), Vec::new());
        for chunk in text.chunks(step) {
            reader.push(chunk).unwrap();
            while let Some(line) = reader.next_line() {
                found.push(line.to_vec());
            }
        }
        found
    }

    #[test]
    fn a_message_in_many_lines_becomes_one() {
        let message = b"{\r\n \"a\":\n1}";
        assert_eq!(lines(&line(message), 100), [b"{   \"a\": 1}".to_vec()]);
    }

    #[test]
    fn a_line_without_end_is_not_waited_for() {
        let mut reader = LineReader::default();
        reader.push(&vec![b'x'; ANSWER_BYTES_MAX]).unwrap();
        assert_eq!(reader.next_line(), None);
        assert_eq!(reader.push(b"x"), Err(LineError));
    }

    proptest! {
        #[test]
        fn where_chunks_end_makes_no_difference(step in 1_usize..9) {
            let text = b"one\ntwo\r\n\n\r\nthr\ree\ncut";
            prop_assert_eq!(lines(text, step), ["one", "two", "thr\ree"].map(|l| l.as_bytes().to_vec()));
        }
    }
}

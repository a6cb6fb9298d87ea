//! An agent's output as log events: whole lines, bounded, and with nothing in them that a terminal
//! would obey.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tracing::{debug, info};

use crate::limits::LOG_LINE_BYTES_MAX;

/// Forwards each line until the stream ends.
pub(super) async fn forward(stream: impl AsyncRead + Unpin, name: String) {
    let mut reader = BufReader::with_capacity(4096, stream);
    let mut lines = Lines::default();
    loop {
        let taken = match reader.fill_buf().await {
            Ok([]) => break,
            Ok(chunk) => {
                lines.push(chunk, |line| log(&name, line));
                chunk.len()
            }
            Err(error) => {
                debug!(stream = name, %error, "agent output ended");
                break;
            }
        };
        reader.consume(taken);
    }
    lines.finish(|line| log(&name, line));
}

fn log(stream: &str, line: &str) {
    info!(target: "agent", stream, "{line}");
}

/// Cuts bytes into lines of at most [`LOG_LINE_BYTES_MAX`] bytes.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    dropped: usize,
}

impl Lines {
    fn push(&mut self, chunk: &[u8], mut emit: impl FnMut(&str)) {
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.extend(part);
            if parts.peek().is_some() {
                self.end(&mut emit);
            }
        }
    }

    /// The last line need not end in a newline.
    fn finish(mut self, mut emit: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.end(&mut emit);
        }
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LOG_LINE_BYTES_MAX.saturating_sub(self.line.len());
        let (kept, dropped) = part.split_at_checked(room).unwrap_or((part, &[]));
        self.line.extend_from_slice(kept);
        self.dropped = self.dropped.saturating_add(dropped.len());
    }

    fn end(&mut self, emit: &mut impl FnMut(&str)) {
        let mut text = printable(&self.line);
        if self.dropped > 0 {
            text.push_str(&format!(" … ({} more bytes)", self.dropped));
        }
        emit(&text);
        self.line.clear();
        self.dropped = 0;
    }
}

/// Text with control characters escaped, but for the tab.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for c in text.trim_end_matches('\r').chars() {
        if c.is_control() && c != '\t' { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{LOG_LINE_BYTES_MAX, Lines};

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut out = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.push(chunk, |line| out.push(line.to_owned()));
        }
        lines.finish(|line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        assert_eq!(lines(&[b"on", b"e\ntw", b"o\n\nthree"]), ["one", "two", "", "three"]);
        assert_eq!(lines(&[b"one\r\n"]), ["one"]);
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn a_long_line_is_cut_and_says_by_how_much() {
        let long = vec![b'x'; LOG_LINE_BYTES_MAX + 3];
        let cut = lines(&[&long, b"yz\nnext\n"]);
        assert!(cut[0].ends_with("x … (5 more bytes)"), "{}", &cut[0][LOG_LINE_BYTES_MAX - 4..]);
        assert_eq!(cut[1], "next");
    }

    #[test]
    fn nothing_in_a_line_moves_a_terminal() {
        assert_eq!(lines(&[b"\x1b[2Jgone\x07\tok\xff\n"]), ["\\u{1b}[2Jgone\\u{7}\tok\u{fffd}"]);
    }
}

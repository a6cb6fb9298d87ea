//! What a guest writes, line by line, and what its runtime says there.

use std::io;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest line; a guest can write what it likes.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Lines out of bytes.
#[derive(Debug)]
pub struct Console<R> {
    source: R,
    partial: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Console<R> {
    /// Reads from `source`.
    pub const fn new(source: R) -> Self {
        Self { source, partial: Vec::new() }
    }

    /// The next line without its end; `None` once there are no more. Nothing is lost if the
    /// returned future is dropped.
    ///
    /// # Errors
    /// What reading says.
    pub async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            let end = self.partial.iter().position(|byte| *byte == b'\n');
            if end.is_some() || self.partial.len() > LINE_BYTES_MAX {
                let rest = self.partial.split_off(end.map_or(LINE_BYTES_MAX, |end| end + 1));
                return Ok(Some(text(&core::mem::replace(&mut self.partial, rest))));
            }
            let mut chunk = [0; 4096];
            let count = self.source.read(&mut chunk).await?;
            if count == 0 {
                let last = core::mem::take(&mut self.partial);
                return Ok((!last.is_empty()).then(|| text(&last)));
            }
            self.partial.extend(chunk.iter().take(count));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned()
}

/// Something that decides how a boot went, as the runtime logs it (`[log] format = "json"`).
///
/// Whoever is in the guest can write the same. It is for whoever looks on; what a Verifier admitted,
/// the Verifier knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The Verifier admitted the guest.
    Admitted,
    /// The Verifier refused it, for this and perhaps other reasons.
    Refused(Finding),
}

/// One reason for a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The stable code.
    #[serde(rename = "finding")]
    pub code: String,
    /// What would have been accepted, and which part of the nearest image is not that.
    #[serde(default)]
    pub expected: String,
    /// What was there.
    #[serde(default)]
    pub observed: String,
}

#[derive(Deserialize)]
struct Event {
    fields: serde_json::Value,
}

impl Told {
    /// What a line tells, if it tells anything of this.
    #[must_use]
    pub fn by(line: &str) -> Option<Self> {
        // The kernel may have written into the same line before.
        let start = line.find('{')?;
        let event: Event = serde_json::from_str(line.get(start..)?).ok()?;
        if event.fields.get("message").is_some_and(|message| message == "admitted") {
            return Some(Self::Admitted);
        }
        serde_json::from_value(event.fields).ok().map(Self::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::{Console, LINE_BYTES_MAX, Told};

    #[tokio::test]
    async fn lines_are_told_apart_however_they_come() {
        let mut console = Console::new(b"one\r\ntwo\n\nlast".as_slice());
        let mut lines = Vec::new();
        while let Some(line) = console.line().await.unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["one", "two", "", "last"]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let endless = vec![b'x'; 3 * LINE_BYTES_MAX];
        let mut console = Console::new(endless.as_slice());
        assert_eq!(console.line().await.unwrap().unwrap().len(), LINE_BYTES_MAX);
    }

    #[test]
    fn admission_and_refusal_are_read_from_the_runtimes_log() {
        let admitted = r#"[ 3.1] {"level":"INFO","fields":{"message":"admitted","agent":"a"}}"#;
        assert_eq!(Told::by(admitted), Some(Told::Admitted));
        let refused =
            r#"{"fields":{"message":"refused","finding":"reference.match","observed":"x"}}"#;
        let Some(Told::Refused(finding)) = Told::by(refused) else { panic!("not read") };
        assert_eq!((finding.code.as_str(), finding.observed.as_str()), ("reference.match", "x"));
        for other in ["", "{", "admitted", r#"{"fields":{"message":"starting"}}"#] {
            assert_eq!(Told::by(other), None, "{other}");
        }
    }
}

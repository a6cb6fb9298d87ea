//! Cases of formats: claims of results and Reference Values, file by file through the library that
//! the programs read them with.

use std::path::Path;

use anyhow::{Context as _, Result};
use cloister_attestation::corim::{Comid, Corim, CorimError, SignedCorim};
use cloister_attestation::ear::Ear;
use serde_json::{Map, Value, json};

use super::case::Case;

/// Files that are judged, and why the others are not.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) stages: Value,
    pub(super) judged: Result<(), String>,
}

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Ear,
    Corim,
    SignedCorim,
    Comid,
    /// Refused for what it is.
    ConciseEvidence,
}

/// What reads the file of this name, or why nothing does.
fn reader(name: &str) -> Result<Reader, &'static str> {
    match name {
        _ if name.starts_with("ear-") || name.starts_with("ext-") => {
            if name.ends_with(".json") || name.contains("-json-") {
                Ok(Reader::Ear)
            } else {
                Err("diagnostic notation, which is for people")
            }
        }
        _ if name.starts_with("signed-") => Ok(Reader::SignedCorim),
        _ if name.starts_with("corim-") => Ok(Reader::Corim),
        _ if name.starts_with("comid-") => Ok(Reader::Comid),
        _ if name.starts_with("ce-") => Ok(Reader::ConciseEvidence),
        _ => Err("a file of no known kind"),
    }
}

impl Reader {
    fn read(self, bytes: &[u8]) -> Result<(), String> {
        let told = |error: CorimError| error.to_string();
        let not_empty = |len: usize| if len > 0 { Ok(()) } else { Err("nothing in it".to_owned()) };
        match self {
            Self::Ear => Ear::from_json(bytes)
                .map_err(|error| error.to_string())
                .and_then(|ear| not_empty(ear.appraisals.len())),
            Self::Corim => {
                Corim::parse(bytes).map_err(told).and_then(|it| not_empty(it.comids.len()))
            }
            Self::SignedCorim => SignedCorim::parse(bytes)
                .and_then(|signed| signed.dangerous_unverified())
                .map_err(told)
                .and_then(|it| not_empty(it.comids.len())),
            Self::Comid => {
                Comid::parse(bytes).map_err(told).and_then(|it| not_empty(it.references.len()))
            }
            Self::ConciseEvidence => match Corim::parse(bytes) {
                Err(CorimError::Kind { found }) if found == "concise evidence" => Ok(()),
                Err(error) => Err(format!("{error}, expected to be told as concise evidence")),
                Ok(_) => Err("read as a CoRIM".to_owned()),
            },
        }
    }

    /// Reads the file, and refuses the same with one byte more or one less.
    fn judge(self, bytes: &[u8]) -> Result<(), String> {
        self.read(bytes)?;
        if self == Self::ConciseEvidence {
            return Ok(());
        }
        let body = bytes.trim_ascii_end();
        let less = body.split_last().map_or(body, |(_, rest)| rest);
        let more = [bytes, &[0x21]].concat();
        for (wrong, words) in [(less, "one byte less"), (more.as_slice(), "one byte more")] {
            if self.read(wrong).is_ok() {
                return Err(format!("read with {words}"));
            }
        }
        Ok(())
    }
}

/// Judges a case: every file of a known kind reads.
pub(super) fn judge(case: &Case) -> Result<Outcome> {
    let mut files = Map::new();
    let mut disagreement = None;
    let mut read = 0_u32;
    for (name, bytes) in contents(&case.folder)? {
        let told = match reader(&name).map(|reader| reader.judge(&bytes)) {
            Ok(Ok(())) => {
                read += 1;
                "ok".to_owned()
            }
            Ok(Err(reason)) => {
                disagreement.get_or_insert_with(|| format!("{name}: {reason}"));
                reason
            }
            Err(why) => format!("not judged: {why}"),
        };
        files.insert(name, Value::from(told));
    }
    let judged = match (disagreement, read) {
        (Some(reason), _) => Err(reason),
        (None, 0) => Err("no file was read".to_owned()),
        (None, _) => expected(case),
    };
    Ok(Outcome { stages: json!({ "files": files }), judged })
}

fn expected(case: &Case) -> Result<(), String> {
    match case.about.as_ref().map(|about| about.expected.as_str()) {
        Some("parse") => Ok(()),
        other => Err(format!("no rule says what `{other:?}` expects of a format")),
    }
}

fn contents(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "case.json" {
            found.push((name, std::fs::read(entry.path())?));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Reader, reader};

    const CLAIMS: &[u8] = br#"{"eat_profile":"x","iat":5,
        "ear_verifier_id":{"developer":"a","build":"b"},
        "submods":{"m":{"ear_status":"none"}}}"#;

    #[test]
    fn names_say_what_reads_a_file_or_why_nothing_does() {
        assert_eq!(reader("ear-claims.json"), Ok(Reader::Ear));
        assert_eq!(reader("ext-teep-json-1.diag"), Ok(Reader::Ear));
        assert!(reader("ear-cbor-1.diag").is_err() && reader("readme").is_err());
        assert_eq!(reader("signed-good-corim.cbor"), Ok(Reader::SignedCorim));
        assert_eq!(reader("ce-qe-evidence.cbor"), Ok(Reader::ConciseEvidence));
    }

    #[test]
    fn a_file_that_does_not_read_disagrees() {
        assert_eq!(Reader::Ear.judge(CLAIMS), Ok(()));
        for reader in [Reader::Corim, Reader::SignedCorim, Reader::Comid, Reader::ConciseEvidence] {
            assert!(reader.judge(CLAIMS).is_err(), "{reader:?}");
        }
        assert!(Reader::Ear.judge(b"{}").is_err());
    }
}

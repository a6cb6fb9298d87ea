//! Which programs made an image, as far as they left a mark.

use std::collections::BTreeMap;

use crate::elf::Elf;

/// How glibc calls itself, in every program that it is linked into.
const GLIBC: &[u8] = b"GNU C Library (";
/// Longer marks are not marks.
const MARK_BYTES_MAX: usize = 200;

/// The compilers and the C library that `runtime` was made with, and the version of this builder.
///
/// Marks are what the programs say of themselves; an image's bytes do not depend on them.
#[must_use]
pub(crate) fn toolchain(runtime: &[u8]) -> BTreeMap<String, String> {
    let comment = Elf::parse(runtime).ok().and_then(|elf| elf.section(".comment").ok().flatten());
    let marks: Vec<&[u8]> = comment.unwrap_or_default().split(|byte| *byte == 0).collect();
    let marked =
        |prefix: &str| marks.iter().find_map(|mark| text(mark.strip_prefix(prefix.as_bytes())?));
    let found = [
        ("builder", Some(format!("cloister-image {}", env!("CARGO_PKG_VERSION")))),
        ("rustc", marked("rustc version ")),
        ("gcc", marked("GCC: ")),
        ("glibc", glibc(runtime)),
    ];
    let found = found.into_iter().filter_map(|(name, mark)| Some((name.to_owned(), mark?)));
    found.collect()
}

fn glibc(runtime: &[u8]) -> Option<String> {
    let begin = runtime.windows(GLIBC.len()).position(|window| window == GLIBC)?;
    text(runtime.get(begin..)?.split(|byte| *byte == b'\n').next()?)
}

fn text(mark: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(mark).ok()?;
    let plain = text.len() <= MARK_BYTES_MAX && !text.chars().any(char::is_control);
    plain.then(|| text.trim_end_matches('.').to_owned())
}

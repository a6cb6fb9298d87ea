//! An initial RAM file system: the "newc" form of cpio.
//!
//! SPEC: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.

use core::fmt::Write as _;

use crate::tree::{Entry, Kind, Tree};

/// Length of a header, with its magic.
const HEADER_BYTES: usize = 110;
/// Entries and data start at multiples of this.
const ALIGNMENT: usize = 4;
/// What ends an archive.
const TRAILER: &str = "TRAILER!!!";

/// A tree does not fit the format.
#[derive(Debug, thiserror::Error)]
#[error("{path} is larger than a cpio archive can say")]
pub struct TooLarge {
    path: String,
}

/// The archive of `tree`: every entry in the order of paths, owned by root, without times.
///
/// # Errors
/// [`TooLarge`], if a file has 4 GiB or more.
pub fn archive(tree: &Tree) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::with_capacity(capacity(tree));
    for (number, (path, entry)) in (1_u32..).zip(tree.iter()) {
        append(&mut out, number, path, entry)?;
    }
    append(&mut out, 0, TRAILER, &Entry::trailer())?;
    Ok(out)
}

fn capacity(tree: &Tree) -> usize {
    let each = |(path, entry): (&str, &Entry)| {
        HEADER_BYTES.saturating_add(path.len()).saturating_add(entry.data().len()).saturating_add(9)
    };
    tree.iter().map(each).fold(256, usize::saturating_add)
}

fn append(out: &mut Vec<u8>, number: u32, path: &str, entry: &Entry) -> Result<(), TooLarge> {
    let data = entry.data();
    let too_large = |_| TooLarge { path: path.to_owned() };
    let data_len = u32::try_from(data.len()).map_err(too_large)?;
    let name_len = u32::try_from(path.len().saturating_add(1)).map_err(too_large)?;
    out.extend_from_slice(&header(number, mode(entry), data_len, name_len));
    out.extend_from_slice(path.as_bytes());
    out.push(0);
    align(out);
    out.extend_from_slice(data);
    align(out);
    Ok(())
}

fn header(number: u32, mode: u32, data_len: u32, name_len: u32) -> Vec<u8> {
    let links = u32::from(number != 0);
    // ino, mode, uid, gid, nlink, mtime, filesize, major, minor, rmajor, rminor, namesize, check
    let fields = [number, mode, 0, 0, links, 0, data_len, 0, 0, 0, 0, name_len, 0];
    let mut header = String::from("070701");
    for field in fields {
        // INVARIANT: writing to a string does not fail.
        let _infallible = write!(header, "{field:08x}");
    }
    header.into_bytes()
}

/// SPEC: inode(7), the file type and mode.
fn mode(entry: &Entry) -> u32 {
    let kind = match entry.kind() {
        Kind::Folder => 0o040_000,
        Kind::File => 0o100_000,
        Kind::Link => 0o120_000,
        Kind::Trailer => 0,
    };
    kind | entry.permissions()
}

fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
}

#[cfg(test)]
mod tests {
    use super::{HEADER_BYTES, archive};
    use crate::tree::Tree;

    #[test]
    fn every_field_of_a_header_is_where_the_kernel_looks_for_it() {
        let mut tree = Tree::new();
        tree.file("/init", b"12345".to_vec(), true).unwrap();
        let bytes = archive(&tree).unwrap();
        let expected = "070701\
            00000001000081ed0000000000000000000000010000000000000005\
            0000000000000000000000000000000000000005"
            .to_owned()
            + "00000000";
        assert_eq!(core::str::from_utf8(&bytes[..HEADER_BYTES]).unwrap(), expected);
        // Name, NUL and padding, data, padding.
        let data = [b"init\0\0".as_slice(), b"12345", b"\0\0\0"].concat();
        assert_eq!(bytes[HEADER_BYTES..124], data);
    }
}

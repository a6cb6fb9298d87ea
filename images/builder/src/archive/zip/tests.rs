use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::members;

/// An archive with one file.
fn archive(name: &str, bytes: &[u8], deflate: bool, flags: u16) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    let data = if deflate { encoder.finish().unwrap() } else { bytes.to_vec() };
    let mut crc = Crc::new();
    crc.update(bytes);
    let len = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let sizes = [crc.sum().to_le_bytes(), len(data.len()), len(bytes.len())].concat();
    let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
    let method = if deflate { 8_u16 } else { 0 }.to_le_bytes();
    let local = [
        b"PK\x03\x04\x14\0".as_slice(),
        &flags.to_le_bytes(),
        &method,
        &[0; 4],
        &sizes,
        &name_len,
        &[0; 2],
        name.as_bytes(),
        &data,
    ]
    .concat();
    let central = [
        b"PK\x01\x02\x14\x03\x14\0".as_slice(),
        &flags.to_le_bytes(),
        &method,
        &[0; 4],
        &sizes,
        &name_len,
        &[0; 8],
        &(0o100_755_u32 << 16).to_le_bytes(),
        &[0; 4],
        name.as_bytes(),
    ]
    .concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
        &len(central.len()),
        &len(local.len()),
        &[0; 2],
    ];
    [local, central, end.concat()].concat()
}

#[test]
fn stored_and_deflated_files_are_read_with_their_modes() {
    for deflate in [false, true] {
        let read = members(&archive("a/b.py", &[7; 5000], deflate, 0)).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].path.as_str(), read[0].mode & 0o777), ("a/b.py", 0o755));
        assert_eq!(read[0].bytes, [7; 5000]);
    }
}

#[test]
fn one_changed_byte_anywhere_is_refused_or_changes_only_a_name_or_mode() {
    let good = archive("name", b"the bytes of the file", false, 0);
    let read = members(&good).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        if let Ok(other) = members(&bad) {
            assert_eq!(other[0].bytes, read[0].bytes, "byte {at}");
        }
    }
}

#[test]
fn what_is_cut_short_encrypted_or_longer_than_it_says_is_refused() {
    let good = archive("name", &[1; 100], true, 0);
    for len in 0..good.len() {
        assert!(members(&good[..len]).is_err(), "{len}");
    }
    assert!(members(&archive("name", b"x", true, 1)).is_err());
    // The size before compression, in the central directory.
    let mut bomb = good.clone();
    let central = good.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bomb[central + 24] = 99;
    assert!(members(&bomb).is_err());
    let mut more = good;
    more.extend_from_slice(b"x");
    assert!(members(&more).is_err());
}

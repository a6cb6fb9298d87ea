use super::{ARK, ASK, CRL, CertificateTable, VCEK};

/// A table of these entries, data in order behind the list.
fn table(entries: &[([u8; 16], &[u8])]) -> Vec<u8> {
    let mut list = Vec::new();
    let mut data = Vec::new();
    let start = (entries.len() + 1) * 24;
    for (guid, bytes) in entries {
        list.extend_from_slice(guid);
        list.extend_from_slice(&u32::try_from(start + data.len()).unwrap().to_le_bytes());
        list.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        data.extend_from_slice(bytes);
    }
    list.extend_from_slice(&[0; 24]);
    [list, data].concat()
}

#[test]
fn reads_every_kind_and_passes_over_unknown_ones() {
    let bytes =
        table(&[(VCEK, b"vcek"), (ASK, b"ask"), ([7; 16], b"?"), (ARK, b"ark"), (CRL, b"crl")]);
    let table = CertificateTable::parse(&bytes).unwrap();
    assert_eq!(table.vcek.as_deref(), Some(&b"vcek"[..]));
    assert_eq!(table.ask.as_deref(), Some(&b"ask"[..]));
    assert_eq!(table.ark.as_deref(), Some(&b"ark"[..]));
    assert_eq!(table.crl.as_deref(), Some(&b"crl"[..]));
    assert_eq!(table.vlek, None);
}

#[test]
fn refuses_entries_that_are_twice_there() {
    let bytes = table(&[(VCEK, b"one"), (VCEK, b"two")]);
    assert!(CertificateTable::parse(&bytes).unwrap_err().to_string().contains("twice"));
}

#[test]
fn refuses_every_truncation_and_entries_that_point_outside_or_into_the_list() {
    let bytes = table(&[(VCEK, b"vcek"), (ASK, b"ask")]);
    for len in 1..bytes.len() {
        assert!(CertificateTable::parse(&bytes[..len]).is_err(), "{len}");
    }
    for (offset, length) in [(0u32, 4u32), (71, 4), (72, 1000), (u32::MAX, 1), (72, u32::MAX)] {
        let mut bytes = bytes.clone();
        bytes[16..20].copy_from_slice(&offset.to_le_bytes());
        bytes[20..24].copy_from_slice(&length.to_le_bytes());
        assert!(CertificateTable::parse(&bytes).is_err(), "{offset} {length}");
    }
}

#[test]
fn refuses_a_list_without_end_and_one_that_is_too_long() {
    assert!(CertificateTable::parse(&[1; 48]).is_err());
    let many: Vec<_> = (1..=33u8).map(|n| ([n; 16], &b""[..])).collect();
    assert!(CertificateTable::parse(&table(&many)).is_err());
    assert!(CertificateTable::parse(&table(&many[..32])).is_ok());
}

#[test]
fn an_empty_input_is_an_empty_table() {
    assert_eq!(CertificateTable::parse(&[]).unwrap(), CertificateTable::default());
}

use super::{MemberKind, members};

/// A header with its checksum, and data.
pub(crate) fn member(path: &str, kind: u8, mode: &str, link: &str, data: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, format!("{mode:0>7}").as_bytes());
    put(124, format!("{:011o}", data.len()).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut out = header.to_vec();
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn one(archive: &[u8]) -> Result<(String, MemberKind<'_>), String> {
    let member = members(archive).next().unwrap().map_err(|error| error.to_string())?;
    Ok((member.path, member.kind))
}

#[test]
fn files_folders_and_links_are_read_in_their_order_up_to_the_end() {
    let mut archive = [
        member("etc/", b'5', "755", "", b""),
        member("etc/name", b'0', "4755", "", b"bytes"),
        member("etc/link", b'2', "777", "name", b""),
        member("etc/hard", b'1', "644", "etc/name", b""),
        member("dev/null", b'3', "666", "", b""),
    ]
    .concat();
    archive.extend_from_slice(&[0; 1024]);
    archive.extend_from_slice(b"what follows the end is not looked at");
    let members: Vec<_> = members(&archive).collect::<Result<_, _>>().unwrap();
    let kinds: Vec<_> = members.iter().map(|member| member.kind.clone()).collect();
    let expected = [
        MemberKind::Folder,
        MemberKind::File(b"bytes"),
        MemberKind::Link("name".to_owned()),
        MemberKind::HardLink("etc/name".to_owned()),
        MemberKind::Other(b'3'),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(members[1].mode, 0o4755);
}

#[test]
fn long_names_replace_those_of_the_header() {
    let long = "n".repeat(300);
    let record = format!("path={long}\n");
    let record = format!("{} {record}", record.len() + 4);
    let file = member("short", b'0', "644", "", b"x");
    let pax = [member("x", b'x', "644", "", record.as_bytes()), file.clone()].concat();
    let gnu = [member("L", b'L', "644", "", format!("{long}\0").as_bytes()), file].concat();
    for archive in [pax, gnu] {
        assert_eq!(one(&archive).unwrap(), (long.clone(), MemberKind::File(b"x")));
    }
}

#[test]
fn what_is_broken_cut_short_or_ambiguous_is_refused() {
    let good = member("name", b'0', "644", "", &[1; 600]);
    let mut sum = good.clone();
    sum[0] ^= 1;
    assert!(one(&sum).unwrap_err().contains("checksum"));
    for len in [1, 511, 513, 1535] {
        assert!(one(&good[..len]).is_err(), "{len}");
    }
    let record = |text: &str| {
        let text = format!("{text}\n");
        let text = format!("{} {text}", text.len() + 3);
        [member("x", b'x', "644", "", text.as_bytes()), good.clone()].concat()
    };
    assert!(one(&record("size=99999999999999")).is_err());
    assert!(one(&record("GNU.sparse.map=0,1")).is_err());
    assert!(one(&[member("g", b'g', "644", "", b"10 path=a\n"), good.clone()].concat()).is_err());
    let minus = member("name", b'0', "-1", "", b"");
    assert!(one(&minus).is_err());
}

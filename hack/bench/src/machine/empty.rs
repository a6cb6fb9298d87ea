//! The least that a kernel can start: a process that says that it is there, and how much memory the
//! kernel has left, and then nothing any more.
//!
//! 64-bit ELF with one segment and a few system calls, so that nothing of it counts.

/// What the process says first.
pub(super) const FIRST_LINE: &str = "userspace is there";

/// Where the segment is.
const BASE: u64 = 0x40_0000;

/// Headers in front of the instructions.
const HEADERS: usize = 64 + 56;

/// Total and free memory, as the kernel's `sysinfo` has them: two numbers of 64 bits.
const NUMBERS: usize = 16;

/// An initrd with this process alone.
pub(super) fn initrd() -> Vec<u8> {
    let program = program();
    let mut archive = entry("init", 0o100_755, &program);
    archive.extend(entry("TRAILER!!!", 0, &[]));
    archive
}

/// Memory in use, from the process's second line: each half of a byte is a letter from `a` on.
pub(super) fn used_kib(line: &str) -> Option<f64> {
    let halves: Vec<u8> = line.bytes().filter_map(|letter| letter.checked_sub(b'a')).collect();
    if line.len() != 2 * NUMBERS || halves.iter().any(|half| *half > 15) {
        return None;
    }
    let (pairs, _) = halves.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    let (numbers, _) = bytes.as_chunks::<8>();
    let [total, free] = numbers else { return None };
    let used = u64::from_le_bytes(*total).checked_sub(u64::from_le_bytes(*free))?;
    Some(f64::from(u32::try_from(used / 1024).ok()?))
}

// SPEC: Linux, Documentation/driver-api/early-userspace/buffer-format.rst, "newc".
fn entry(name: &str, mode: u32, data: &[u8]) -> Vec<u8> {
    let (size, name_size) = (u32_of(data.len()), u32_of(name.len() + 1));
    let fields =
        [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0].map(|field| format!("{field:08x}"));
    let mut entry = ["070701", &fields.concat(), name, "\0"].concat().into_bytes();
    entry.resize(entry.len().next_multiple_of(4), 0);
    entry.extend_from_slice(data);
    entry.resize(entry.len().next_multiple_of(4), 0);
    entry
}

fn program() -> Vec<u8> {
    let text = format!("{FIRST_LINE}\n").into_bytes();
    let code = code(u32_of(text.len()));
    let len = u64_of(HEADERS + code.len() + text.len());
    [elf_header(), segment(len), code, text].concat()
}

// SPEC: System V ABI, edition 4.1, chapter 4; executable for x86-64.
fn elf_header() -> Vec<u8> {
    let ident = [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let entry = BASE + u64_of(HEADERS);
    [
        ident.as_slice(),
        &[2, 0, 62, 0, 1, 0, 0, 0],
        &entry.to_le_bytes(),
        &64_u64.to_le_bytes(),
        &[0; 12],
        &[64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat()
}

fn segment(len: u64) -> Vec<u8> {
    let numbers = [0, BASE, BASE, len, len, 0x1000].map(u64::to_le_bytes);
    // Loaded, readable and executable.
    [&[1, 0, 0, 0, 5, 0, 0, 0], numbers.concat().as_slice()].concat()
}

/// The instructions; the text that they write follows them.
fn code(text: u32) -> Vec<u8> {
    let before = [0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0]; // mov eax, 1 (write); mov edi, 1
    let after: [&[u8]; 20] = [
        &[0x0f, 0x05],                         // syscall
        &[0x48, 0x81, 0xec, 0, 2, 0, 0],       // sub rsp, 512
        &[0x48, 0x89, 0xe7],                   // mov rdi, rsp
        &[0xb8, 99, 0, 0, 0, 0x0f, 0x05],      // sysinfo
        &[0x48, 0x8d, 0x74, 0x24, 32],         // lea rsi, [rsp + 32]: totalram, freeram
        &[0x48, 0x8d, 0xbc, 0x24, 0, 1, 0, 0], // lea rdi, [rsp + 256]
        &[0xb9, 16, 0, 0, 0],                  // mov ecx, 16
        &[0xac],                               // lodsb
        &[0x88, 0xc4],                         // mov ah, al
        &[0xc0, 0xe8, 4],                      // shr al, 4
        &[0x80, 0xe4, 15],                     // and ah, 15
        &[0x66, 0x05, b'a', b'a'],             // add ax, "aa"
        &[0x66, 0xab],                         // stosw
        &[0xff, 0xc9, 0x75, 0xed],             // dec ecx; jnz to the lodsb
        &[0xc6, 0x07, b'\n'],                  // mov byte [rdi], line feed
        &[0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0], // write to 1
        &[0x48, 0x8d, 0xb4, 0x24, 0, 1, 0, 0], // lea rsi, [rsp + 256]
        &[0xba, 33, 0, 0, 0, 0x0f, 0x05],      // 33 bytes
        &[0xb8, 34, 0, 0, 0, 0x0f, 0x05],      // pause
        &[0xeb, 0xf7],                         // for ever
    ];
    let after = after.concat();
    // The text begins behind `mov edx, LENGTH` and all that comes after it.
    let distance = u32_of(5 + after.len());
    let load = [&[0x48, 0x8d, 0x35], distance.to_le_bytes().as_slice()].concat(); // lea rsi, [text]
    let length = [&[0xba], text.to_le_bytes().as_slice()].concat(); // mov edx, LENGTH
    [before.as_slice(), &load, &length, &after].concat()
}

fn u32_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn u64_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};

    use super::{FIRST_LINE, program, used_kib};

    #[test]
    fn the_process_says_that_it_is_there_and_how_much_memory_is_in_use() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&program()).unwrap();
        let path = file.into_temp_path();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new(&path).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines: Vec<String> = lines.take(2).map(Result::unwrap).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lines[0], FIRST_LINE);
        assert!(used_kib(&lines[1]).is_some_and(|used| used > 1024.0), "{lines:?}");
    }

    #[test]
    fn only_whole_numbers_are_read() {
        // 2 MiB and 1 MiB, little-endian.
        assert_eq!(used_kib("aaaacaaaaaaaaaaaaaaabaaaaaaaaaaa"), Some(1024.0));
        for other in [
            "aaaacaaaaaaaaaaa",
            "aaaacaaaaaaaaaaaaaaabaaaaaaaaaaaa",
            "zaaacaaaaaaaaaaaaaaabaaaaaaaaaaa",
            "aaaabaaaaaaaaaaaaaaacaaaaaaaaaaa",
        ] {
            assert_eq!(used_kib(other), None, "{other}");
        }
    }
}

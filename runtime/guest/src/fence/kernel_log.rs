//! What the kernel says of processes that it ended for a system call.
//!
//! SPEC: Linux, Documentation/ABI/testing/dev-kmsg; include/uapi/linux/audit.h, `AUDIT_SECCOMP`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::table;

/// One record of the kernel's log is never longer.
const RECORD_BYTES_MAX: usize = 8192;

/// A system call for which the kernel ended a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The call's name.
    pub call: String,
    /// The process's user.
    pub user: u32,
}

/// The kernel's log from where it was opened.
#[derive(Debug)]
pub struct KernelLog {
    file: File,
}

impl KernelLog {
    /// Opens it at its end.
    ///
    /// # Errors
    /// The kernel's reason, as without the privilege.
    pub fn open() -> io::Result<Self> {
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().read(true).custom_flags(nonblocking).open("/dev/kmsg")?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file })
    }

    /// The violations since the last time; `true` if records were lost in between.
    ///
    /// # Errors
    /// The kernel's reason.
    pub fn violations(&mut self) -> io::Result<(Vec<Violation>, bool)> {
        let (mut found, mut lost) = (Vec::new(), false);
        let mut record = [0; RECORD_BYTES_MAX];
        loop {
            match self.file.read(&mut record) {
                Ok(len) => {
                    let text = String::from_utf8_lossy(record.get(..len).unwrap_or_default());
                    lost |= is_suppression(&text);
                    found.extend(violation(&text));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((found, lost)),
                // The kernel needed the room.
                Err(error) if error.raw_os_error() == Some(Errno::PIPE.raw_os_error()) => {
                    lost = true
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// `4,1234,567,-;kauditd_printk_skb: 3 callbacks suppressed`: the kernel says no more than ten lines in
/// five seconds, and how many it left out.
fn is_suppression(record: &str) -> bool {
    let text = record.lines().next().and_then(|line| line.split_once(';'));
    text.is_some_and(|(_, text)| {
        text.starts_with("kauditd_printk_skb: ") && text.ends_with(" callbacks suppressed")
    })
}

/// `5,1234,567,-;audit: type=1326 audit(…): … uid=1000 … sig=31 … syscall=165 …`
///
/// The process chooses `comm`, which the kernel writes in quotes or as hexadecimal digits: it cannot
/// bring a field of its own, and no field after the first of a name counts.
fn violation(record: &str) -> Option<Violation> {
    let (_, text) = record.lines().next()?.split_once(';')?;
    let text = text.strip_prefix("audit: type=1326 ")?;
    let field = |name: &str| {
        let mut words = text.split(' ').filter_map(|word| word.split_once('='));
        words.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    let number: usize = field("syscall")?.parse().ok()?;
    let call = table::name(number).map_or_else(|| number.to_string(), str::to_owned);
    Some(Violation { call, user: field("uid")?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Violation, is_suppression, violation};

    const RECORD: &str = "5,1040,99,-;audit: type=1326 audit(1700000000.1:7): auid=4294967295 \
        uid=1000 gid=1000 ses=4294967295 pid=77 comm=\"agent\" exe=\"/agent\" sig=31 \
        arch=c000003e syscall=165 compat=0 ip=0x7f code=0x80000000\n SUBSYSTEM=x\n";

    #[test]
    fn a_violation_is_named() {
        let found = violation(RECORD).unwrap();
        assert_eq!(found, Violation { call: "mount".into(), user: 1000 });
        let unknown = violation(&RECORD.replace("syscall=165", "syscall=999")).unwrap();
        assert_eq!(unknown.call, "999");
    }

    #[test]
    fn lines_that_the_kernel_left_out_are_lost() {
        assert!(is_suppression("4,9,1,-;kauditd_printk_skb: 3 callbacks suppressed\n"));
        for other in [RECORD, "4,9,1,-;net_ratelimit: 3 callbacks suppressed", "", "4,9"] {
            assert!(!is_suppression(other));
        }
    }

    #[test]
    fn other_records_are_none() {
        for other in ["", "6,1,2,-;Linux version", "5,1,2,-;audit: type=1400 uid=1 syscall=1"] {
            assert_eq!(violation(other), None);
        }
        // Whoever writes to the log itself does so as another facility, and not as `audit:`.
        assert_eq!(violation(&RECORD.replace(";audit", ";x audit")), None);
    }
}

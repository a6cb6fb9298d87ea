//! The kernel command line, which is measured.

use crate::limits::CMDLINE_BYTES_MAX;

/// What every image's kernel is told.
const WORDS: &[&str] = &[
    // The log of runtime and agent leaves the guest here, if the measured file lets it.
    "console=ttyS0",
    "quiet",
    // Nothing is left to look at in a guest that panicked; it starts again.
    "panic=-1",
    "oops=panic",
    // Not even root reads or changes the kernel's memory, or loads a module that nobody signed.
    "lockdown=confidentiality",
    "module.sig_enforce=1",
    // Emulated timers come late on a busy host, and the kernel would take that for broken wiring and
    // stop; hypervisors that the kernel knows are not tested either.
    "no_timer_check",
    "init=/init",
];

/// The command line of every image: words with one space between them.
#[must_use]
pub fn cmdline() -> String {
    WORDS.join(" ")
}

/// Whether a text can be a kernel command line as firmware, stub and kernel all read it.
#[must_use]
pub fn is_cmdline(text: &str) -> bool {
    text.len() <= CMDLINE_BYTES_MAX && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{cmdline, is_cmdline};

    #[test]
    fn it_locks_the_kernel_down_and_is_plain_text() {
        assert!(is_cmdline(&cmdline()));
        for word in ["lockdown=confidentiality", "panic=-1", "no_timer_check", "init=/init"] {
            assert!(cmdline().split(' ').any(|w| w == word), "{word}");
        }
        assert!(!is_cmdline("a\nb") && !is_cmdline("a\0") && !is_cmdline(&"a".repeat(2048)));
    }
}

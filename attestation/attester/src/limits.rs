//! Sizes, times and counts, each with the reason for its value.

use std::time::Duration;

/// A provider name, a counter or a level, as text. Real ones have below 20 bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 256;

/// Attempts at one collection through configfs-tsm. Conflicts end with the other writer's request;
/// more of them in a row than this is no accident.
pub const ATTEMPTS_MAX: u32 = 5;

/// Of these, attempts after the firmware or hypervisor reported an input/output error. The kernel
/// closes the channel to the firmware after some of them, and repeating makes nothing better.
pub const ATTEMPTS_AFTER_IO_ERROR_MAX: u32 = 2;

/// Pause before the second attempt; it doubles with each one.
pub const BACKOFF: Duration = Duration::from_millis(20);

/// Names tried for an entry before giving up. Names in use are left over from dead processes with
/// the same process id.
pub const ENTRY_NAMES_MAX: u32 = 64;

/// Room for the host's certificate table in an extended report.
///
/// SPEC: Linux `drivers/virt/coco/sev-guest`, `SEV_FW_BLOB_MAX_SIZE`: what the kernel accepts.
pub const CERTIFICATE_TABLE_BYTES_MAX: usize = 16 * 1024;

/// How long the simulator may take to answer. It signs in milliseconds, after deriving keys for
/// some seconds the first time.
pub const SIMULATOR_PATIENCE: Duration = Duration::from_secs(60);

/// What the simulator may say when it refuses.
pub const SIMULATOR_MESSAGE_BYTES_MAX: usize = 1024;

/// One response of a TPM: what the kernel's driver takes.
///
/// SPEC: Linux `drivers/char/tpm/tpm.h`, `TPM_BUFSIZE`.
pub const TPM_RESPONSE_BYTES_MAX: usize = 4096;

/// One piece of an NV index: what every PC Client TPM returns at a time.
///
/// SPEC: TCG PTP 1.05, `TPM_PT_NV_BUFFER_MAX`: at least 512.
pub const NV_PIECE_BYTES_MAX: usize = 512;

/// One answer of the quote service with its header: a quote of at most 16 KiB, in base64.
pub const QUOTE_SERVICE_BYTES_MAX: usize = 64 * 1024;

/// Header fields of such an answer.
pub const QUOTE_SERVICE_FIELDS_MAX: usize = 32;

/// How long one request to the quote service may take, from connecting to the last byte. It signs
/// on the same host, and answers within a second.
pub const QUOTE_SERVICE_PATIENCE: Duration = Duration::from_secs(10);

/// What is thrown away of what a serial port holds when it is opened: more than one answer.
pub const SIMULATOR_STALE_BYTES_MAX: usize = 1024 * 1024;

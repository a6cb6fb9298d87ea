//! Which system calls an agent may make: those of a static program, and of CPython.
//!
//! Three answers. What is in `PERMITTED` is made. What is in `ENDING`, or makes memory both writable and
//! executable where that is not declared, or asks for a socket that no agent needs, ends the process,
//! and the kernel logs it. Everything else answers `ENOSYS`, as by an older kernel.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::{FenceError, Plan, table};

/// `ENOSYS`.
const UNKNOWN: u32 = 38;

/// Calls that are made, but for the conditions below.
#[rustfmt::skip]
const PERMITTED: &[&str] = &[
    // Files.
    "read", "write", "open", "openat", "openat2", "close", "close_range", "stat", "fstat", "lstat",
    "newfstatat", "statx", "lseek", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev",
    "preadv2", "pwritev2", "access", "faccessat", "faccessat2", "pipe", "pipe2", "dup", "dup2",
    "dup3", "sendfile", "copy_file_range", "splice", "tee", "fcntl", "flock", "fsync", "fdatasync",
    "sync_file_range", "truncate", "ftruncate", "fallocate", "getdents", "getdents64", "getcwd",
    "chdir", "fchdir", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "creat",
    "link", "linkat", "unlink", "unlinkat", "symlink", "symlinkat", "readlink", "readlinkat",
    "chmod", "fchmod", "fchmodat", "umask", "utime", "utimes", "utimensat", "futimesat", "statfs",
    "fstatfs", "fadvise64", "readahead", "ioctl", "getxattr", "lgetxattr", "fgetxattr",
    "listxattr", "llistxattr", "flistxattr", "inotify_init", "inotify_init1", "inotify_add_watch",
    "inotify_rm_watch",
    // For pipes with a name: a device takes a capability, and no mount that is writable has any.
    "mknod", "mknodat",
    // Waiting.
    "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "pause", "nanosleep",
    "clock_nanosleep", "futex", "futex_waitv", "get_robust_list", "set_robust_list",
    // Memory.
    "mmap", "mprotect", "munmap", "mremap", "brk", "msync", "mincore", "madvise", "mlock",
    "mlock2", "munlock", "mlockall", "munlockall", "mbind", "get_mempolicy", "set_mempolicy",
    "membarrier", "shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semtimedop", "semctl",
    // Processes.
    "clone", "fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "kill", "tkill",
    "tgkill", "getpid", "gettid", "getppid", "getpgid", "getpgrp", "getsid", "setsid", "setpgid",
    "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "capget",
    "set_tid_address", "rseq", "arch_prctl", "prctl", "prlimit64", "getrlimit", "setrlimit",
    "getrusage", "times", "sysinfo", "uname", "getrandom", "getcpu", "sched_yield",
    "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "getpriority", "setpriority",
    "pidfd_open", "pidfd_send_signal", "restart_syscall", "landlock_create_ruleset",
    "landlock_add_rule", "landlock_restrict_self", "seccomp",
    // Signals.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigsuspend", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack",
    // Time.
    "clock_gettime", "clock_getres", "gettimeofday", "time", "alarm", "getitimer", "setitimer",
    "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete",
    // Sockets.
    "socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown",
    "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "recvfrom", "sendmsg",
    "recvmsg", "sendmmsg", "recvmmsg",
];

/// Calls that no agent makes by mistake.
#[rustfmt::skip]
const ENDING: &[&str] = &[
    // Another root, other namespaces.
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "unshare", "setns",
    "open_by_handle_at",
    // Other processes.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    // The kernel.
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "bpf",
    "perf_event_open", "reboot", "swapon", "swapoff", "iopl", "ioperm", "settimeofday",
    "clock_settime", "acct", "quotactl", "syslog", "sethostname", "setdomainname", "add_key",
    "request_key", "keyctl", "userfaultfd", "fanotify_init", "vhangup", "modify_ldt",
    // Programs without a name, which Landlock does not see.
    "execveat",
];

/// An argument of a call: its number, the bits that count, and what they are.
type Argument = (u8, u64, u64);

/// `PROT_WRITE | PROT_EXEC`, `PROT_EXEC`, `SHM_EXEC`, and every `CLONE_NEW…`.
const WRITE_EXEC: u64 = 0x6;
const EXEC: u64 = 0x4;
const SHARED_EXEC: u64 = 0o100_000;
const NAMESPACES: [u64; 7] =
    [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];

/// `SOCK_RAW` among the types of a socket, without its flags.
const TYPE: u64 = 0xf;
const RAW: u64 = 3;
const INET: u64 = 2;
const INET6: u64 = 10;
const UNIX: u64 = 1;
const NETLINK: u64 = 16;
const FAMILY: u64 = 0xffff_ffff;

/// `AF_PACKET`, `AF_ALG`, `AF_VSOCK` and `AF_XDP`: past the network namespace, or into the kernel.
const ENDING_FAMILIES: [u64; 4] = [17, 38, 40, 44];

/// Restricts the calling thread and its children for good.
pub(super) fn restrict(plan: &Plan) -> Result<(), FenceError> {
    apply(plan.executable_memory)
        .map_err(|error| FenceError::other("restrict its system calls", error))
}

fn apply(executable_memory: bool) -> Result<(), Error> {
    // The kernel takes the strictest answer of the two.
    apply_filter(&compiled(permitted()?, SeccompAction::Errno(UNKNOWN), SeccompAction::Allow)?)?;
    apply_filter(&compiled(
        ending(executable_memory)?,
        SeccompAction::Allow,
        SeccompAction::KillProcess,
    )?)
}

/// For each call the rules of which one has to hold; none is always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn compiled(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    // SPEC: a call of another architecture ends the process, whichever the list.
    SeccompFilter::new(rules, otherwise, matched, TargetArch::x86_64)?.try_into()
}

fn permitted() -> Result<Rules, BackendError> {
    let mut rules = numbered(PERMITTED);
    let family = |family| rule(&[(0, FAMILY, family)]);
    // Of netlink only the part that names interfaces: libraries look at loopback with it.
    let routes = rule(&[(0, FAMILY, NETLINK), (2, FAMILY, 0)]);
    let sockets = vec![family(INET)?, family(INET6)?, family(UNIX)?, routes?];
    rules.extend(number("socket").map(|number| (number, sockets)));
    Ok(rules)
}

fn ending(executable_memory: bool) -> Result<Rules, BackendError> {
    let mut rules = numbered(ENDING);
    let mut conditions = |call: &str, any: &[&[Argument]]| {
        let any = any.iter().map(|all| rule(all)).collect::<Result<Vec<_>, _>>()?;
        rules.extend(number(call).map(|number| (number, any)));
        Ok::<_, BackendError>(())
    };
    if !executable_memory {
        conditions("mmap", &[&[(2, WRITE_EXEC, WRITE_EXEC)]])?;
        conditions("mprotect", &[&[(2, EXEC, EXEC)]])?;
        conditions("shmat", &[&[(2, SHARED_EXEC, SHARED_EXEC)]])?;
    }
    let new = NAMESPACES.map(|bit| [(0, bit, bit)]);
    conditions("clone", &new.iter().map(|all| all.as_slice()).collect::<Vec<_>>())?;
    let raw = [INET, INET6].map(|family| vec![(0, FAMILY, family), (1, TYPE, RAW)]);
    let families = ENDING_FAMILIES.map(|family| vec![(0, FAMILY, family)]);
    let sockets: Vec<_> = raw.iter().chain(&families).map(Vec::as_slice).collect();
    conditions("socket", &sockets)?;
    Ok(rules)
}

fn numbered(names: &[&str]) -> Rules {
    names.iter().filter_map(|name| Some((number(name)?, Vec::new()))).collect()
}

fn number(name: &str) -> Option<i64> {
    table::number(name).and_then(|number| i64::try_from(number).ok())
}

fn rule(all: &[Argument]) -> Result<SeccompRule, BackendError> {
    let condition = |(index, mask, value): &Argument| {
        let masked = SeccompCmpOp::MaskedEq(*mask);
        SeccompCondition::new(*index, SeccompCmpArgLen::Dword, masked, *value)
    };
    SeccompRule::new(all.iter().map(condition).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ENDING, PERMITTED, SeccompAction, UNKNOWN, compiled, ending, number, permitted};

    #[test]
    fn every_name_is_a_call_and_in_one_list() {
        let mut seen = BTreeSet::new();
        for name in PERMITTED.iter().chain(ENDING) {
            assert!(number(name).is_some(), "{name}");
            assert!(seen.insert(name), "{name} twice");
        }
    }

    #[test]
    fn both_lists_fit_into_a_filter() {
        let permitted =
            compiled(permitted().unwrap(), SeccompAction::Errno(UNKNOWN), SeccompAction::Allow);
        let ending =
            compiled(ending(false).unwrap(), SeccompAction::Allow, SeccompAction::KillProcess);
        // SPEC: seccomp(2), BPF_MAXINSNS.
        assert!(permitted.unwrap().len() <= 4096 && ending.unwrap().len() <= 4096);
    }

    #[test]
    fn code_is_made_in_memory_only_where_that_is_declared() {
        let (strict, declared) = (ending(false).unwrap(), ending(true).unwrap());
        for call in ["mmap", "mprotect", "shmat"] {
            let number = number(call).unwrap();
            assert!(strict.contains_key(&number) && !declared.contains_key(&number), "{call}");
        }
        assert_eq!(strict.len(), declared.len() + 3);
    }

    #[test]
    fn what_would_get_around_the_others_is_not_permitted() {
        for name in ["memfd_create", "clone3", "io_uring_setup", "personality", "userfaultfd"] {
            assert!(!PERMITTED.contains(&name), "{name}");
        }
    }
}

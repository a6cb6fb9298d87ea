//! The step between runtime and agent: a process that will not outlive the runtime becomes it.
//!
//! A runtime that is killed cannot stop its agent any more. So the program that is started is the
//! runtime's own, which asks the kernel to be killed with its parent and then turns into the agent.
//! The request survives `execve`; children of the agent are not covered by it.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use cloister_guest::fence::OUTSIDE;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::Program;

/// The first argument by which the runtime's program knows that it is to become an agent.
pub const GUARD: &str = "__become-agent";

/// The command that starts `program` through the runtime's own program, `guard`; within a fence, if
/// there is one.
pub(super) fn command(guard: &Path, program: &Program) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(guard);
    let step = if program.fence.is_some() { OUTSIDE } else { GUARD };
    command.arg(step).arg(std::process::id().to_string());
    command.args(program.fence.as_deref()).arg(&program.executable);
    command
}

/// Becomes the agent. `arguments` are those after [`GUARD`]: the runtime's process id, the program,
/// and the program's own arguments. Returns only if that failed.
///
/// The kernel watches the thread that started this process, which for a runtime is one that lives
/// as long as the runtime does.
pub fn become_agent(arguments: impl IntoIterator<Item = OsString>) -> io::Error {
    let mut arguments = arguments.into_iter();
    let parent = arguments.next().and_then(|id| Pid::from_raw(id.to_str()?.parse().ok()?));
    let (Some(parent), Some(program)) = (parent, arguments.next()) else {
        return io::Error::new(io::ErrorKind::InvalidInput, "not the arguments of a runtime");
    };
    if let Err(errno) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return errno.into();
    }
    // SECURITY: in this order. A runtime that died before the request was made is noticed here.
    if getppid() != Some(parent) {
        return io::Error::other("the runtime is gone");
    }
    Command::new(program).args(arguments).exec()
}

//! The step outside: everything that needs the machine's privileges and names.

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use tokio::signal::unix::{SignalKind, signal};

use super::namespace::unshare;
use super::{FenceError, INSIDE, Plan, RESERVE};

/// Runs a program within its fence, until it ends; returns its status as a shell has it.
///
/// `arguments` are those after [`super::OUTSIDE`]: the runtime's process id, the plan, the program,
/// and the program's own. The process has to have one thread.
///
/// # Errors
/// [`FenceError`] if any part of the fence cannot be put up. The program has not run then.
pub fn outside(arguments: impl IntoIterator<Item = OsString>) -> Result<u8, FenceError> {
    let mut arguments = arguments.into_iter();
    let parent = arguments.next().and_then(|id| Pid::from_raw(id.to_str()?.parse().ok()?));
    let text = arguments.next().and_then(|plan| plan.into_string().ok());
    let (Some(parent), Some(text)) = (parent, text) else {
        return Err(FenceError::other("start", "not the arguments of a runtime"));
    };
    follow(parent)?;
    let plan = Plan::decode(&text)?;
    if let Some(group) = &plan.group {
        fs::write(group.join("cgroup.procs"), "0")
            .map_err(FenceError::at("join the control group"))?;
    }
    join(&plan.network)?;
    let apart = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    unshare(apart).map_err(FenceError::at("make namespaces"))?;
    let status =
        run(&text, arguments.collect()).map_err(FenceError::at("start its first process"))?;
    Ok(as_a_shell(status))
}

/// Ends with the runtime.
fn follow(parent: Pid) -> Result<(), FenceError> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(FenceError::at("follow the runtime"))?;
    // SECURITY: in this order. A runtime that died before the request was made is noticed here.
    if getppid() == Some(parent) {
        Ok(())
    } else {
        Err(FenceError::other("start", "the runtime is gone"))
    }
}

fn join(network: &Path) -> Result<(), FenceError> {
    let link = File::open(network).map_err(FenceError::at("find the agent's network"))?;
    move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(FenceError::at("join the agent's network"))
}

/// Starts the step inside and waits for it. A request to end goes to the whole process group: the
/// agent obeys it, this process only must not be ended by it before the agent has.
fn run(plan: &str, program: Vec<OsString>) -> std::io::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let _heard = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut command = tokio::process::Command::new("/proc/self/exe");
        command.arg(INSIDE).arg(plan).args(program).env(RESERVE.0, RESERVE.1);
        command.spawn()?.wait().await
    })
}

fn as_a_shell(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| Some(status.signal()?.saturating_add(128)));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::as_a_shell;

    #[test]
    fn a_status_is_told_as_a_shell_does() {
        assert_eq!(as_a_shell(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(as_a_shell(ExitStatus::from_raw(31)), 159);
    }
}

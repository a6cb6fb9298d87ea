//! The step inside: a root of its own, then no way back, then the agent.

use std::ffi::OsString;
use std::process::{Child, Command};

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Signal, WaitOptions, WaitStatus};
use rustix::process::{set_dumpable_behavior, set_parent_process_death_signal, wait};
use rustix::system::sethostname;

use super::{FenceError, Plan, RESERVE, files, privileges, root, syscalls};

/// What an interpreter or a loader that is not there looks like, too.
const START: &str = "start the agent; what its program needs has to be in [fence] read";

/// Runs the agent within the namespaces that the step outside made, and reaps what outlives its
/// parent there. Returns the agent's status as a shell has it.
///
/// `arguments` are those after [`super::INSIDE`]: the plan, the program, and the program's own.
///
/// # Errors
/// [`FenceError`] if any part of the fence cannot be put up. The program has not run then.
pub fn inside(arguments: impl IntoIterator<Item = OsString>) -> Result<u8, FenceError> {
    let mut arguments = arguments.into_iter();
    let text = arguments.next().and_then(|plan| plan.into_string().ok());
    let (Some(text), Some(program)) = (text, arguments.next()) else {
        return Err(FenceError::other("start", "not the arguments of a runtime"));
    };
    let plan = Plan::decode(&text)?;
    sethostname(b"agent").map_err(FenceError::at("name its machine"))?;
    root::build(&plan)?;
    privileges::drop(&plan)?;
    // Becoming another user has undone both, if they were set before.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(FenceError::at("follow"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(FenceError::at("close itself"))?;
    files::restrict(&plan)?;
    syscalls::restrict(&plan)?;
    let mut command = Command::new(&program);
    let agent =
        command.args(arguments).env_remove(RESERVE.0).spawn().map_err(FenceError::at(START))?;
    reap(&agent).map_err(FenceError::at("wait for the agent"))
}

/// Reaps until the agent itself has ended. The kernel ends everything that is left of it, once this
/// process, the first of its namespace, returns.
fn reap(agent: &Child) -> Result<u8, Errno> {
    loop {
        let Some((pid, status)) = wait(WaitOptions::empty())? else { continue };
        if u32::try_from(pid.as_raw_nonzero().get()).is_ok_and(|pid| pid == agent.id()) {
            return Ok(as_a_shell(status));
        }
    }
}

fn as_a_shell(status: WaitStatus) -> u8 {
    let number =
        status.exit_status().or_else(|| Some(status.terminating_signal()?.saturating_add(128)));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

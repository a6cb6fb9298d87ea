//! Landlock: which files may be read, executed and written to, and which ports served.
//!
//! SPEC: Linux, Documentation/userspace-api/landlock.rst.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};

use super::root::DEVICES;
use super::{FenceError, Plan};

/// The newest rights that are spoken of here; an older kernel enforces those that it knows.
const RIGHTS: ABI = ABI::V6;

/// Restricts the calling thread and its children for good. Does nothing on a kernel without Landlock:
/// what is not declared does not exist in the agent's root anyway.
pub(super) fn restrict(plan: &Plan) -> Result<(), FenceError> {
    apply(plan).map_err(|error| FenceError::other("restrict its files", error))
}

fn apply(plan: &Plan) -> Result<(), RulesetError> {
    let read = AccessFs::from_read(RIGHTS);
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let use_of_device = AccessFs::ReadFile | AccessFs::WriteFile;
    let write: BitFlags<AccessFs> = AccessFs::from_all(RIGHTS) & !AccessFs::Execute;
    let scratch = plan.scratch.iter().map(|scratch| scratch.path.as_path());
    let serve = |port: &u16| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::BindTcp));
    Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(RIGHTS))?
        .create()?
        .add_rules(path_beneath_rules(&plan.read, read))?
        .add_rules(path_beneath_rules([Path::new("/proc"), Path::new("/etc/hosts")], look))?
        .add_rules(path_beneath_rules(DEVICES, use_of_device))?
        .add_rules(path_beneath_rules(scratch, write))?
        .add_rules(plan.ports.iter().map(serve))?
        .restrict_self()?;
    Ok(())
}

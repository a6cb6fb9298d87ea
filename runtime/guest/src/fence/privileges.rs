//! From root to a user without anything.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, Gid, Uid, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use super::{FenceError, Plan};

/// Files that the agent may have open in one process.
const OPEN_FILES_MAX: u64 = 4096;
/// Bytes that it may keep from being swapped; there is no swap in a guest.
const LOCKED_MEMORY_MAX: u64 = 64 * 1024;

/// Becomes the plan's user: no group but its own, no capability, and none to be had.
pub(super) fn drop(plan: &Plan) -> Result<(), FenceError> {
    limits(plan).map_err(FenceError::at("limit it"))?;
    set_no_new_privs(true).map_err(FenceError::at("forbid new privileges"))?;
    unbind().map_err(FenceError::at("empty the bounding set"))?;
    clear_ambient_capability_set().map_err(FenceError::at("empty the ambient set"))?;
    let (user, group) = (Uid::from_raw(plan.user), Gid::from_raw(plan.user));
    // SECURITY: in this order. After the user, nothing of it is permitted any more.
    set_thread_groups(&[]).map_err(FenceError::at("leave all groups"))?;
    set_thread_res_gid(group, group, group).map_err(FenceError::at("change its group"))?;
    set_thread_res_uid(user, user, user).map_err(FenceError::at("change its user"))?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).map_err(FenceError::at("give up its capabilities"))
}

/// Those that this kernel knows: it refuses the first that it does not.
fn unbind() -> Result<(), Errno> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1_u64 << bit);
        match remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            Err(Errno::INVAL) if bit > 0 => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn limits(plan: &Plan) -> Result<(), Errno> {
    let mut limits = vec![
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES_MAX),
        (Resource::Nproc, u64::from(plan.processes)),
        (Resource::Memlock, LOCKED_MEMORY_MAX),
        (Resource::Msgqueue, 0),
        (Resource::Nice, 0),
        (Resource::Rtprio, 0),
    ];
    if plan.group.is_none() {
        limits.push((Resource::Data, plan.memory));
    }
    limits.into_iter().try_for_each(|(resource, most)| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
    })
}

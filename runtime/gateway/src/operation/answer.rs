//! Where an answer to a sent message names the task and the context that it made, as data.
//!
//! SPEC: A2A 1.0.1, `SendMessageResponse` and `StreamResponse`; A2A 0.3.0, the same in its protobuf
//! definition, and sections 7.1 and 7.2 for JSON-RPC.

use cloister_policy::Binding;

use super::fields::{Field, Member, Take, Within};
use super::said::Slot;
use super::table::V0_3;

const CONTEXT: Member = Member("contextid", Take::Text(Slot::Context));
const TASK_ID: Member = Member("taskid", Take::Text(Slot::Task));
const IN_TASK: &[Member] = &[Member("id", Take::Text(Slot::Task)), CONTEXT];
const IN_OTHERS: &[Member] = &[TASK_ID, CONTEXT];

const OTHER: Take<Member> = Take::Enter(Within::Wrapper, IN_OTHERS);
/// One of these is there, whatever it is called in which version.
const EVENT: &[Member] = &[
    Member("task", Take::Enter(Within::Wrapper, IN_TASK)),
    Member("message", OTHER),
    Member("msg", OTHER),
    Member("statusupdate", OTHER),
    Member("artifactupdate", OTHER),
];
const RPC: &[Member] = &[Member("result", Take::Enter(Within::Wrapper, EVENT))];

/// In version 0.3 the result is the thing itself; `id` is a task's and nothing else's.
const IN_RESULT_0_3: &[Member] = &[Member("id", Take::Text(Slot::Task)), TASK_ID, CONTEXT];
const RPC_0_3: &[Member] = &[Member("result", Take::Enter(Within::Wrapper, IN_RESULT_0_3))];

/// The members of an answer's JSON that are read.
pub(crate) fn members(binding: Binding, version: &str) -> &'static [Member] {
    match binding == Binding::JsonRpc {
        true if version == V0_3 => RPC_0_3,
        true => RPC,
        false => EVENT,
    }
}

/// The fields of an answer's protobuf that are read: the same numbers in both versions.
pub(crate) const FIELDS: &[Field] = &[
    Field(1, Take::Enter(Within::Wrapper, &[id(1), context(2)])),
    Field(2, Take::Enter(Within::Wrapper, &[context(2), id(3)])),
    Field(3, Take::Enter(Within::Wrapper, &[id(1), context(2)])),
    Field(4, Take::Enter(Within::Wrapper, &[id(1), context(2)])),
];

const fn id(number: u32) -> Field {
    Field(number, Take::Text(Slot::Task))
}

const fn context(number: u32) -> Field {
    Field(number, Take::Text(Slot::Context))
}

//! A list of tasks, without those of others.
//!
//! SPEC: A2A 1.0.1 section 3.1.4, `ListTasksResponse`. The size of a page is the one that was asked
//! for where it is larger than the page, and stays; otherwise it would tell how many were taken out.

use serde_json::value::{RawValue, to_raw_value};

use super::{Kind, Owner, Owners};
use crate::object::{Object, ObjectError};
use crate::wire::{Entries, Wire, WireError, put_number};

/// Why an agent's list cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListError {
    /// The answer, or a task in it, has no single reading.
    #[error("the list of tasks is not what the protocol has: {0}")]
    Object(#[from] ObjectError),
    /// The same for protobuf.
    #[error("the list of tasks is not what the protocol has: {0}")]
    Wire(#[from] WireError),
    /// It cannot be read whole, or is longer than what is.
    #[error("the list of tasks is too long, or broke off")]
    Unread,
}

/// The JSON of a list with the tasks of `owner` alone, each as it was received.
pub(crate) fn in_json(
    answer: &RawValue,
    owners: &Owners,
    owner: &Owner,
) -> Result<Box<RawValue>, ListError> {
    let mut list = Object::read(answer)?;
    let Some(tasks) = list.get("tasks") else { return Ok(answer.to_owned()) };
    let tasks: Vec<&RawValue> = read(tasks)?;
    let received = tasks.len();
    let mut kept = Vec::with_capacity(tasks.len());
    for task in tasks {
        let id = Object::read(task)?.text("id")?;
        if id.is_some_and(|id| owners.owns(owner, Kind::Task, &id)) {
            kept.push(task);
        }
    }
    let count = kept.len();
    let kept = written(&kept)?;
    let total: Option<usize> = list.get("totalSize").map(read).transpose()?;
    let page: Option<usize> = list.get("pageSize").map(read).transpose()?;
    if page.is_some_and(|page| page <= received) {
        list.replace("pageSize", written(&count)?);
    }
    if let Some(total) = total {
        list.replace("totalSize", written(&total.min(owners.tasks(owner)))?);
    }
    list.replace("tasks", kept);
    list.to_raw().map_err(|_| ObjectError::NotJson.into())
}

/// The same for the result of a JSON-RPC answer; one without a result passes.
pub(crate) fn tasks_of_rpc(
    received: &[u8],
    owners: &Owners,
    owner: &Owner,
) -> Result<Box<RawValue>, ListError> {
    let mut answer = Object::parse(received)?;
    let filtered = answer.get("result").map(|list| in_json(list, owners, owner)).transpose()?;
    if let Some(filtered) = filtered {
        answer.replace("result", filtered);
    }
    answer.to_raw().map_err(|_| ObjectError::NotJson.into())
}

const TASKS: u32 = 1;
const PAGE_SIZE: u32 = 3;
const TOTAL_SIZE: u32 = 4;
const ID_OF_TASK: u32 = 1;

/// The same for a protobuf message.
pub(crate) fn in_protobuf(
    received: &[u8],
    owners: &Owners,
    owner: &Owner,
) -> Result<Vec<u8>, ListError> {
    let mut kept = Vec::with_capacity(received.len());
    let (mut all, mut count, mut page, mut total) = (0_u64, 0_u64, None, None);
    for field in Entries::of(received) {
        let field = field?;
        match (field.number, field.value) {
            (TASKS, Wire::Bytes(task)) => {
                all = all.saturating_add(1);
                if id_of(task)?.is_some_and(|id| owners.owns(owner, Kind::Task, id)) {
                    count = count.saturating_add(1);
                    kept.extend_from_slice(field.whole);
                }
            }
            (PAGE_SIZE, Wire::Number(number)) => page = Some(number),
            (TOTAL_SIZE, Wire::Number(number)) => total = Some(number),
            _ => kept.extend_from_slice(field.whole),
        }
    }
    let mine = u64::try_from(owners.tasks(owner)).unwrap_or(u64::MAX);
    put_number(&mut kept, PAGE_SIZE, page.filter(|page| *page > all).unwrap_or(count));
    put_number(&mut kept, TOTAL_SIZE, total.map_or(count, |total| total.min(mine)));
    Ok(kept)
}

fn id_of(task: &[u8]) -> Result<Option<&str>, ListError> {
    let mut found = None;
    for field in Entries::of(task) {
        let field = field?;
        if let (ID_OF_TASK, Wire::Bytes(id)) = (field.number, field.value) {
            // SECURITY: of two, readers take the last; none is forwarded.
            let text = core::str::from_utf8(id).map_err(|_| WireError)?;
            if found.replace(text).is_some() {
                return Err(WireError.into());
            }
        }
    }
    Ok(found)
}

fn read<'a, T: serde::Deserialize<'a>>(value: &'a RawValue) -> Result<T, ListError> {
    serde_json::from_str(value.get()).map_err(|_| ObjectError::NotJson.into())
}

fn written(value: &impl serde::Serialize) -> Result<Box<RawValue>, ListError> {
    to_raw_value(value).map_err(|_| ObjectError::NotJson.into())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{in_json, in_protobuf, tasks_of_rpc};
    use crate::ownership::{Kind, Owner, Owners};
    use crate::wire::{put, put_number};

    fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, number, bytes);
        out
    }

    fn sizes(page: u64, total: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, 3, page);
        put_number(&mut out, 4, total);
        out
    }

    fn owners() -> (Owners, Owner) {
        let (owners, owner) = (Owners::default(), Owner::Visit(1));
        owners.claim(&owner, Kind::Task, "mine");
        owners.claim(&Owner::Visit(2), Kind::Task, "theirs");
        (owners, owner)
    }

    const LIST: &str = r#"{"tasks":[{"id":"mine","x" : 1.0},{"id":"theirs"},{"id":"nobodys"},{}],"nextPageToken":"n","pageSize":4,"totalSize":9}"#;
    const SHOWN: &str =
        r#"{"tasks":[{"id":"mine","x" : 1.0}],"nextPageToken":"n","pageSize":1,"totalSize":1}"#;

    #[test]
    fn only_the_owners_tasks_are_shown_and_as_they_were() {
        let (owners, owner) = owners();
        let list = RawValue::from_string(LIST.to_owned()).unwrap();
        assert_eq!(in_json(&list, &owners, &owner).unwrap().get(), SHOWN);
        let answer = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{LIST}}}"#);
        let shown = tasks_of_rpc(answer.as_bytes(), &owners, &owner).unwrap();
        assert_eq!(shown.get(), format!(r#"{{"jsonrpc":"2.0","id":1,"result":{SHOWN}}}"#));
    }

    #[test]
    fn the_size_that_was_asked_for_stays() {
        let (owners, owner) = owners();
        let list = r#"{"tasks":[{"id":"theirs"}],"pageSize":50,"totalSize":1}"#;
        let list = RawValue::from_string(list.to_owned()).unwrap();
        let shown = in_json(&list, &owners, &owner).unwrap();
        assert_eq!(shown.get(), r#"{"tasks":[],"pageSize":50,"totalSize":1}"#);
        let list = [field(1, &field(1, b"theirs")), sizes(50, 1)].concat();
        assert_eq!(in_protobuf(&list, &owners, &owner).unwrap(), sizes(50, 1));
    }

    #[test]
    fn a_task_with_two_ids_is_shown_to_nobody() {
        let (owners, owner) = owners();
        let list = r#"{"tasks":[{"id":"mine","ID":"theirs"}]}"#;
        let list = RawValue::from_string(list.to_owned()).unwrap();
        assert!(in_json(&list, &owners, &owner).is_err());
        let task = [field(1, b"mine"), field(1, b"theirs")].concat();
        assert!(in_protobuf(&field(1, &task), &owners, &owner).is_err());
    }

    #[test]
    fn protobuf_lists_are_filtered_too() {
        let (owners, owner) = owners();
        let mine = field(1, &[field(1, b"mine"), field(2, b"c")].concat());
        let theirs = field(1, &field(1, b"theirs"));
        let rest = [field(2, b"next"), field(99, b"unknown")].concat();
        let list = [mine.clone(), theirs, rest.clone(), sizes(2, 9)].concat();
        assert_eq!(
            in_protobuf(&list, &owners, &owner).unwrap(),
            [mine, rest, sizes(1, 1)].concat()
        );
        assert!(in_protobuf(&list[..list.len() - 1], &owners, &owner).is_err());
    }
}

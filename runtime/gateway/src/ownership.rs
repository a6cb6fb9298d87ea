//! Whose a task or context is: of the peer that made it, and of nobody else.
//!
//! An agent sees only its own runtime on loopback, so it cannot tell one peer's request from
//! another's. The runtime can: it notes what each peer's messages made, and answers for what is
//! somebody else's as for what does not exist. What was never seen is nobody's.

mod claim;
mod list;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use cloister_policy::Subject;

use crate::limits::OWNED_MAX;

pub(crate) use claim::{Learner, claimed, watched};
pub(crate) use list::{ListError, in_json, in_protobuf, tasks_of_rpc};

/// Who owns: an attested agent, whichever of its instances calls, or one visit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// An agent of a trust domain. A runtime that was started anew is the same agent.
    Agent(Arc<(String, String)>),
    /// One connection of somebody of whom nothing is known, by its number.
    Visit(u64),
}

impl Owner {
    pub(crate) fn of(subject: &Subject) -> Self {
        Self::Agent(Arc::new((subject.agent.clone(), subject.trust_domain.clone())))
    }
}

/// What is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A task, by its id.
    Task,
    /// A context, by its id.
    Context,
}

type Key = (Kind, Arc<str>);

/// Who owns which task and context, for all peers of one agent.
#[derive(Debug)]
pub struct Owners {
    table: Mutex<Table>,
    /// Entries at most.
    room: usize,
}

impl Default for Owners {
    fn default() -> Self {
        Self { table: Mutex::default(), room: OWNED_MAX }
    }
}

#[derive(Debug, Default)]
struct Table {
    owners: HashMap<Key, Owner>,
    /// What each owner has, oldest first.
    owned: HashMap<Owner, VecDeque<Key>>,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// It is the claimant's, now or since before.
    Yes,
    /// It is somebody else's.
    No,
}

impl Owners {
    /// Notes that a task is `peer`'s, as if one of its messages had made it. Nobody's task is taken
    /// away.
    pub fn note_task(&self, peer: &Subject, id: &str) {
        self.claim(&Owner::of(peer), Kind::Task, id);
    }

    /// Whether `owner` owns it.
    pub(crate) fn owns(&self, owner: &Owner, kind: Kind, id: &str) -> bool {
        self.table().owners.get(&(kind, Arc::from(id))) == Some(owner)
    }

    /// Makes it `owner`'s unless it is somebody's.
    pub(crate) fn claim(&self, owner: &Owner, kind: Kind, id: &str) -> Claimed {
        let key = (kind, Arc::from(id));
        let mut table = self.table();
        if let Some(known) = table.owners.get(&key) {
            return if known == owner { Claimed::Yes } else { Claimed::No };
        }
        table.owners.insert(key.clone(), owner.clone());
        table.owned.entry(owner.clone()).or_default().push_back(key);
        while table.owners.len() > self.room {
            table.forget_one();
        }
        Claimed::Yes
    }

    /// How many tasks `owner` has.
    pub(crate) fn tasks(&self, owner: &Owner) -> usize {
        let table = self.table();
        let owned = table.owned.get(owner).into_iter().flatten();
        owned.filter(|(kind, _)| *kind == Kind::Task).count()
    }

    /// Forgets everything of an owner who cannot come back.
    pub(crate) fn forget(&self, owner: &Owner) {
        let mut table = self.table();
        for key in table.owned.remove(owner).unwrap_or_default() {
            table.owners.remove(&key);
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        // Every change leaves the table whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Makes room: whoever has most loses its oldest, so that nobody can push out another's.
    fn forget_one(&mut self) {
        let most = self.owned.iter().max_by_key(|(_, owned)| owned.len());
        let Some(owner) = most.map(|(owner, _)| owner.clone()) else { return };
        let owned = self.owned.get_mut(&owner);
        if let Some(oldest) = owned.and_then(VecDeque::pop_front) {
            self.owners.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Claimed, Kind, Owner, Owners};

    fn agent(name: &str) -> Owner {
        Owner::Agent(Arc::new((name.to_owned(), "example.org".to_owned())))
    }

    #[test]
    fn whoever_made_it_owns_it_and_nobody_else() {
        let (owners, a, b) = (Owners::default(), agent("a"), agent("b"));
        assert!(!owners.owns(&a, Kind::Task, "t"));
        assert_eq!(owners.claim(&a, Kind::Task, "t"), Claimed::Yes);
        assert_eq!(owners.claim(&b, Kind::Task, "t"), Claimed::No);
        assert_eq!(owners.claim(&a, Kind::Task, "t"), Claimed::Yes);
        assert!(owners.owns(&a, Kind::Task, "t"));
        assert!(!owners.owns(&b, Kind::Task, "t"));
        assert!(!owners.owns(&a, Kind::Context, "t"));
    }

    #[test]
    fn a_name_in_another_trust_domain_is_another_owner() {
        let owners = Owners::default();
        let other = Owner::Agent(Arc::new(("a".to_owned(), "example.net".to_owned())));
        owners.claim(&agent("a"), Kind::Task, "t");
        assert!(!owners.owns(&other, Kind::Task, "t"));
        assert!(!owners.owns(&Owner::Visit(1), Kind::Task, "t"));
    }

    #[test]
    fn whoever_has_most_loses_its_oldest() {
        let owners = Owners { room: 4, ..Owners::default() };
        let (small, greedy) = (agent("small"), agent("greedy"));
        owners.claim(&small, Kind::Task, "mine");
        for id in 0..100 {
            owners.claim(&greedy, Kind::Task, &id.to_string());
        }
        assert!(owners.owns(&small, Kind::Task, "mine"));
        assert!(owners.owns(&greedy, Kind::Task, "99"));
        assert!(!owners.owns(&greedy, Kind::Task, "0"));
        assert_eq!(owners.tasks(&greedy), 3);
    }

    #[test]
    fn a_visit_that_ended_owns_nothing() {
        let owners = Owners::default();
        owners.claim(&Owner::Visit(1), Kind::Task, "t");
        owners.forget(&Owner::Visit(1));
        assert!(!owners.owns(&Owner::Visit(1), Kind::Task, "t"));
        assert_eq!(owners.tasks(&Owner::Visit(1)), 0);
    }
}

//! What is the same for every request between one peer and the local agent, made once.

use core::fmt;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use cedar_policy::PolicySet;

use crate::facts::Pair;
use crate::limits::PREPARED_MAX;
use crate::memo::Memo;
use crate::mention::Mentioned;
use crate::operation::{Action, OperationName};
use crate::request::{Direction, LocalAgent, Request, Subject};
use crate::shape::Fitting;
use crate::slice::Sliced;
use crate::vocabulary::{Asking, Vocabulary};

/// One peer, as requests know it.
pub(crate) struct Prepared {
    peer: Subject,
    local: LocalAgent,
    pub(crate) asking: Asking,
    /// What can apply, by action: made when it is asked for first.
    slices: BTreeMap<&'static str, OnceLock<Slice>>,
    pub(crate) memo: Memo,
}

/// What can apply to one action of one peer, and what is asked to find out.
pub(crate) struct Slice {
    pub(crate) policies: PolicySet,
    /// The facts that these policies speak of.
    pub(crate) mentioned: Mentioned,
    /// Those of them that are the peer's.
    pub(crate) facts: Vec<Pair>,
    /// Requests that are known to fit the schema.
    pub(crate) fitting: Fitting,
}

impl Prepared {
    fn new(request: &Request<'_>, vocabulary: &Vocabulary) -> Result<Self, String> {
        let actions = OperationName::ALL.iter().map(|name| name.as_str());
        let actions = actions.chain([Action::Connect.as_str()]);
        Ok(Self {
            peer: request.peer.clone(),
            local: request.local.clone(),
            asking: vocabulary.asking(request)?,
            slices: actions.map(|action| (action, OnceLock::new())).collect(),
            memo: Memo::default(),
        })
    }

    /// Whether it was made from the same facts, every one of them.
    fn is_for(&self, request: &Request<'_>) -> bool {
        self.peer == *request.peer && self.local == *request.local
    }

    /// What can apply to `action`; `None` for one that there is not.
    pub(crate) fn slice(
        &self,
        action: &Action<'_>,
        sliced: &Sliced,
        vocabulary: &Vocabulary,
    ) -> Option<&Slice> {
        let slot = self.slices.get(action.as_str())?;
        Some(slot.get_or_init(|| {
            let policies = match vocabulary.known(&self.asking, action) {
                Ok(known) => sliced.slice(&known),
                Err(_) => sliced.whole().clone(),
            };
            let mentioned = sliced.mentioned(&policies);
            let mut facts = self.asking.facts(action);
            facts.retain(|(name, _)| mentioned.names(name));
            Slice { policies, mentioned, facts, fitting: Fitting::default() }
        }))
    }
}

/// Peers that were asked about, by direction and instance.
#[derive(Default)]
pub(crate) struct Cache {
    inbound: RwLock<HashMap<String, Arc<Prepared>>>,
    outbound: RwLock<HashMap<String, Arc<Prepared>>>,
}

impl Cache {
    /// What was prepared for the peer of `request`, now if it was not before or if any fact changed.
    pub(crate) fn of(
        &self,
        request: &Request<'_>,
        vocabulary: &Vocabulary,
    ) -> Result<Arc<Prepared>, String> {
        let peers = match request.direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        };
        let known = peers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&request.peer.instance).filter(|it| it.is_for(request)) {
            return Ok(Arc::clone(known));
        }
        drop(known);
        let prepared = Arc::new(Prepared::new(request, vocabulary)?);
        let mut known = peers.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PREPARED_MAX {
            known.clear();
        }
        known.insert(request.peer.instance.clone(), Arc::clone(&prepared));
        Ok(prepared)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

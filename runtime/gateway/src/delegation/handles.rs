//! What the local agent calls the chains that were presented: names that mean something here alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;
use cloister_channel::InstanceId;
use cloister_channel::delegation::Delegation;
use http::HeaderValue;

use super::DelegationError;
use crate::limits::{HANDLES_MAX, HANDLES_OF_ONE_MAX};

/// A chain that was believed.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) delegation: Delegation,
    /// SHA-384 of the chain.
    pub(super) chain: Digest48,
}

/// Chains by handle, the oldest first to go.
#[derive(Debug, Default)]
pub(super) struct Handles(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    chains: HashMap<HeaderValue, Arc<Kept>>,
    order: VecDeque<(InstanceId, HeaderValue)>,
}

impl Handles {
    /// The handle of a chain that `presenter` presented. The same chain has the same one.
    pub(super) fn keep(
        &self,
        presenter: InstanceId,
        kept: Kept,
    ) -> Result<HeaderValue, DelegationError> {
        let handle = handle(&kept.chain)?;
        let mut known = self.lock();
        if known.chains.insert(handle.clone(), Arc::new(kept)).is_none() {
            known.make_room(presenter);
            known.order.push_back((presenter, handle.clone()));
        }
        Ok(handle)
    }

    pub(super) fn find(&self, handle: &HeaderValue) -> Result<Arc<Kept>, DelegationError> {
        self.lock().chains.get(handle).cloned().ok_or(DelegationError::Handle)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// One presenter has a share that it cannot exceed, so that it pushes out its own first.
    fn make_room(&mut self, presenter: InstanceId) {
        let own = |(by, _): &(InstanceId, HeaderValue)| *by == presenter;
        let of_one = self.order.iter().filter(|it| own(it)).count();
        let oldest = if of_one >= HANDLES_OF_ONE_MAX {
            self.order.iter().position(own).and_then(|at| self.order.remove(at))
        } else if self.order.len() >= HANDLES_MAX {
            self.order.pop_front()
        } else {
            None
        };
        if let Some((_, handle)) = oldest {
            self.chains.remove(&handle);
        }
    }
}

/// Half of the digest's digits: nobody who could guess them can use them, since only the local agent
/// is asked for a handle.
fn handle(chain: &Digest48) -> Result<HeaderValue, DelegationError> {
    let digits = chain.to_string();
    let handle = digits.get(..HANDLE_DIGITS).map(HeaderValue::try_from);
    // Hexadecimal digits are a header value; if they were not, no two chains may share a name.
    handle.and_then(Result::ok).ok_or(DelegationError::Handle)
}

const HANDLE_DIGITS: usize = 48;

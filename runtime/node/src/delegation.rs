//! What delegations are made and verified with: the runtime's standing at that moment.

use std::sync::Arc;

use cloister_gateway::{Membership, Terms};

use crate::state::State;

impl Membership for State {
    fn terms(&self) -> Option<Terms> {
        let standing = self.standing()?;
        Some(Terms {
            credentials: Arc::clone(&standing.credentials),
            trust: Arc::clone(&standing.trust),
            now: self.clock().now(),
        })
    }
}

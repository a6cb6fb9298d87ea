//! What one thread uses again from seed to seed: keys, and nothing else.

use std::sync::Arc;

use cloister_channel::{IdentityKey, LeaseSigner};

use super::verifier::Boot;
use crate::world::World;

/// Enough boots for most runs.
const IDENTITIES: usize = 256;

pub(super) struct Stage {
    pub(super) world: World,
    /// The key that the Verifier signs with after a rotation.
    pub(super) next: LeaseSigner,
    identities: Vec<Arc<IdentityKey>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let generate = || Arc::new(IdentityKey::generate().unwrap());
        let mut identities: Vec<_> = std::iter::repeat_with(generate).take(IDENTITIES).collect();
        // Keys are not from the seed. Their order is the only thing about them that could matter.
        identities.sort_by_key(|identity| *identity.instance().as_bytes());
        Self {
            world: World::new(),
            next: LeaseSigner::from_pkcs8(&LeaseSigner::generate_pkcs8().unwrap()).unwrap(),
            identities,
        }
    }

    /// The identity key of one boot: no two boots of a run have the same.
    pub(super) fn identity(&self, boot: Boot) -> Arc<IdentityKey> {
        match self.identities.get(boot) {
            Some(identity) => Arc::clone(identity),
            None => Arc::new(IdentityKey::generate().unwrap()),
        }
    }
}

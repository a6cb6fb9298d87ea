//! Passing something on: the issuer's side.

use std::collections::BTreeSet;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;

use super::link::{self, Link};
use super::statement::{Statement, TYP};
use super::{Delegation, DelegationError, check_scope};
use crate::credentials::Credentials;
use crate::spiffe::SpiffeId;

/// Names one grant: 16 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DelegationId([u8; 16]);

impl DelegationId {
    /// From 16 random bytes.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What is passed on, and to whom.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// The runtime's instance that may act.
    pub audience: &'a SpiffeId,
    /// For what. `None` is all that can be passed on.
    pub scope: Option<BTreeSet<String>>,
    /// Until when, if that is sooner than what it rests on.
    pub not_after: UnixTime,
    /// Names it.
    pub id: DelegationId,
}

impl Grant<'_> {
    /// A chain that begins with this grant: of what the lease of `local` names.
    ///
    /// # Errors
    /// [`DelegationError`] for what nobody would believe.
    pub fn begin(self, local: &Credentials) -> Result<Vec<u8>, DelegationError> {
        let had = local.lease().claims().scope.iter().cloned().collect();
        let link = self.link(local, (&had, local.lease().claims().expires_at, None))?;
        link::write(&[link])
    }

    /// `parent` with one more link: no more than it has, and no longer.
    ///
    /// # Errors
    /// [`DelegationError`] for what nobody would believe: a wider scope, one link too many, a way
    /// back to somebody who passed it on before.
    pub fn extend(
        self,
        parent: &Delegation,
        local: &Credentials,
    ) -> Result<Vec<u8>, DelegationError> {
        let own = local.lease().claims().instance();
        let looped = [own, self.audience.instance].into_iter().find(|it| parent.is_by(it));
        if let Some(instance) = looped {
            return Err(DelegationError::Loop { instance });
        }
        let rests_on = (&parent.scope, parent.not_after, Some(parent.digest));
        let link = self.link(local, rests_on)?;
        let links: Vec<Link> = parent.links.iter().cloned().chain([link]).collect();
        link::write(&links)
    }

    fn link(
        self,
        local: &Credentials,
        (had, latest, parent): (&BTreeSet<String>, UnixTime, Option<Digest48>),
    ) -> Result<Link, DelegationError> {
        let lease = local.lease();
        let own = lease.claims().instance();
        if self.audience.instance == own {
            return Err(DelegationError::Loop { instance: own });
        }
        let scope = self.scope.unwrap_or_else(|| had.clone());
        check_scope(&scope, had)?;
        let statement = Statement {
            lease: *lease.digest(),
            audience: self.audience.clone(),
            scope,
            not_after: self.not_after.min(latest).min(lease.claims().expires_at),
            id: self.id,
            parent,
        };
        let identity = local.identity();
        let signed =
            identity.sign_typed(TYP, &statement.encode()).map_err(DelegationError::Signing)?;
        Ok(Link { lease: local.lease_bytes().to_vec(), key: identity.spki().to_vec(), signed })
    }
}

//! Delegations: one agent lets another act for it, with no more than it may itself.
//!
//! A chain has one link for each agent that passed something on. Each link is a statement that the
//! issuer's identity key signed, with the lease that names this key, so that whoever receives the
//! chain needs nothing but its trust bundle:
//!
//! ```text
//!  A --[lease of A; A to B: scope, end]--> B --[lease of A; A to B][lease of B; B to C]--> C
//! ```
//!
//! The chain is a CBOR array of links; a link is `[lease, SPKI of IK, COSE_Sign1 by IK]`, and what is
//! signed is deterministic CBOR, of a media type of its own:
//!
//! | key | value |
//! | --- | --- |
//! | 1 | `"cloister/delegation/1"` |
//! | 2 | SHA-384 of the issuer's lease, as it stands in the link |
//! | 3 | audience: the SPIFFE ID of the runtime's instance that may act |
//! | 4 | scope: array of text, ascending, each once |
//! | 5 | not after, seconds since the epoch |
//! | 6 | id: 16 random bytes |
//! | 7 | SHA-384 of the signed statement of the link before, or null in the first link |
//!
//! It is believed if every lease is good at that moment (revocations included), every statement is
//! by the key that its lease names and about that lease, every audience is the issuer of the next
//! link and the last one is whoever reads it, the last issuer is who presents it, nobody is in it
//! twice, no scope has more than the one before it, the first none but those of its issuer's lease,
//! and no link lives longer than the one before it or than its own lease.
//!
//! What this module deliberately does not do: decide what a scope permits. That is policy's.

mod error;
mod grant;
mod link;
mod statement;

use std::collections::BTreeSet;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;

use crate::lease::VerifiedLease;
use crate::name::InstanceId;
use crate::spiffe::SpiffeId;
use crate::trust::TrustBundle;

pub use error::{CODES, DelegationError};
pub use grant::{DelegationId, Grant};
use link::Link;

/// Which connection a chain came on.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The runtime that reads it.
    pub to: &'a SpiffeId,
    /// The runtime that presents it, as the channel's verdict names it.
    pub by: &'a InstanceId,
}

/// A chain that verified. Only [`Delegation::verify`] makes one.
///
/// It asserts: each agent in it passed on no more than it had, to the next one, and the last of them
/// is the one that presents it here. It does not assert that the first one wanted any particular
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// As they were received.
    links: Vec<Link>,
    /// Of the runtime that issued the first link.
    origin: VerifiedLease,
    /// Of those that issued the others, in order.
    later: Vec<VerifiedLease>,
    scope: BTreeSet<String>,
    not_after: UnixTime,
    /// Of the last signed statement.
    digest: Digest48,
}

impl Delegation {
    /// Verifies a received chain.
    ///
    /// # Errors
    /// [`DelegationError`] with the first thing that does not hold.
    pub fn verify(
        bytes: &[u8],
        presented: Presented<'_>,
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<Self, DelegationError> {
        let links = link::read(bytes)?;
        let mut chain: Option<Self> = None;
        let mut audience = None;
        for link in links {
            let (lease, statement) = link.verified(trust, now)?;
            if let Some(expected) =
                audience.filter(|audience| *audience != lease.claims().spiffe_id())
            {
                return Err(DelegationError::audience(&expected, &lease.claims().spiffe_id()));
            }
            chain = Some(match chain {
                None => Self::begun(link, &lease, &statement)?,
                Some(chain) => chain.extended(link, &lease, &statement)?,
            });
            audience = Some(statement.audience);
        }
        // INVARIANT: a chain that was read has a link.
        let (Some(chain), Some(audience)) = (chain, audience) else {
            return Err(DelegationError::malformed("no link"));
        };
        chain.presented(presented, &audience)?;
        chain.check_end(now)?;
        Ok(chain)
    }

    /// Checks again what time and the trust bundle can change: whether it has ended, and whether
    /// every lease in it is still good. For chains that are kept.
    ///
    /// # Errors
    /// [`DelegationError::Lease`] with the first that is not, or [`DelegationError::Expired`].
    pub fn recheck(&self, trust: &TrustBundle, now: UnixTime) -> Result<(), DelegationError> {
        self.check_end(now)?;
        self.leases()
            .try_for_each(|lease| lease.recheck(trust, now))
            .map_err(DelegationError::Lease)
    }

    fn check_end(&self, now: UnixTime) -> Result<(), DelegationError> {
        if self.not_after > now {
            return Ok(());
        }
        Err(DelegationError::Expired { not_after: self.not_after, now })
    }

    fn begun(
        link: Link,
        lease: &VerifiedLease,
        statement: &statement::Statement,
    ) -> Result<Self, DelegationError> {
        if statement.parent.is_some() {
            return Err(DelegationError::Spliced);
        }
        let claims = lease.claims();
        let had = claims.scope.iter().cloned().collect();
        let chain = Self {
            digest: link.digest(),
            later: Vec::new(),
            scope: had,
            not_after: claims.expires_at,
            links: Vec::new(),
            origin: lease.clone(),
        };
        chain.with(link, lease, statement)
    }

    fn extended(
        mut self,
        link: Link,
        lease: &VerifiedLease,
        statement: &statement::Statement,
    ) -> Result<Self, DelegationError> {
        if statement.parent != Some(self.digest) {
            return Err(DelegationError::Spliced);
        }
        let issuer = lease.claims().instance();
        if self.is_by(&issuer) {
            return Err(DelegationError::Loop { instance: issuer });
        }
        self.later.push(lease.clone());
        self.with(link, lease, statement)
    }

    /// The chain with one more link, which has no more than there is.
    fn with(
        mut self,
        link: Link,
        lease: &VerifiedLease,
        statement: &statement::Statement,
    ) -> Result<Self, DelegationError> {
        let issuer = lease.claims().instance();
        if statement.audience.instance == issuer {
            return Err(DelegationError::Loop { instance: issuer });
        }
        check_scope(&statement.scope, &self.scope)?;
        let latest = self.not_after.min(lease.claims().expires_at);
        if statement.not_after > latest {
            let observed = statement.not_after;
            return Err(DelegationError::Outlives { latest, observed });
        }
        self.digest = link.digest();
        self.links.push(link);
        self.scope.clone_from(&statement.scope);
        self.not_after = statement.not_after;
        Ok(self)
    }

    fn presented(&self, by: Presented<'_>, audience: &SpiffeId) -> Result<(), DelegationError> {
        if audience != by.to {
            return Err(DelegationError::audience(by.to, audience));
        }
        let last = self.later.last().unwrap_or(&self.origin);
        if last.claims().instance() != *by.by {
            return Err(DelegationError::Presenter { presenter: *by.by });
        }
        if self.is_by(&by.to.instance) {
            return Err(DelegationError::Loop { instance: by.to.instance });
        }
        Ok(())
    }

    /// The lease of the agent that began the chain.
    #[must_use]
    pub const fn origin(&self) -> &VerifiedLease {
        &self.origin
    }

    /// What was passed on; ascending.
    pub fn scope(&self) -> impl Iterator<Item = &str> {
        self.scope.iter().map(String::as_str)
    }

    /// The part of what was passed on that `scope` names; all of it for `None`.
    ///
    /// # Errors
    /// [`DelegationError::Widened`] if there is more in it.
    pub fn narrowed(
        &self,
        scope: Option<BTreeSet<String>>,
    ) -> Result<BTreeSet<String>, DelegationError> {
        let Some(scope) = scope else { return Ok(self.scope.clone()) };
        check_scope(&scope, &self.scope).map(|()| scope)
    }

    /// From this second on it says nothing.
    #[must_use]
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The runtimes that passed something on, in order.
    pub fn issuers(&self) -> impl Iterator<Item = InstanceId> {
        self.leases().map(|lease| lease.claims().instance())
    }

    fn is_by(&self, runtime: &InstanceId) -> bool {
        self.issuers().any(|issuer| issuer == *runtime)
    }

    fn leases(&self) -> impl Iterator<Item = &VerifiedLease> {
        core::iter::once(&self.origin).chain(&self.later)
    }
}

/// SECURITY: the one place that says what "no more" is.
fn check_scope(
    passed_on: &BTreeSet<String>,
    had: &BTreeSet<String>,
) -> Result<(), DelegationError> {
    match passed_on.difference(had).next() {
        None => Ok(()),
        Some(scope) => Err(DelegationError::Widened { scope: scope.clone() }),
    }
}

//! Acting for another agent: chains that peers present become handles for the local agent, and
//! handles that it passes on become chains for the next peer.
//!
//! On a channel the header [`DELEGATION`] holds a chain, in base64url. Beside the agent it holds a
//! handle, which means something to this runtime alone; with [`SCOPE`] the agent asks to pass on no
//! more than that, or, without a handle, to let a peer act for itself. Without either nothing is
//! passed on.

mod error;
mod handles;

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use cloister_channel::delegation::{Delegation, DelegationId, Grant, Presented};
use cloister_channel::lease::LeaseClaims;
use cloister_channel::limits::DELEGATION_BYTES_MAX;
use cloister_channel::{Credentials, SpiffeId, TrustBundle};
use cloister_policy::{Origin, Subject};
use http::header::{HeaderMap, HeaderName, HeaderValue};

pub(crate) use error::CODES;
pub(crate) use error::DelegationError;
use handles::{Handles, Kept};

/// A chain on a channel, a handle beside the agent.
pub(crate) const DELEGATION: HeaderName = HeaderName::from_static("cloister-delegation");
/// What the local agent passes on of what it has: scopes, separated by commas or spaces.
pub(crate) const SCOPE: HeaderName = HeaderName::from_static("cloister-scope");

/// What a runtime makes and verifies delegations with, at one moment.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its own.
    pub credentials: Arc<Credentials>,
    /// What leases of its trust domain are checked against.
    pub trust: Arc<TrustBundle>,
    /// The time.
    pub now: UnixTime,
}

/// The seam to the runtime: its lease, and what it trusts.
pub trait Membership: Send + Sync + 'static {
    /// `None` while the runtime has no lease; then nothing is passed on, and nothing believed.
    fn terms(&self) -> Option<Terms>;
}

/// What was delegated to this agent, and how it is passed on. One for both directions of a runtime.
pub struct Delegations {
    membership: Arc<dyn Membership>,
    handles: Handles,
}

/// For whom, and for what, a request is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acting {
    pub(crate) origin: Origin,
    /// What was passed on to whoever acts.
    pub(crate) scope: Vec<String>,
    /// SHA-384 of the chain: the same at both ends.
    pub(crate) chain: Digest48,
}

/// A chain that was believed.
#[derive(Clone)]
pub(crate) struct Accepted {
    pub(crate) acting: Acting,
    /// How the local agent names it.
    pub(crate) handle: HeaderValue,
}

/// A chain to be presented.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) acting: Acting,
    /// How policy sees the peer.
    pub(crate) peer: Subject,
    /// What goes along; nothing to a tool server of this machine.
    pub(crate) chain: Option<HeaderValue>,
}

impl Delegations {
    /// Begins with none.
    #[must_use]
    pub fn new(membership: Arc<dyn Membership>) -> Self {
        Self { membership, handles: Handles::default() }
    }

    /// What `peer` presents with a request on its channel, if it presents anything.
    pub(crate) fn presented(
        &self,
        peer: &Subject,
        headers: &HeaderMap,
    ) -> Result<Option<Accepted>, DelegationError> {
        let Some(value) = single(headers, &DELEGATION)? else { return Ok(None) };
        let chain = decoded(value)?;
        let terms = self.terms()?;
        let by = peer.instance.parse().map_err(|_| DelegationError::Header(DELEGATION))?;
        let to = terms.credentials.lease().claims().spiffe_id();
        let presented = Presented { to: &to, by: &by };
        let delegation = Delegation::verify(&chain, presented, &terms.trust, terms.now)?;
        let scope = delegation.scope().map(str::to_owned).collect();
        let chain = Digest48::sha384(&chain);
        let acting = Acting { origin: origin(delegation.origin().claims()), scope, chain };
        let handle = self.handles.keep(by, Kept { delegation, chain })?;
        Ok(Some(Accepted { acting, handle }))
    }

    /// What the local agent passes on to `peer` with a request, if it passes on anything.
    pub(crate) fn passed_on(
        &self,
        peer: &Subject,
        headers: &HeaderMap,
    ) -> Result<Option<Passed>, DelegationError> {
        let handle = single(headers, &DELEGATION)?;
        let scope = scopes(headers)?;
        if handle.is_none() && scope.is_none() {
            return Ok(None);
        }
        let parent = handle.map(|handle| self.handles.find(handle)).transpose()?;
        let terms = self.terms()?;
        let audience = audience(peer)?;
        if audience.instance == terms.credentials.lease().claims().instance() {
            return parent.map(|parent| beside(&parent, peer, scope, &terms)).transpose();
        }
        let chain = grant(parent.as_deref(), &audience, scope.clone(), &terms)?;
        let own = terms.credentials.lease().claims();
        let scope = scope.unwrap_or_else(|| all_of(parent.as_deref(), own));
        let acting = Acting {
            origin: origin(
                parent.as_ref().map_or(own, |parent| parent.delegation.origin().claims()),
            ),
            scope: scope.into_iter().collect(),
            chain: Digest48::sha384(&chain),
        };
        let on_behalf_of = parent.map(|_| acting.origin.clone());
        let chain = HeaderValue::try_from(URL_SAFE_NO_PAD.encode(&chain))
            .map_err(|_| DelegationError::Header(DELEGATION))?;
        let peer = Subject { on_behalf_of, ..peer.clone() };
        Ok(Some(Passed { acting, peer, chain: Some(chain) }))
    }

    fn terms(&self) -> Result<Terms, DelegationError> {
        self.membership.terms().ok_or(DelegationError::NoLease)
    }
}

impl fmt::Debug for Delegations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegations").field("handles", &self.handles).finish_non_exhaustive()
    }
}

/// The peer as it acts for another: with no more than it was passed on, and no more than it has.
pub(crate) fn acting_for(peer: &Subject, acting: &Acting) -> Subject {
    let scope = peer.scope.iter().filter(|scope| acting.scope.contains(scope)).cloned().collect();
    Subject { scope, on_behalf_of: Some(acting.origin.clone()), ..peer.clone() }
}

/// Acting for another at a tool server of this machine: nobody is passed anything, and policy, which
/// sees this runtime as its own peer, sees no more scope than there is.
fn beside(
    parent: &Kept,
    own: &Subject,
    scope: Option<BTreeSet<String>>,
    terms: &Terms,
) -> Result<Passed, DelegationError> {
    let delegation = live(parent, terms)?;
    let scope = delegation.narrowed(scope)?.into_iter().collect();
    let origin = origin(delegation.origin().claims());
    let acting = Acting { origin, scope, chain: parent.chain };
    Ok(Passed { peer: acting_for(own, &acting), acting, chain: None })
}

fn live<'a>(parent: &'a Kept, terms: &Terms) -> Result<&'a Delegation, DelegationError> {
    parent.delegation.recheck(&terms.trust, terms.now)?;
    Ok(&parent.delegation)
}

fn grant(
    parent: Option<&Kept>,
    audience: &SpiffeId,
    scope: Option<BTreeSet<String>>,
    terms: &Terms,
) -> Result<Vec<u8>, DelegationError> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| DelegationError::Random)?;
    let not_after = terms.credentials.lease().claims().expires_at;
    let grant = Grant { audience, scope, not_after, id: DelegationId::new(id) };
    Ok(match parent {
        None => grant.begin(&terms.credentials)?,
        Some(parent) => grant.extend(live(parent, terms)?, &terms.credentials)?,
    })
}

fn all_of(parent: Option<&Kept>, own: &LeaseClaims) -> BTreeSet<String> {
    match parent {
        Some(parent) => parent.delegation.scope().map(str::to_owned).collect(),
        None => own.scope.iter().cloned().collect(),
    }
}

fn origin(claims: &LeaseClaims) -> Origin {
    Origin {
        agent: claims.agent.to_string(),
        trust_domain: claims.trust_domain.to_string(),
        principal: claims.principal.clone(),
    }
}

fn audience(peer: &Subject) -> Result<SpiffeId, DelegationError> {
    let unnamed = |_| DelegationError::Audience;
    Ok(SpiffeId {
        trust_domain: peer.trust_domain.parse().map_err(unnamed)?,
        agent: peer.agent.parse().map_err(unnamed)?,
        instance: peer.instance.parse().map_err(unnamed)?,
    })
}

/// The one value of a header, if there is one.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, DelegationError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(DelegationError::Header(name.clone())),
    }
}

fn decoded(value: &HeaderValue) -> Result<Vec<u8>, DelegationError> {
    let malformed = || DelegationError::Header(DELEGATION);
    // Before anything is allocated for it: four characters are three bytes.
    if value.len() / 4 > DELEGATION_BYTES_MAX / 3 {
        return Err(malformed());
    }
    URL_SAFE_NO_PAD.decode(value.as_bytes()).map_err(|_| malformed())
}

/// The scopes that the local agent names; `None` where it names none, which is not an empty list.
fn scopes(headers: &HeaderMap) -> Result<Option<BTreeSet<String>>, DelegationError> {
    let Some(value) = single(headers, &SCOPE)? else { return Ok(None) };
    let malformed = || DelegationError::Header(SCOPE);
    let text = value.to_str().map_err(|_| malformed())?;
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words
        .map(|word| crate::headers::plain(word).ok_or_else(malformed))
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests;

//! Lets in what is within the limits that the permission came with, and sheds the rest.

use std::sync::Arc;

use cloister_policy::Limited;
use http_body::Body as _;
use tokio::time::Instant;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, Permitted, step};
use crate::body::{Body, Cap, held};
use crate::end::{End, Party};
use crate::error::Cause;
use crate::limiter::Limiter;
use crate::reply::Refused;

/// The step; see the module.
pub(crate) struct Limit<S> {
    limiter: Arc<Limiter>,
    next: S,
}

impl<S> Limit<S> {
    pub(crate) fn layer(limiter: Arc<Limiter>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { limiter: Arc::clone(&limiter), next })
    }

    async fn run<E: End>(&self, permitted: Permitted<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let Permitted { call, limited } = permitted;
        let shape = call.shape.clone();
        let refuse = |cause: Cause| Refused::new(cause, shape.clone());
        let peer = account(&call.end);
        let ticket = self.limiter.admit(&peer, &limited, Instant::now());
        let ticket = ticket.map_err(|overload| refuse(Cause::Overload(overload)))?;
        let (call, cap) = capped(call, &limited).map_err(refuse)?;
        let response = self.next.proceed(call).await.map_err(|refused| match &cap {
            // The body broke off here, whatever it looked like from farther on.
            Some(cap) if cap.is_exceeded() => refuse(Cause::MessageTooLarge { max: cap.max() }),
            _ => refused,
        })?;
        // A request is over when its answer is.
        Ok(response.map(|body| held(body, ticket)))
    }
}

step!(Limit [E: End] Permitted<E> => Classified<E>);

/// Whose limits count: the agent's, whichever of its runtimes calls.
fn account(end: &impl End) -> String {
    match end.peer() {
        Party::Attested(peer) => format!("{}@{}", peer.agent, peer.trust_domain),
        // INVARIANT: an attested name has an `@`.
        Party::Visitor => "visitor".to_owned(),
    }
}

/// Refuses what is declared to be too large, and puts a cap on what is not declared.
fn capped<E>(
    mut call: Classified<E>,
    limited: &[Limited],
) -> Result<(Classified<E>, Option<Cap>), Cause> {
    let Some(max) = limited.iter().filter_map(|limited| limited.limits.message_bytes).min() else {
        return Ok((call, None));
    };
    let declared = call.message_bytes.or_else(|| call.request.body().size_hint().exact());
    if declared.is_some_and(|bytes| bytes > max) {
        return Err(Cause::MessageTooLarge { max });
    }
    let cap = Cap::new(max);
    call.request = call.request.map(|body: Body| cap.over(body));
    Ok((call, Some(cap)))
}

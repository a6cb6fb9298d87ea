//! Asks the policy whether this peer and this agent may do this.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_audit::record::{
    Delegated, Operation, POLICIES_NAMED_MAX, Payload, Subjects, Verdict, name_digest, recordable,
};
use cloister_policy::{
    Action, Decision, Direction, InForce, LocalAgent, PolicyBundle, Reason, Request, Subject,
    VisitorRequest,
};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Call, Classified, Next, Outcome, Permitted, step};
use crate::body::Body;
use crate::delegation::Acting;
use crate::end::{End, Party};
use crate::error::Cause;
use crate::headers::extensions;
use crate::recorder::{direction, peer_facts};
use crate::reply::Refused;

/// Who asks, and what decides.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) local: LocalAgent,
    pub(crate) policy: Arc<InForce>,
}

impl Gate {
    fn decide<E: End>(&self, policy: &PolicyBundle, call: &Call<E>) -> Decision {
        self.decided_by(
            policy,
            (E::DIRECTION, call.end.peer()),
            &call.operation,
            call.message_bytes,
        )
    }

    /// What policy says of one operation.
    pub(crate) fn decision(
        &self,
        direction: Direction,
        peer: Party<&Subject>,
        operation: &crate::operation::Operation,
        message_bytes: Option<u64>,
    ) -> Decision {
        self.decided_by(&self.policy.bundle(), (direction, peer), operation, message_bytes)
    }

    fn decided_by(
        &self,
        policy: &PolicyBundle,
        (direction, peer): (Direction, Party<&Subject>),
        operation: &crate::operation::Operation,
        message_bytes: Option<u64>,
    ) -> Decision {
        let local = &self.local;
        let action = Action::Operation(operation.facts(message_bytes));
        match peer {
            Party::Attested(peer) => policy.decide(&Request { direction, peer, local, action }),
            Party::Visitor => policy.decide_visitor(&VisitorRequest { local, action }),
        }
    }
}

/// The step; see the module.
pub(crate) struct Authorize<S> {
    gate: Arc<Gate>,
    next: S,
}

impl<S> Authorize<S> {
    pub(crate) fn layer(gate: Arc<Gate>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { gate: Arc::clone(&gate), next })
    }

    async fn run<E: End>(&self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Decided<E>>,
    {
        call.operation.extensions = extensions(call.request.headers());
        // One bundle for the decision and for what is recorded of it: another may take its place.
        let policy = self.gate.policy.bundle();
        let decision = self.gate.decide(&policy, &call);
        let (peer, instance) = match call.end.peer() {
            Party::Attested(peer) => (peer.agent.as_str(), peer.instance.as_str()),
            Party::Visitor => ("visitor", ""),
        };
        tracing::debug!(
            direction = E::DIRECTION.as_str(),
            peer,
            instance,
            operation = call.operation.name.as_str(),
            binding = call.operation.binding.as_str(),
            %decision,
            "decided"
        );
        let bundle = *policy.digest();
        self.next.proceed(Decided { call, decision, bundle }).await
    }
}

step!(Authorize [E: End] Classified<E> => Decided<E>);

/// A request about which policy has decided.
///
/// SECURITY: permitted or not. [`Decided::settled`] is the only way to the request, and a denial
/// ends there; the step in between puts both on record.
pub(crate) struct Decided<E> {
    call: Classified<E>,
    decision: Decision,
    bundle: Digest48,
}

impl<E: End> Decided<E> {
    /// The request's body.
    pub(super) fn body(&mut self) -> &mut Body {
        self.call.request.body_mut()
    }

    /// What goes on record.
    pub(super) fn record(&self, request: Option<Payload>, epoch: u64) -> Operation {
        let Call { end, operation, .. } = &*self.call;
        let digest = |kind, name: &Option<String>| name.as_ref().map(|n| name_digest(kind, n));
        Operation {
            direction: direction(E::DIRECTION),
            peer: match end.peer() {
                Party::Attested(peer) => Some(peer_facts(peer)),
                Party::Visitor => None,
            },
            protocol: operation.protocol.as_str().to_owned(),
            version: operation.version.to_owned(),
            binding: operation.binding.as_str().to_owned(),
            name: operation.name.as_str().to_owned(),
            subjects: Subjects {
                tenant: digest("tenant", &operation.tenant),
                task: digest("task", &operation.task),
                context: digest("context", &operation.context),
                tool: digest("tool", &operation.qualified_tool()),
                resource: digest("resource", &operation.resource),
            },
            verdict: self.verdict(epoch),
            request,
            delegation: end.acting().map(delegated),
        }
    }

    fn verdict(&self, epoch: u64) -> Verdict {
        let (bundle, reason, policies) = match self.call.end.objection() {
            Some(_) => (self.bundle, "delegation", &[][..]),
            None => (self.bundle, reason(self.decision.reason()), self.decision.policies()),
        };
        Verdict {
            permitted: self.permits(),
            reason: reason.to_owned(),
            policies: policies.iter().take(POLICIES_NAMED_MAX).map(|id| recordable(id)).collect(),
            bundle,
            epoch,
        }
    }

    fn permits(&self) -> bool {
        self.call.end.objection().is_none() && self.decision.allows()
    }

    /// The request, if it is permitted.
    pub(super) fn settled(self) -> Result<Permitted<E>, Refused> {
        let is_permitted = self.permits();
        let Self { call, decision, .. } = self;
        if is_permitted {
            let limited = decision.limited().to_vec();
            return Ok(Permitted { call, limited });
        }
        let cause = match call.end.objection() {
            Some(error) => error.clone().into(),
            None => Cause::Denied { operation: call.operation.name, decision },
        };
        Err(Refused::new(cause, call.shape))
    }

    /// A refusal for another reason.
    pub(super) fn refused(self, cause: Cause) -> Refused {
        Refused::new(cause, self.call.shape)
    }
}

fn delegated(acting: &Acting) -> Delegated {
    Delegated {
        agent: acting.origin.agent.clone(),
        trust_domain: acting.origin.trust_domain.clone(),
        principal: acting.origin.principal.clone(),
        scope: acting.scope.clone(),
        chain: acting.chain,
    }
}

const fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::Permitted => "permitted",
        Reason::Forbidden => "forbidden",
        Reason::NoPermit => "no_permit",
        Reason::Failed(_) => "failed",
        _ => "other",
    }
}

//! The authorization policy that the Verifier publishes, where the measured configuration lets it:
//! believed by its signature, taken only if it is newer than what is in force and as new as the
//! lease says. Where the configuration keeps to the image's own policy, none is looked at.
//!
//! A publication comes with a lease, before the lease counts; or it is asked for when the Verifier's
//! events speak of one.

mod error;
mod task;

use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::manifest::PolicySource;
use cloister_channel::lease::VerifiedLease;
use cloister_channel::publication::{Publication, PublicationError};
use cloister_channel::{AgentName, TrustBundle};
use cloister_policy::PolicyBundle;
use tokio::sync::watch;
use tracing::{error, info};

use crate::channels::Judge;
use crate::state::State;
use error::PublishedError;

/// Keeps the policy in force as new as the Verifier's, or as it was measured.
#[derive(Debug)]
pub(crate) struct Published {
    source: PolicySource,
    agent: AgentName,
    state: Arc<State>,
    judge: Arc<Judge>,
    heard: watch::Sender<Heard>,
}

/// What was heard of publications, and is left to do about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Heard {
    /// The greatest number that anybody spoke of.
    newest: u64,
    /// The last one that was not put in force, and why.
    refused: Option<Refused>,
}

/// A publication that was not put in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused {
    number: u64,
    code: &'static str,
}

impl Published {
    pub(crate) fn new(
        source: PolicySource,
        agent: AgentName,
        state: Arc<State>,
        judge: Arc<Judge>,
    ) -> Self {
        Self { source, agent, state, judge, heard: watch::Sender::default() }
    }

    /// The number of the policy in force; 0 for the image's own.
    pub(crate) fn number(&self) -> u64 {
        self.judge.policy.number()
    }

    /// The Verifier's events say that a policy was published for `agent`, or for every one.
    pub(crate) fn announced(&self, number: u64, agent: Option<&AgentName>) {
        let by_name = agent == Some(&self.agent);
        if self.source == PolicySource::Verifier {
            if by_name || agent.is_none() {
                self.hear_of(number);
            }
        } else if by_name {
            // What is published for every agent is for those whose image takes it.
            self.forbidden(number);
        }
    }

    /// Takes what came with a lease, before the lease counts: from then on nothing older than the
    /// lease names is in force.
    pub(crate) fn leased(&self, lease: &VerifiedLease, trust: &TrustBundle, publication: &[u8]) {
        let named = lease.claims().published_policy;
        if self.source != PolicySource::Verifier {
            if named > 0 || !publication.is_empty() {
                self.forbidden(named);
            }
            return;
        }
        if !publication.is_empty() {
            self.offered(publication, trust, named);
        }
        // After what came with it, so that nothing that goes on is cut in between.
        if self.judge.policy.require(named) {
            error!(named, "no policy is as new as the lease says: nothing is permitted");
            self.state.forbid(&self.judge);
        }
        self.hear_of(named);
    }

    /// Puts a publication in force that is as new as `named`, and closes what it does not permit any
    /// more. What it permits goes on. Where it is refused, what is in force stays.
    fn offered(&self, publication: &[u8], trust: &TrustBundle, named: u64) {
        if let Err((number, error)) = self.take(publication, trust, named) {
            self.refuse(number, &error);
        }
    }

    fn take(
        &self,
        publication: &[u8],
        trust: &TrustBundle,
        named: u64,
    ) -> Result<(), (u64, PublishedError)> {
        let policy = &self.judge.policy;
        let floor = policy.floor().max(named.saturating_sub(1));
        let publication = Publication::verify(publication, trust, &self.agent, floor)
            .map_err(|error| (error.number(), error.into()))?;
        let number = publication.number;
        let bundle = PolicyBundle::parse(&publication.bundle).map_err(|error| {
            // It is genuine and of no use here: asking again would not mend it.
            policy.set_aside(number);
            (number, error.into())
        })?;
        let (digest, policies) = (*bundle.digest(), bundle.policies());
        if policy.replace(number, bundle) {
            let closed = self.state.forbid(&self.judge);
            self.state.events().publications.add_one("in_force");
            self.state.audit().policy_published(number, digest, None);
            info!(number, %digest, policies, closed, "a published policy is in force");
        }
        Ok(())
    }

    fn forbidden(&self, number: u64) {
        self.refuse(number, &PublicationError::Forbidden { number }.into());
    }

    /// Says so to whoever can mend it: here, on record, and to the Verifier.
    fn refuse(&self, number: u64, error: &PublishedError) {
        let code = error.code();
        self.state.events().publications.add_one(code.id);
        let refused = Some(Refused { number, code: code.id });
        let fresh = self.heard.send_if_modified(|heard| {
            let fresh = heard.refused != refused;
            heard.refused = refused;
            fresh
        });
        // Once for each: the same one may be offered again and again.
        if fresh {
            error!(number, code = code.id, %error, help = code.remedy, "policy not taken");
            let in_force = *self.judge.policy.bundle().digest();
            self.state.audit().policy_published(number, in_force, Some(code.id));
        }
    }

    fn hear_of(&self, number: u64) {
        self.heard.send_if_modified(|heard| {
            let newer = number > heard.newest;
            heard.newest = heard.newest.max(number);
            newer
        });
    }
}

#[cfg(test)]
mod tests;

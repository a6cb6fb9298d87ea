//! Records as messages.

use cloister_api::v1;
use cloister_attestation::check::Check;
use cloister_attestation::time::UnixTime;

use crate::error::ServiceError;
use crate::store::{
    AgentRecord, AgentState, CheckpointRecord, ConflictRecord, Event, EventKind, ImageRecord,
    ImageState, InstanceRecord, MachineRecord, PolicyRecord,
};

/// A finding as it is answered.
pub(crate) fn finding(check: &Check) -> v1::Finding {
    v1::Finding {
        id: check.code.id.to_owned(),
        expected: check.expected.to_string(),
        observed: check.observed.to_string(),
        spec: check.code.spec.to_owned(),
        remedy: check.code.remedy.to_owned(),
    }
}

/// An image as operators see it at `now`.
pub(crate) fn image(record: &ImageRecord, now: UnixTime) -> v1::Image {
    let state = match record.state_at(now) {
        ImageState::Admitted => v1::ImageState::Admitted,
        ImageState::Retired => v1::ImageState::Retired,
        ImageState::Revoked => v1::ImageState::Revoked,
    };
    v1::Image {
        tuple: record.tuple.digest().to_string(),
        image: record.tuple.image.clone(),
        version: record.tuple.version.clone(),
        manifest: record.tuple.manifest.to_string(),
        tee: record.tee().to_string(),
        // INVARIANT: a shape is digests and a word; its JSON form always exists.
        shape: serde_json::to_string(&record.tuple.shape).unwrap_or_default(),
        state: state.into(),
        admitted_at: record.admitted_at.as_secs(),
        admitted_until: record.admitted_until.map_or(0, UnixTime::as_secs),
    }
}

/// An agent as operators see it.
pub(crate) fn agent(record: &AgentRecord) -> v1::Agent {
    let state = match record.state {
        AgentState::Active => v1::AgentState::Active,
        AgentState::Quarantined => v1::AgentState::Quarantined,
        AgentState::Retired => v1::AgentState::Retired,
    };
    v1::Agent {
        name: record.name.clone(),
        state: state.into(),
        instances: record.instances.iter().map(instance).collect(),
    }
}

/// A machine as operators see it.
pub(crate) fn machine(record: &MachineRecord) -> Result<v1::Machine, ServiceError> {
    Ok(v1::Machine {
        id: record.id.clone(),
        tee: record.tee.clone(),
        product: record.product.clone(),
        simulated: record.simulated,
        agent: record.agent.clone(),
        first_seen_at: record.first_seen_at.as_secs(),
        last_seen_at: record.attested.last_seen.as_secs(),
        attested: serde_json::to_string(&record.attested).map_err(|_| ServiceError::Defect)?,
    })
}

/// A runtime's audit log as operators see it.
pub(crate) fn checkpoint(record: CheckpointRecord) -> v1::AuditCheckpoint {
    let conflict = |conflict: ConflictRecord| v1::AuditConflict {
        reason: conflict.reason,
        held: conflict.held,
        shown: conflict.shown,
        witness: conflict.witness.unwrap_or_default(),
        at: conflict.at.as_secs(),
    };
    v1::AuditCheckpoint {
        agent: record.agent,
        instance: record.instance,
        size: record.size,
        root: record.root,
        signed: record.signed,
        signed_at: record.signed_at.as_secs(),
        received_at: record.received_at.as_secs(),
        conflicts: record.conflicts.into_iter().map(conflict).collect(),
    }
}

/// A policy as operators see it.
pub(crate) fn policy(record: &PolicyRecord) -> v1::PolicyRecord {
    v1::PolicyRecord {
        epoch: record.epoch,
        applied_at: record.applied_at.as_secs(),
        origin: record.origin.as_str().to_owned(),
        digest: record.digest.clone(),
        document: record.document.clone(),
    }
}

fn instance(record: &InstanceRecord) -> v1::Instance {
    v1::Instance {
        instance: record.instance.clone(),
        endpoint: record.endpoint.clone(),
        image: record.image.tuple.image.clone(),
        version: record.image.tuple.version.clone(),
        tuple: record.image.tuple.digest().to_string(),
        tee: record.image.tee().to_string(),
        simulated: record.simulated,
        tier: record.tier.clone(),
        platform: record.platform.clone(),
        first_seen_at: record.first_seen_at.as_secs(),
        lease_expires_at: record.lease_expires_at.as_secs(),
        revoked: record.revocation.is_some(),
        not_asserted: record.not_asserted.clone(),
    }
}

/// Where an instance listens.
pub(crate) fn endpoint(record: &InstanceRecord) -> v1::Endpoint {
    v1::Endpoint {
        address: record.endpoint.clone(),
        instance: record.instance.clone(),
        lease_expires_at: record.lease_expires_at.as_secs(),
    }
}

/// An announcement.
pub(crate) fn event(event: Event) -> v1::WatchEvent {
    use v1::watch_event::Event as Wire;
    let kind = match event.kind {
        EventKind::Revoked { agent, instance, reason, forget_after } => {
            let forget_after = forget_after.as_secs();
            Wire::Revoked(v1::RevokedInstance { agent, instance, reason, forget_after })
        }
        EventKind::Restored { agent, instance } => {
            Wire::Restored(v1::RestoredInstance { agent, instance })
        }
        EventKind::PolicyEpoch { floor } => Wire::PolicyEpoch(v1::PolicyEpoch { floor }),
        EventKind::TrustChanged => Wire::TrustChanged(v1::TrustChanged {}),
        EventKind::PolicyPublished { agent, number } => {
            let agent = agent.unwrap_or_default();
            Wire::PolicyPublished(v1::PolicyPublished { agent, number })
        }
    };
    v1::WatchEvent { sequence: event.sequence, event: Some(kind) }
}

/// Nothing happened up to `sequence` that the watcher was not told.
pub(crate) fn heartbeat(sequence: u64) -> v1::WatchEvent {
    let event = v1::watch_event::Event::Heartbeat(v1::Heartbeat {});
    v1::WatchEvent { sequence, event: Some(event) }
}

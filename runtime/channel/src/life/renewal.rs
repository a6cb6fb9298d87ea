//! The renewal: what an identity key signs about a new lease, and how the other end checks it.
//!
//! The statement is deterministic CBOR, embedded in the COSE_Sign1 as its payload:
//! `["cloister/renewal/1", role, exporter, sha384(previous own lease), sha384(new own lease), own
//! policy epoch]`. The exporter ties it to this connection and, with the role, to one end of it; the
//! two leases tie it to its place in the order of renewals, and to the lease that travels with it.

pub(crate) mod codes;
mod error;
mod statement;

use aws_lc_rs::constant_time::verify_slices_are_equal;

pub use error::RenewalError;
use statement::Statement;

use super::message::Message;
use super::shared::Shared;
use super::{PeerRenewed, continuity};
use crate::credentials::Credentials;
use crate::identity::stated_by;
use crate::lease::{self, VerifiedLease};
use crate::peer::Peer;

/// This side's message: `local` takes the place of the credentials that were shown last.
pub(super) fn make(shared: &Shared, local: &Credentials) -> Result<Vec<u8>, RenewalError> {
    let role = shared.channel.role();
    let epoch = local.lease().claims().policy_epoch.max(shared.trust.policy_epoch_floor());
    let statement = Statement {
        role,
        exporter: shared.channel.exporters().of(role).clone(),
        previous: *shared.channel.own_lease().digest(),
        lease: *local.lease().digest(),
        policy_epoch: epoch,
    };
    let proof = local.identity().state(&statement.encode()).map_err(RenewalError::Signing)?;
    Ok(Message { role, lease: local.lease_bytes().to_vec(), proof }.encode())
}

/// Verifies the peer's message.
pub(super) fn verify(shared: &Shared, bytes: &[u8]) -> Result<PeerRenewed, RenewalError> {
    let message = Message::decode(bytes)?;
    if message.role != shared.channel.role().peer() {
        return Err(RenewalError::Role);
    }
    let lease = lease::verify(&message.lease, &shared.trust, shared.now)?;
    continuity::check(shared.channel.lease().claims(), lease.claims())?;
    // SECURITY: the key that proved the session, which continuity holds the lease to.
    let stated = stated_by(shared.channel.identity_key(), &message.proof)?;
    about_this_channel(shared, &Statement::decode(&stated)?, &lease)?;
    Ok(PeerRenewed { peer: Peer::from(&lease), lease })
}

fn about_this_channel(
    shared: &Shared,
    statement: &Statement,
    lease: &VerifiedLease,
) -> Result<(), RenewalError> {
    let (peer, replaced) = (shared.channel.role().peer(), shared.channel.lease());
    if statement.role != peer {
        return Err(RenewalError::Role);
    }
    let exporter = shared.channel.exporters().of(peer);
    verify_slices_are_equal(&*statement.exporter, &**exporter)
        .map_err(|_| RenewalError::Exporter)?;
    if &statement.previous != replaced.digest() {
        return Err(RenewalError::PreviousLease);
    }
    if &statement.lease != lease.digest() {
        return Err(RenewalError::LeaseDigest);
    }
    let leases = replaced.claims().policy_epoch.max(lease.claims().policy_epoch);
    let floor = leases.max(shared.trust.policy_epoch_floor());
    if statement.policy_epoch < floor {
        return Err(RenewalError::PolicyEpoch { floor, observed: statement.policy_epoch });
    }
    Ok(())
}

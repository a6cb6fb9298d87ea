//! The end that visits: says whom it means, and verifies everything that it is answered.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloister_attestation::bytes::Nonce;
use cloister_attestation::time::UnixTime;
use rustls::NamedGroup;

use super::message::{Greeting, Proof};
use super::statement::Statement;
use crate::frame::{Arrived, Frame, framed};
use crate::identity::stated_by;
use crate::lease::{self, VerifiedLease};
use crate::limits::{GREETING_BYTES_MAX, PROOF_BYTES_MAX, SESSION_DEADLINE};
use crate::name::AgentName;
use crate::peer::Peer;
use crate::session::{SessionError, check_epoch};
use crate::svid::Svid;
use crate::tls::VisitorHandshake;
use crate::trust::TrustBundle;

/// The runtime that was meant, verified over this very connection. Only a [`Visitor`] makes one.
#[derive(Debug)]
pub struct Reached {
    peer: Peer,
    lease: VerifiedLease,
    key_exchange: NamedGroup,
}

impl Reached {
    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its lease. Nothing is to be sent after its end.
    #[must_use]
    pub const fn lease(&self) -> &VerifiedLease {
        &self.lease
    }

    /// The key exchange that protects the connection.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.key_exchange
    }
}

/// A visit, at whoever visits.
#[derive(Debug)]
pub struct Visitor {
    trust: Arc<TrustBundle>,
    handshake: VisitorHandshake,
    /// The host's certificate, whose chain TLS has verified.
    svid: Svid,
    greeting: Greeting,
    deadline: UnixTime,
    /// `None` once the visit is over.
    frame: Option<Frame>,
}

impl Visitor {
    /// Starts on a dialled connection, to reach `intended` and nobody else. `nonce` is random and
    /// used once. The second part is to be sent, and nothing else before [`Reached`].
    ///
    /// # Errors
    /// [`SessionError`] if the other end's certificate is no SVID.
    pub fn new(
        trust: Arc<TrustBundle>,
        handshake: VisitorHandshake,
        intended: AgentName,
        nonce: Nonce,
        now: UnixTime,
    ) -> Result<(Self, Vec<u8>), SessionError> {
        let svid = Svid::parse(handshake.certificate())?;
        let greeting = Greeting { nonce, intended };
        let first = framed(&greeting.encode(), GREETING_BYTES_MAX)?;
        let deadline = now.plus(SESSION_DEADLINE);
        let frame = Some(Frame::new(PROOF_BYTES_MAX));
        Ok((Self { trust, handshake, svid, greeting, deadline, frame }, first))
    }

    /// By when the runtime has to be reached.
    #[must_use]
    pub const fn deadline(&self) -> UnixTime {
        self.deadline
    }

    /// Takes bytes that the host sent. `None` if more have to come.
    ///
    /// # Errors
    /// [`SessionError`]: the visit is over, and nothing may be sent.
    pub fn handle_bytes(
        &mut self,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<Option<Reached>, SessionError> {
        let mut frame = self.frame.take().ok_or(SessionError::Early)?;
        if now >= self.deadline {
            return Err(SessionError::Deadline);
        }
        let Some(Arrived { message, rest }) = frame.push(bytes)? else {
            self.frame = Some(frame);
            return Ok(None);
        };
        // SECURITY: an honest host says nothing more before it is asked something.
        if !rest.is_empty() {
            return Err(SessionError::Early);
        }
        self.verify(&Proof::decode(&message)?, now).map(Some)
    }

    fn verify(&self, proof: &Proof, now: UnixTime) -> Result<Reached, SessionError> {
        if proof.lease != self.svid.lease() {
            return Err(SessionError::OtherLease);
        }
        let lease = lease::verify(&proof.lease, &self.trust, now)?;
        self.svid.check(&lease)?;
        let key = lease.confirmed(&proof.identity_key).ok_or(SessionError::IdentityKey)?;
        let statement = Statement::decode(&stated_by(&key, &proof.statement)?)?;
        self.about_this_visit(&statement, &lease)?;
        check_epoch(statement.policy_epoch, &lease, &self.trust)?;
        let key_exchange = self.handshake.key_exchange();
        Ok(Reached { peer: Peer::from(&lease), lease, key_exchange })
    }

    fn about_this_visit(
        &self,
        statement: &Statement,
        lease: &VerifiedLease,
    ) -> Result<(), SessionError> {
        if &statement.own_key != self.svid.key().thumbprint() {
            return Err(SessionError::Keys);
        }
        verify_slices_are_equal(&*statement.exporter, &**self.handshake.exporter())
            .map_err(|_| SessionError::Exporter)?;
        if statement.nonce != self.greeting.nonce {
            return Err(SessionError::Nonce);
        }
        if &statement.lease != lease.digest() {
            return Err(SessionError::LeaseDigest);
        }
        let intended = &self.greeting.intended;
        let named = [&statement.intended, &lease.claims().agent];
        match named.into_iter().find(|agent| *agent != intended) {
            None => Ok(()),
            Some(other) => Err(SessionError::IntendedPeer {
                expected: intended.to_string(),
                observed: other.to_string(),
            }),
        }
    }
}

//! Credentials that do not belong together are refused before a peer sees them.

use std::sync::Arc;

use cloister_channel::credentials::CredentialsError;
use cloister_channel::lease::LeaseError;
use cloister_channel::svid::SvidError;
use cloister_channel::{ChannelKey, Credentials, IdentityKey, LeaseClaims};

use crate::world::{NOW, World, at};

struct Parts {
    world: World,
    identity: Arc<IdentityKey>,
    channel: Arc<ChannelKey>,
    claims: LeaseClaims,
    lease: Vec<u8>,
    certificate: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        let world = World::new();
        let identity = Arc::new(IdentityKey::generate().unwrap());
        let channel = Arc::new(ChannelKey::generate().unwrap());
        let claims = world.claims("a", *identity.thumbprint(), *channel.thumbprint());
        let lease = world.signer.sign(&claims).unwrap();
        let certificate = world.certificate(&claims, &lease, channel.public());
        Self { world, identity, channel, claims, lease, certificate }
    }

    fn put_together(&self) -> Result<Credentials, CredentialsError> {
        Credentials::new(
            Arc::clone(&self.identity),
            Arc::clone(&self.channel),
            std::slice::from_ref(&self.certificate),
            &self.lease,
            &self.world.trust(),
            NOW,
        )
    }
}

#[test]
fn accepts_what_was_issued_together() {
    let parts = Parts::new();
    let credentials = parts.put_together().unwrap();
    assert_eq!(credentials.agent().as_str(), "a");
    assert_eq!(credentials.lease().claims(), &parts.claims);
}

#[test]
fn refuses_another_identity_key() {
    let mut parts = Parts::new();
    parts.identity = Arc::new(IdentityKey::generate().unwrap());
    let refused = parts.put_together().unwrap_err();
    assert_eq!(refused, CredentialsError::Mismatch { what: "identity key" });
}

#[test]
fn refuses_another_channel_key() {
    let mut parts = Parts::new();
    parts.channel = Arc::new(ChannelKey::generate().unwrap());
    let refused = parts.put_together().unwrap_err();
    assert_eq!(refused, CredentialsError::Mismatch { what: "channel key" });
}

#[test]
fn refuses_another_lease_than_the_certificate_carries() {
    let mut parts = Parts::new();
    let other = LeaseClaims { expires_at: at(541), ..parts.claims.clone() };
    parts.lease = parts.world.signer.sign(&other).unwrap();
    let refused = parts.put_together().unwrap_err();
    assert_eq!(refused, CredentialsError::Mismatch { what: "lease in the certificate" });
}

#[test]
fn refuses_a_certificate_that_outlives_the_lease() {
    let mut parts = Parts::new();
    let longer = LeaseClaims { expires_at: at(541), ..parts.claims.clone() };
    parts.certificate = parts.world.certificate(&longer, &parts.lease, parts.channel.public());
    let refused = parts.put_together().unwrap_err();
    assert!(matches!(refused, CredentialsError::Svid(SvidError::Outlives { .. })), "{refused:?}");
}

#[test]
fn refuses_a_lease_that_peers_would_refuse() {
    let mut parts = Parts::new();
    let old = LeaseClaims { policy_epoch: 2, ..parts.claims.clone() };
    parts.lease = parts.world.signer.sign(&old).unwrap();
    let refused = parts.put_together().unwrap_err();
    let stale = LeaseError::PolicyEpoch { floor: 3, observed: 2 };
    assert_eq!(refused, CredentialsError::Lease(stale));
}

#[test]
fn refuses_an_answer_without_certificate() {
    let parts = Parts::new();
    let (identity, channel) = (Arc::clone(&parts.identity), Arc::clone(&parts.channel));
    let trust = parts.world.trust();
    let refused = Credentials::new(identity, channel, &[], &parts.lease, &trust, NOW).unwrap_err();
    assert_eq!(refused, CredentialsError::NoCertificate);
}

#[test]
fn takes_the_lease_as_a_jwt_only_if_it_says_the_same() {
    let parts = Parts::new();
    let trust = parts.world.trust();
    let taken = |claims: &LeaseClaims| {
        let jwt = parts.world.signer.sign_jwt(claims).unwrap();
        let made = parts.put_together().unwrap().with_lease_jwt(&jwt, &trust, NOW);
        made.map(|credentials| assert_eq!(credentials.lease_jwt(), Some(jwt.as_str())))
    };
    assert_eq!(taken(&parts.claims), Ok(()));
    let later = LeaseClaims { expires_at: at(541), ..parts.claims.clone() };
    assert_eq!(taken(&later), Err(CredentialsError::Mismatch { what: "lease as a JWT" }));
    let expired = LeaseClaims { expires_at: NOW, ..parts.claims.clone() };
    assert!(matches!(taken(&expired), Err(CredentialsError::Lease(LeaseError::Expired { .. }))));
    assert_eq!(parts.put_together().unwrap().lease_jwt(), None);
}

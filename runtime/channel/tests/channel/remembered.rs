//! Certificates whose chain is not verified anew on every connection: what they rest on is.

use std::sync::Arc;

use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseError;
use cloister_channel::limits::CHAINS_REMEMBERED_MAX;
use cloister_channel::session::SessionError;
use cloister_channel::svid::SvidError;
use cloister_channel::trust::Revocation;
use cloister_channel::{
    Credentials, KeyExchange, TrustBundle, client_config, server_config, server_name,
};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use rustls::pki_types::UnixTime as TlsTime;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConnection, Error, ServerConnection};

use crate::adversary::{Mallory, RawKey};
use crate::link::{Link, proven, sent};
use crate::world::{NOW, World, agent, at, leaf};

/// A clock that stands still at any time.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<TlsTime> {
        Some(TlsTime::since_unix_epoch(core::time::Duration::from_secs(self.0.as_secs())))
    }
}

/// A genuine runtime that dials or listens, and what it trusts, at a time.
struct Judge<'a> {
    world: &'a World,
    own: Arc<Credentials>,
    trust: &'a TrustBundle,
    now: UnixTime,
}

impl<'a> Judge<'a> {
    fn new(world: &'a World, trust: &'a TrustBundle) -> Self {
        Self { world, own: world.runtime("judge"), trust, now: NOW }
    }

    fn at(mut self, now: UnixTime) -> Self {
        self.now = now;
        self
    }

    /// Why it refuses whoever dials it with `certificate` and `key`.
    fn listening(&self, certificate: &[u8], key: &RawKey) -> Option<Error> {
        let (time, exchange) = (Arc::new(At(self.now)), KeyExchange::PostQuantum);
        let server = server_config(&self.own, self.trust, exchange, time).unwrap();
        let mut client = Mallory::admitted(self.world, "m").client(&[X25519MLKEM768]);
        client.client_auth_cert_resolver = presented(certificate, key);
        Link::new(self.world, Arc::new(client), server).err()
    }

    /// Why it refuses whom it dials.
    fn dialling(&self, certificate: &[u8], key: &RawKey) -> Option<Error> {
        let (time, exchange) = (Arc::new(At(self.now)), KeyExchange::PostQuantum);
        let client = client_config(&self.own, self.trust, exchange, time).unwrap();
        let mut server = Mallory::admitted(self.world, "m").server(&[X25519MLKEM768]);
        server.cert_resolver = presented(certificate, key);
        let client = ClientConnection::new(client, server_name(&self.world.domain)).unwrap();
        Link::over(client, ServerConnection::new(Arc::new(server)).unwrap()).err()
    }

    fn both(&self, mallory: &Mallory) -> [Option<Error>; 2] {
        let (certificate, key) = (&mallory.certificate, &mallory.channel);
        [self.listening(certificate, key), self.dialling(certificate, key)]
    }
}

fn presented(certificate: &[u8], key: &RawKey) -> Arc<SingleCertAndKey> {
    let chain = vec![certificate.to_vec().into()];
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key.signing_key())))
}

/// What is wrong with the chain.
fn chain(refused: Option<Error>) -> webpki::Error {
    let Some(Error::InvalidCertificate(CertificateError::Other(other))) = refused else {
        panic!("not refused for its chain");
    };
    let Some(SvidError::Chain(error)) = other.0.downcast_ref::<SvidError>() else {
        panic!("refused for another reason: {other:?}");
    };
    error.clone()
}

#[test]
fn a_certificate_that_verified_is_remembered_once_and_good_again() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    for _ in 0..3 {
        assert_eq!(Judge::new(&world, &trust).both(&mallory), [None, None]);
    }
    assert_eq!(trust.chains_remembered(), 1);
}

#[test]
fn a_remembered_certificate_does_not_survive_its_issuer() {
    let (world, other) = (World::new(), World::new());
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    assert_eq!(Judge::new(&world, &trust).both(&mallory), [None, None]);
    // The same Verifier, after it has given its issuing CA up.
    let mut parts = world.parts();
    parts.issuers = vec![other.ca.der().to_vec()];
    let fresh = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
    let refused = Judge::new(&world, &fresh).both(&mallory).map(chain);
    assert!(
        refused.iter().all(|it| *it == webpki::Error::InvalidSignatureForPublicKey),
        "{refused:?}"
    );
    assert_eq!(fresh.chains_remembered(), 0);
}

#[test]
fn a_remembered_certificate_counts_within_its_dates_alone() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    let both = |now| Judge::new(&world, &trust).at(now).both(&mallory);
    assert_eq!(both(NOW), [None, None]);
    assert_eq!(both(at(540)), [None, None], "the last second");
    for refused in both(at(541)).map(chain) {
        assert!(matches!(refused, webpki::Error::CertExpired { .. }), "{refused:?}");
    }
    assert_eq!(both(at(-90)), [None, None], "the first second");
    for refused in both(at(-91)).map(chain) {
        assert!(matches!(refused, webpki::Error::CertNotValidYet { .. }), "{refused:?}");
    }
}

#[test]
fn a_remembered_certificate_opens_nothing_once_its_instance_is_revoked() {
    let world = World::new();
    let (a, b) = (world.runtime("a"), world.runtime("b"));
    let trust = Arc::new(world.trust());
    let connect = |trust: &Arc<TrustBundle>| {
        let time = || Arc::new(At(NOW));
        let client = client_config(&a, trust, KeyExchange::PostQuantum, time()).unwrap();
        let server = server_config(&b, trust, KeyExchange::PostQuantum, time()).unwrap();
        Link::new(&world, client, server).unwrap()
    };
    drop(connect(&trust).established(&a, &b, &trust));
    assert_eq!(trust.chains_remembered(), 2);
    // As a pushed revocation arrives: a change of the same bundle.
    let mut revoking = TrustBundle::clone(&trust);
    let why = Revocation { agent: agent("a"), reason: "x".into(), forget_after: at(540) };
    revoking.revoke(a.lease().claims().instance(), why).unwrap();
    let revoking = Arc::new(revoking);
    let link = connect(&revoking);
    let mut responder = link.responder(&b, &revoking);
    let proof = sent(&mut link.initiator(&a, &trust, agent("b")));
    let refused = proven(&mut responder, &proof).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Revoked { .. })), "{refused:?}");
}

#[test]
fn remembering_a_certificate_says_nothing_about_other_bytes() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    let judge = Judge::new(&world, &trust);
    assert_eq!(judge.both(&mallory), [None, None]);
    // Within the issuer's signature, which is what remembering spares.
    let mut forged = mallory.certificate.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let refused =
        [judge.listening(&forged, &mallory.channel), judge.dialling(&forged, &mallory.channel)];
    assert!(refused.iter().all(Option::is_some), "{refused:?}");
    assert_eq!(trust.chains_remembered(), 1, "what was refused is not remembered");
}

#[test]
fn whoever_shows_a_remembered_certificate_has_to_hold_its_key() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    let judge = Judge::new(&world, &trust);
    assert_eq!(judge.both(&mallory), [None, None]);
    let thief = RawKey::new();
    for refused in [
        judge.listening(&mallory.certificate, &thief),
        judge.dialling(&mallory.certificate, &thief),
    ] {
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(refused, Some(bad));
    }
}

#[test]
fn a_certificate_that_was_good_for_dialling_is_not_thereby_good_for_listening() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    let mut params = leaf(&mallory.claims, &mallory.lease);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = world.issue(&params, &mallory.channel.public);
    let judge = Judge::new(&world, &trust);
    assert_eq!(judge.listening(&certificate, &mallory.channel), None);
    let refused = chain(judge.dialling(&certificate, &mallory.channel));
    assert!(matches!(refused, webpki::Error::RequiredEkuNotFoundContext(_)), "{refused:?}");
}

#[test]
fn no_more_certificates_are_remembered_than_there_is_room_for() {
    let world = World::new();
    let (trust, mallory) = (world.trust(), Mallory::admitted(&world, "m"));
    let judge = Judge::new(&world, &trust);
    let mut most = 0;
    for _ in 0..=CHAINS_REMEMBERED_MAX {
        // Each with another serial number.
        let certificate =
            world.certificate(&mallory.claims, &mallory.lease, &mallory.channel.public);
        assert_eq!(judge.listening(&certificate, &mallory.channel), None);
        most = most.max(trust.chains_remembered());
    }
    assert_eq!(most, CHAINS_REMEMBERED_MAX);
}

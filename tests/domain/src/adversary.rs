//! An adversary that holds keys of its own and writes every message itself.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use cloister_attestation::bytes::Digest48;
use cloister_channel::{LeaseClaims, PublicKey};
use minicbor::Encoder;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as tls};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime as TlsTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    ClientConfig, ConnectionCommon, DigitallySignedStruct, DistinguishedName, ServerConfig,
    SignatureScheme,
};

use crate::world::World;

/// A P-256 key in the adversary's hands.
#[derive(Clone, Debug)]
pub struct RawKey {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
    /// The public half.
    pub public: PublicKey,
}

impl Default for RawKey {
    fn default() -> Self {
        Self::new()
    }
}

impl RawKey {
    /// Makes one.
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let spki = aws_lc_rs::encoding::AsDer::as_der(pair.public_key()).unwrap();
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        Self { pair, pkcs8, public }
    }

    /// Signs, as COSE has signatures.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// As rustls signs with it.
    pub fn signing_key(&self) -> Arc<dyn rustls::sign::SigningKey> {
        tls::sign::any_ecdsa_type(&self.private()).unwrap()
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.pkcs8.clone()).into()
    }
}

/// An admitted runtime whose keys the adversary holds, unless a test changes that.
#[derive(Debug)]
pub struct Mallory {
    /// Signs proofs.
    pub identity: RawKey,
    /// Signs handshakes.
    pub channel: RawKey,
    /// What the lease says.
    pub claims: LeaseClaims,
    /// The lease as it travels.
    pub lease: Vec<u8>,
    /// DER of the certificate.
    pub certificate: Vec<u8>,
}

impl Mallory {
    /// With a lease and certificate as a genuine runtime of this name has them.
    pub fn admitted(world: &World, name: &str) -> Self {
        Self::with_claims(world, name, |_| {})
    }

    /// With other claims than usual.
    pub fn with_claims(world: &World, name: &str, change: impl FnOnce(&mut LeaseClaims)) -> Self {
        let (identity, channel) = (RawKey::new(), RawKey::new());
        let (ik, ck) = (*identity.public.thumbprint(), *channel.public.thumbprint());
        let mut claims = world.claims(name, ik, ck);
        change(&mut claims);
        let lease = world.signer.sign(&claims).unwrap();
        let certificate = world.certificate(&claims, &lease, &channel.public);
        Self { identity, channel, claims, lease, certificate }
    }

    /// Carries another lease in an otherwise fitting certificate.
    pub fn carrying(mut self, world: &World, lease: Vec<u8>) -> Self {
        self.certificate = world.certificate(&self.claims, &lease, &self.channel.public);
        self.lease = lease;
        self
    }

    /// Dials anyone.
    pub fn client(&self, groups: &[&'static dyn rustls::crypto::SupportedKxGroup]) -> ClientConfig {
        let mut config = ClientConfig::builder_with_provider(provider(groups))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_client_auth_cert(self.chain(), self.channel.private())
            .unwrap();
        config.alpn_protocols = vec![b"cloister/1".to_vec()];
        config
    }

    /// Accepts anyone.
    pub fn server(&self, groups: &[&'static dyn rustls::crypto::SupportedKxGroup]) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(provider(groups))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(Arc::new(Anyone))
            .with_single_cert(self.chain(), self.channel.private())
            .unwrap();
        config.alpn_protocols = vec![b"cloister/1".to_vec()];
        config
    }

    /// What an honest runtime with these keys would say on this connection.
    pub fn proof<S>(
        &self,
        role: &str,
        connection: &ConnectionCommon<S>,
        peer_key: &PublicKey,
        intended: &str,
    ) -> Proof {
        Proof {
            outer_label: "cloister/session/1".into(),
            outer_role: role.into(),
            carried_lease: self.lease.clone(),
            evidence: None,
            identity_key: self.identity.public.spki().to_vec(),
            label: "cloister/session/1".into(),
            role: role.into(),
            own_key: *self.channel.public.thumbprint(),
            peer_key: *peer_key.thumbprint(),
            exporter: exporter(connection, role),
            lease: Digest48::sha384(&self.lease),
            intended: Some(intended.into()),
            policy_epoch: self.claims.policy_epoch,
            protected: vec![0xa1, 0x01, 0x26],
            signer: self.identity.clone(),
        }
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }
}

/// The exporter value of a role on a connection.
pub fn exporter<S>(connection: &ConnectionCommon<S>, role: &str) -> [u8; 32] {
    connection
        .export_keying_material([0; 32], b"EXPORTER-cloister-session-1", Some(role.as_bytes()))
        .unwrap()
}

/// A session proof, each part of which can be set on its own.
#[derive(Debug)]
pub struct Proof {
    /// Entry 1.
    pub outer_label: String,
    /// Entry 2.
    pub outer_role: String,
    /// Entry 3.
    pub carried_lease: Vec<u8>,
    /// Entry 4.
    pub evidence: Option<Vec<u8>>,
    /// Entry 6.
    pub identity_key: Vec<u8>,
    /// First element of the statement.
    pub label: String,
    /// The statement's role.
    pub role: String,
    /// The statement's own key.
    pub own_key: Digest48,
    /// The statement's key of the peer.
    pub peer_key: Digest48,
    /// The statement's exporter value.
    pub exporter: [u8; 32],
    /// The statement's lease.
    pub lease: Digest48,
    /// The statement's intended agent.
    pub intended: Option<String>,
    /// The statement's policy epoch.
    pub policy_epoch: u64,
    /// The COSE protected header, encoded: `{1: -7}`.
    pub protected: Vec<u8>,
    /// Signs the statement.
    pub signer: RawKey,
}

impl Proof {
    /// The message with its length in front.
    pub fn framed(&self) -> Vec<u8> {
        framed(&self.message())
    }

    /// The message.
    pub fn message(&self) -> Vec<u8> {
        self.over(&self.statement())
    }

    /// The message with any bytes signed in place of the statement.
    pub fn over(&self, statement: &[u8]) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.map(6).unwrap().u8(1).unwrap().str(&self.outer_label).unwrap();
        e.u8(2).unwrap().str(&self.outer_role).unwrap();
        e.u8(3).unwrap().bytes(&self.carried_lease).unwrap();
        match &self.evidence {
            Some(envelope) => e.u8(4).unwrap().bytes(envelope).unwrap(),
            None => e.u8(4).unwrap().null().unwrap(),
        };
        e.u8(5).unwrap().bytes(&sign1(&self.protected, statement, &self.signer)).unwrap();
        e.u8(6).unwrap().bytes(&self.identity_key).unwrap();
        e.into_writer()
    }

    /// What the identity key signs.
    pub fn statement(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.array(8).unwrap().str(&self.label).unwrap().str(&self.role).unwrap();
        e.bytes(self.own_key.as_bytes()).unwrap().bytes(self.peer_key.as_bytes()).unwrap();
        e.bytes(&self.exporter).unwrap().bytes(self.lease.as_bytes()).unwrap();
        match &self.intended {
            Some(agent) => e.str(agent).unwrap(),
            None => e.null().unwrap(),
        };
        e.u64(self.policy_epoch).unwrap();
        e.into_writer()
    }
}

/// A message with its length in front.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// A COSE_Sign1, written by hand.
pub fn sign1(protected: &[u8], payload: &[u8], signer: &RawKey) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.array(4).unwrap().str("Signature1").unwrap().bytes(protected).unwrap();
    e.bytes(b"").unwrap().bytes(payload).unwrap();
    envelope(protected, payload, &signer.sign(&e.into_writer()))
}

/// The outer array of a COSE_Sign1.
pub fn envelope(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.array(4).unwrap().bytes(protected).unwrap().map(0).unwrap();
    e.bytes(payload).unwrap().bytes(signature).unwrap();
    e.into_writer()
}

fn provider(groups: &[&'static dyn rustls::crypto::SupportedKxGroup]) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { kx_groups: groups.to_vec(), ..tls::default_provider() })
}

/// Accepts every certificate, as an adversary does.
#[derive(Debug)]
pub struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: TlsTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

impl ClientCertVerifier for Anyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: TlsTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

//! The reference: HAProxy in front of HAProxy, with certificates on both sides between them.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use cloister_devnet::process::Process;
use cloister_devnet::used::Used;
use pem_rfc7468::LineEnding;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tokio::net::TcpStream;

use super::package::Installed;

const START_LIMIT: Duration = Duration::from_secs(10);

/// Both proxies, running.
#[derive(Debug)]
pub(super) struct Proxies {
    near: Process,
    far: Process,
    address: SocketAddr,
}

impl Proxies {
    /// Starts both in `folder`, which is made: clients in the clear, then mutual TLS 1.3, then
    /// `agent` in the clear.
    pub(super) async fn start(folder: &Path, agent: SocketAddr) -> Result<Self> {
        let installed = Installed::fetch("haproxy", "usr/sbin/haproxy").await?;
        fs::create_dir(folder)?;
        certify(folder)?;
        let (near, far) = (free_address()?, free_address()?);
        let path = |name: &str| folder.join(name).display().to_string();
        let (ca, key_near, key_far) = (path("ca.pem"), path("near.pem"), path("far.pem"));
        let tls = "ssl-min-ver TLSv1.3 verify required ca-file";
        let near_conf = proxy(near, "", &format!("{far} ssl {tls} {ca} crt {key_near}"));
        let bind = format!(" ssl crt {key_far} {tls} {ca}");
        let far_conf = proxy(far, &bind, &agent.to_string());
        let near_process = launch(&installed, folder, "near", &near_conf, near).await?;
        let far_process = launch(&installed, folder, "far", &far_conf, far).await?;
        Ok(Self { near: near_process, far: far_process, address: near })
    }

    /// Where clients connect to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What both have used and hold.
    pub(super) fn used(&self) -> Result<[Used; 2]> {
        Ok([Used::by(self.near.id()?)?, Used::by(self.far.id()?)?])
    }

    pub(super) async fn stop(self) -> Result<()> {
        // SIGTERM ends it at once, with the status of a signal.
        self.near.stop().await?;
        self.far.stop().await?;
        Ok(())
    }
}

/// A proxy from `listen` to `server`, each with its options. Connections to the server are kept and
/// shared, as they are by a runtime.
fn proxy(listen: SocketAddr, bind: &str, server: &str) -> String {
    format!(
        "global\n  maxconn 4096\n\ndefaults\n  mode http\n  option http-keep-alive\n  \
         http-reuse always\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\n\
         frontend in\n  bind {listen}{bind}\n  default_backend out\n\n\
         backend out\n  server next {server}\n"
    )
}

async fn launch(
    installed: &Installed,
    folder: &Path,
    name: &str,
    configuration: &str,
    listen: SocketAddr,
) -> Result<Process> {
    let file = folder.join(format!("{name}.cfg"));
    fs::write(&file, configuration)?;
    let mut command = installed.command();
    command.arg("-db").arg("-f").arg(&file);
    let log: PathBuf = folder.join(format!("{name}.log"));
    listening(Process::start(&format!("haproxy ({name})"), command, log)?, listen).await
}

/// `process` once it accepts connections.
pub(super) async fn listening(mut process: Process, listen: SocketAddr) -> Result<Process> {
    let listens = async || TcpStream::connect(listen).await.ok().map(drop);
    process.until("its port", START_LIMIT, listens).await?;
    Ok(process)
}

/// A port that was free a moment ago: HAProxy cannot tell which one it chose by itself.
pub(super) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Writes an issuer, and a P-256 certificate with its key for each side.
fn certify(folder: &Path) -> Result<()> {
    let mut params = named("bench issuer", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    fs::write(folder.join("ca.pem"), pem("CERTIFICATE", issuer.der())?)?;
    for side in ["near", "far"] {
        let key = KeyPair::generate()?;
        let params = named(side, vec![format!("{side}.example")])?;
        let certificate = params.signed_by(&key, &issuer).context("a certificate")?;
        let key = pem("PRIVATE KEY", &key.serialize_der())?;
        let both = pem("CERTIFICATE", certificate.der())? + &key;
        fs::write(folder.join(format!("{side}.pem")), both)?;
    }
    Ok(())
}

/// What a certificate for `name` says. OpenSSL takes one that has its issuer's name for an issuer's.
fn named(name: &str, hosts: Vec<String>) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn pem(label: &str, der: &[u8]) -> Result<String> {
    Ok(pem_rfc7468::encode_string(label, LineEnding::LF, der)?)
}

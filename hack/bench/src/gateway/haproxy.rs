//! The reference: HAProxy in front of HAProxy, with certificates on both sides between them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cloister_devnet::process::Process;
use pem_rfc7468::LineEnding;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};

use super::package::Installed;
use super::proxies::{Proxies, free_address, listening};

/// Starts both in `folder`, which is made: clients in the clear, then mutual TLS 1.3, then
/// `agent` in the clear.
pub(super) async fn start(folder: &Path, agent: SocketAddr) -> Result<Proxies> {
    let installed = Installed::fetch("haproxy", "usr/sbin/haproxy").await?;
    fs::create_dir(folder)?;
    certify(folder)?;
    let (address, next) = (free_address()?, free_address()?);
    let path = |name: &str| folder.join(name).display().to_string();
    let (ca, key_near, key_far) = (path("ca.pem"), path("near.pem"), path("far.pem"));
    let tls = "ssl-min-ver TLSv1.3 verify required ca-file";
    let near_conf = proxy(address, "", &format!("{next} ssl {tls} {ca} crt {key_near}"));
    let bind = format!(" ssl crt {key_far} {tls} {ca}");
    let far_conf = proxy(next, &bind, &agent.to_string());
    let near = launch(&installed, folder, "near", &near_conf, address).await?;
    let far = launch(&installed, folder, "far", &far_conf, next).await?;
    Ok(Proxies { near, far, address })
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

//! A proxy of hyper and rustls and nothing else: what a gateway on these libraries takes before it
//! has attested, decided or recorded anything.
//!
//! ```text
//!  client --HTTP/1.1--> near --HTTP/2 in mutual TLS 1.3--> far --HTTP/1.1--> server
//! ```
#![forbid(unsafe_code)]

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri, client, server};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, version};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Who the far proxy says that it is.
const FAR: &str = "far.example";

/// A proxy of hyper and rustls and nothing else.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which of the two.
    side: Side,
    /// Where it listens.
    #[arg(long)]
    listen: SocketAddr,
    /// Where it leads to.
    #[arg(long)]
    next: SocketAddr,
    /// Where ca.pem, near.pem and far.pem are.
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Near,
    Far,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { side, listen, next, folder } = Arguments::parse();
    let listener = TcpListener::bind(listen).await?;
    match side {
        Side::Near => near(listener, next, &folder).await,
        Side::Far => far(listener, next, &folder).await,
    }
}

/// Clients in the clear, all of whose requests go over one connection.
async fn near(listener: TcpListener, next: SocketAddr, folder: &Path) -> Result<()> {
    let channel = channel(next, folder).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let channel = channel.clone();
        let service = service_fn(move |request| across(channel.clone(), request));
        let serving = server::conn::http1::Builder::new();
        drop(tokio::spawn(serving.serve_connection(TokioIo::new(stream), service)));
    }
}

async fn channel(next: SocketAddr, folder: &Path) -> Result<SendRequest<Incoming>> {
    let (chain, key) = identity(&folder.join("near.pem"))?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&version::TLS13])?
        .with_root_certificates(roots(folder)?)
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(next).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(FAR).context("a name")?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let (sender, connection) =
        client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    drop(tokio::spawn(connection));
    Ok(sender)
}

async fn across(
    mut channel: SendRequest<Incoming>,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>> {
    *request.uri_mut() = at("https", FAR, request.uri())?;
    request.headers_mut().remove(HOST);
    channel.ready().await?;
    Ok(channel.send_request(request).await?)
}

/// One near proxy at a time, whose requests go to the server over connections that are kept.
async fn far(listener: TcpListener, next: SocketAddr, folder: &Path) -> Result<()> {
    let (chain, key) = identity(&folder.join("far.pem"))?;
    let provider = Arc::new(default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(roots(folder)?, Arc::clone(&provider));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_client_cert_verifier(clients.build()?)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let server = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // Whoever only looks whether this listens shakes no hands.
        let Ok(stream) = acceptor.accept(stream).await else { continue };
        let server = server.clone();
        let service = service_fn(move |request| onward(server.clone(), next, request));
        let serving = server::conn::http2::Builder::new(TokioExecutor::new());
        drop(tokio::spawn(serving.serve_connection(TokioIo::new(stream), service)));
    }
}

async fn onward(
    server: Client<HttpConnector, Incoming>,
    next: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>> {
    let authority = next.to_string();
    *request.uri_mut() = at("http", &authority, request.uri())?;
    *request.version_mut() = hyper::Version::HTTP_11;
    request.headers_mut().insert(HOST, HeaderValue::try_from(authority)?);
    Ok(server.request(request).await?)
}

/// The path of `uri` somewhere else.
fn at(scheme: &str, authority: &str, uri: &Uri) -> Result<Uri> {
    let path = uri.path_and_query().context("a request without a path")?.clone();
    Ok(Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()?)
}

fn roots(folder: &Path) -> Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).map_err(io::Error::other)?)?;
    Ok(Arc::new(roots))
}

fn identity(file: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_file_iter(file).map_err(io::Error::other)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    Ok((chain, PrivateKeyDer::from_pem_file(file).map_err(io::Error::other)?))
}

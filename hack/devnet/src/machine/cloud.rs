//! Guests that are handed nothing: they ask for an address, and a cloud for node.toml.

use anyhow::Result;
use cloister_boot::Machine;
use cloister_boot::machine::{CLOUD_HOST, Cloud};
use cloister_boot::node::node_toml_for_dhcp;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Guest, Launch, free_port, machine, node};
use crate::enclave::Host;
use crate::image::MachineImage;
use crate::verifier::Verifier;

/// What Google's machines say of themselves.
const VENDOR: &str = "Google";

impl Guest {
    /// Starts a machine as [`Guest::start`] does, in what it takes for Google's cloud.
    pub async fn start_in_cloud(
        host: &Host,
        verifier: &Verifier,
        image: &MachineImage,
        launch: &Launch,
    ) -> Result<Self> {
        let port = free_port()?;
        let file = node(verifier, CLOUD_HOST, port, node_toml_for_dhcp)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let cloud = Cloud { vendor: VENDOR, metadata: listener.local_addr()?.port() };
        tokio::spawn(serve(listener, file));
        let machine = machine(port, launch.memory_mib, None);
        let machine = Machine { cloud: Some(cloud), ..machine };
        Self::start_machine(host, image, launch, &machine, port).await
    }
}

/// The one connection that QEMU makes, until it ends.
async fn serve(listener: TcpListener, file: String) -> Result<()> {
    let (stream, _) = listener.accept().await?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = request(&mut stream).await? {
        stream.write_all(answer(&request, &file).as_bytes()).await?;
    }
    Ok(())
}

/// The header of the next request; `None` at the end.
async fn request(stream: &mut BufReader<TcpStream>) -> Result<Option<String>> {
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(request))
}

/// As Google's service has it: to others than those who ask for it as such, it says nothing.
fn answer(request: &str, file: &str) -> String {
    let is_asked = request
        .starts_with("GET /computeMetadata/v1/instance/attributes/user-data HTTP/1.1\r\n")
        && request.contains("\r\nMetadata-Flavor: Google\r\n");
    let (status, body) = if is_asked { ("200 OK", file) } else { ("403 Forbidden", "") };
    format!(
        "HTTP/1.1 {status}\r\nMetadata-Flavor: Google\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

//! The host's file for a guest's runtime.

use crate::machine::TEE_PORT;

/// The port at which a guest takes channels.
pub const CHANNEL_PORT: u16 = 4443;

/// `node.toml` for a guest with QEMU's user networking: its Verifier, as `host:port`, and where its
/// peers reach it.
#[must_use]
pub fn node_toml(verifier: &str, advertise: Option<&str>) -> String {
    let tee = format!("kind = \"simulator\"\nsimulator_socket = \"/dev/virtio-ports/{TEE_PORT}\"");
    with_tee(&tee, verifier, advertise)
}

/// The same for a guest whose Evidence is its virtual TPM's.
#[must_use]
pub fn node_toml_for_vtpm(verifier: &str, advertise: Option<&str>) -> String {
    with_tee("kind = \"azure_vtpm\"", verifier, advertise)
}

/// [`node_toml`] for a guest whose network gives it its address.
#[must_use]
pub fn node_toml_for_dhcp(verifier: &str, advertise: Option<&str>) -> String {
    node_toml(verifier, advertise).replace(ADDRESS, "dhcp = true\n")
}

const ADDRESS: &str = "address = \"10.0.2.15/24\"\ngateway = \"10.0.2.2\"\n";

fn with_tee(tee: &str, verifier: &str, advertise: Option<&str>) -> String {
    let advertise = advertise.map(|at| format!("advertise = {at:?}\n")).unwrap_or_default();
    format!(
        r#"listen = "0.0.0.0:{CHANNEL_PORT}"
{advertise}verifier = {verifier:?}

[tee]
{tee}

[network]
{ADDRESS}
[log]
format = "json"
"#
    )
}

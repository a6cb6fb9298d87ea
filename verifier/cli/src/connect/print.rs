//! What was connected to, what was verified, and what nobody vouches for.

use core::fmt::{self, Write as _};
use std::net::SocketAddr;

use owo_colors::OwoColorize as _;
use serde_json::json;

use super::visit::Visit;
use crate::answer::{Answer, Exit};
use crate::remote::{codes, print::lease_json};
use crate::text::{indented, printable};

/// What every visit verifies before anything is sent.
const VERIFIED: [&str; 6] =
    ["certificate chain", "lease", "identity key", "channel key", "this connection", "agent"];

/// The port at `local` is open to the runtime at `address`. `asked` says whether a Verifier is asked
/// about revocations.
pub(super) fn opened(visit: &Visit, address: &str, local: SocketAddr, asked: bool) -> Answer {
    let reached = visit.reached();
    let claims = reached.lease().claims();
    let revocation = (!asked).then(|| codes::REVOCATION.id.to_owned());
    let open: Vec<String> = revocation.into_iter().chain(claims.not_asserted.clone()).collect();
    let url = format!("http://{local}");
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _: fmt::Result = tell(&mut text, visit, address, &open, &url);
    let json = json!({
        "listen": url,
        "address": address,
        "spiffe_id": claims.spiffe_id().to_string(),
        "key_exchange": format!("{:?}", reached.key_exchange()),
        "lease": lease_json(claims),
        "verified": VERIFIED,
        "not_asserted": open,
        "this_side": "not attested",
    });
    Answer { exit: Exit::Acceptable, text, json }
}

fn tell(out: &mut String, visit: &Visit, address: &str, open: &[String], url: &str) -> fmt::Result {
    let reached = visit.reached();
    let claims = reached.lease().claims();
    let simulated = if claims.simulator.is_some() { " (simulated)" } else { "" };
    let rows = [
        ("is", claims.spiffe_id().to_string()),
        ("image", format!("{} {}, {}{simulated}", claims.image, claims.version, claims.tier)),
        ("TLS", format!("1.3, {:?}", reached.key_exchange())),
        ("lease", format!("until {}", claims.expires_at)),
        ("verified", VERIFIED.join(", ")),
        ("open", if open.is_empty() { "nothing".to_owned() } else { open.join(", ") }),
        ("this side", "not attested, and the agent is told so".to_owned()),
    ];
    writeln!(out, "{}", printable(address).bold())?;
    for (name, value) in rows {
        writeln!(out, "  {name:12}{}", indented(&printable(&value), 14))?;
    }
    writeln!(out, "listening on {}", url.bold())
}

/// The port was closed by whoever opened it.
pub(super) fn closed() -> Answer {
    Answer { exit: Exit::Acceptable, text: "closed\n".to_owned(), json: json!({ "closed": true }) }
}

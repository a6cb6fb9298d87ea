//! What an agent's measured files say, as somebody writes them.

use crate::verifier::Verifier;

/// The beginning of an `agent.toml`: who the agent is, and whom it believes. What the table at its
/// end, `[verifier]`, says besides may follow.
pub(crate) fn identity(name: &str, simulator: &str) -> String {
    format!(
        r#"trust_domain = "{domain}"
policy = "policy.cedar"

[agent]
name = "{name}"
principal = "example.org"
scope = ["demo"]

[image]
name = "{name}"
{VERSION}

[peers]
anchors = {{ simulator = "{simulator}" }}

[verifier]
trust_root = "trust.pem"
"#,
        domain = Verifier::TRUST_DOMAIN,
    )
}

/// The version that every image has at first.
pub(crate) const VERSION: &str = "version = \"1.0.0\"";

/// A policy by which the agent may call everybody, and `callers` may call it.
pub(crate) fn policy(name: &str, callers: &[&str]) -> String {
    let outbound = format!(
        "permit (principal == Agent::\"{name}\", action, resource)\n\
         when {{ context.direction == Direction::\"outbound\" }};\n"
    );
    let inbound = callers.iter().map(|caller| {
        format!(
            "permit (principal == Agent::\"{caller}\", action, resource == Agent::\"{name}\")\n\
             when {{ context.direction == Direction::\"inbound\" }};\n"
        )
    });
    std::iter::once(outbound).chain(inbound).collect()
}

//! The bars: what is measured, in which unit, and how much it may be.

use anyhow::Result;
use serde::Serialize;

use crate::timing::Measured;
use crate::{
    admission, appraise, channel, gateway, image, lease, machine, policy, prediction, snp, tdx,
};

/// One thing that is measured and what it may cost.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) name: &'static str,
    /// The bar holds up to and including this.
    pub(crate) limit: f64,
    pub(crate) unit: Unit,
    pub(crate) measure: fn() -> Result<Measured>,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// Times the reference.
    Ratio,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Units of 1,024 bytes.
    Kib,
    /// Units of 1,024 times that.
    Mib,
}

/// All of them, in the order in which they are measured.
pub(crate) const BARS: [Bar; 26] = [
    // One report against a chain verified before, over one bare P-384 verification.
    Bar { name: "snp.verify.warm", limit: 1.25, unit: Unit::Ratio, measure: snp::warm },
    // With chain and CRL, over its five signatures bare.
    Bar { name: "snp.verify.cold", limit: 1.3, unit: Unit::Ratio, measure: snp::cold },
    // One quote against collateral and platform verified before, over its two signatures bare.
    Bar { name: "tdx.verify.warm", limit: 1.5, unit: Unit::Ratio, measure: tdx::warm },
    // From the bytes of quote and collateral, over the `dcap-qvl` crate from the same bytes.
    Bar { name: "tdx.verify.cold", limit: 1.0, unit: Unit::Ratio, measure: tdx::cold },
    // As `snp.verify.warm`, over the `sev` crate with a chain that it parsed before.
    Bar { name: "sev-crate", limit: 0.1, unit: Unit::Ratio, measure: snp::sev_crate },
    // Against 1,000 Reference tuples under a policy that demands something of every field.
    Bar { name: "appraise", limit: 20.0, unit: Unit::Us, measure: appraise::measure },
    // A new channel with both verdicts, over plain mutual TLS 1.3 with the same keys and exchange.
    Bar { name: "channel.handshake", limit: 1.35, unit: Unit::Ratio, measure: channel::handshake },
    // Bytes that a new channel takes more than that, both ways together.
    Bar { name: "channel.bytes", limit: 6.0, unit: Unit::Kib, measure: channel::bytes },
    // Resident memory of one end of an idle channel with its HTTP/2 connection.
    Bar { name: "channel.memory", limit: 64.0, unit: Unit::Kib, measure: channel::memory },
    // Time for 1 GiB over plain TLS's: 0.97 of its rate.
    Bar {
        name: "channel.throughput",
        limit: 1.031,
        unit: Unit::Ratio,
        measure: channel::throughput,
    },
    // A received lease, over its signature bare.
    Bar { name: "lease.verify", limit: 1.2, unit: Unit::Ratio, measure: lease::verify },
    // Processor time of an admission, durable, over that of evidence verification: 0.5 of its rate.
    Bar { name: "lease.issue", limit: 2.0, unit: Unit::Ratio, measure: admission::issue },
    // The 99th percentile of decisions with 100 policies loaded.
    Bar { name: "policy.decide", limit: 50.0, unit: Unit::Us, measure: policy::decide },
    // A unary call through two runtimes over one through two HAProxies: 0.8 of their throughput.
    Bar {
        name: "gateway.throughput.c1",
        limit: 1.25,
        unit: Unit::Ratio,
        measure: gateway::throughput_1,
    },
    Bar {
        name: "gateway.throughput.c16",
        limit: 1.25,
        unit: Unit::Ratio,
        measure: gateway::throughput_16,
    },
    Bar {
        name: "gateway.throughput.c64",
        limit: 1.25,
        unit: Unit::Ratio,
        measure: gateway::throughput_64,
    },
    // The 99th percentile of the same.
    Bar { name: "gateway.p99.c64", limit: 1.25, unit: Unit::Ratio, measure: gateway::tail_64 },
    // A call with the official Python SDK at both ends over the same call without runtimes.
    Bar { name: "gateway.sdk", limit: 1.15, unit: Unit::Ratio, measure: gateway::sdk },
    // How much later the first event of a stream comes than without runtimes.
    Bar { name: "gateway.first_event", limit: 1.0, unit: Unit::Ms, measure: gateway::first_event },
    // Time for a body of 1 GiB over the time without runtimes: 0.7 of the rate.
    Bar { name: "gateway.body", limit: 1.428, unit: Unit::Ratio, measure: gateway::body },
    // Memory of either runtime for one of a thousand streams on one channel.
    Bar { name: "gateway.streams", limit: 16.0, unit: Unit::Kib, measure: gateway::streams },
    // Kernel and initrd of an image with a static agent.
    Bar { name: "image.size", limit: 30.0, unit: Unit::Mib, measure: image::size },
    // A build with packages in the cache, over copying and compressing the same bytes.
    Bar { name: "image.build", limit: 3.0, unit: Unit::Ratio, measure: image::build },
    // QEMU's start until the Verifier has admitted the guest, over the same kernel's until the first
    // line of a process that does nothing.
    Bar { name: "image.boot", limit: 1.6, unit: Unit::Ratio, measure: machine::boot },
    // Memory in use in a guest whose agent is idle, beyond what is in use without runtime and agent.
    Bar { name: "image.memory", limit: 40.0, unit: Unit::Mib, measure: machine::memory },
    // Every calculator over 64 SEV-SNP shapes, a TD and a virtual TPM.
    Bar { name: "image.measure", limit: 5.0, unit: Unit::S, measure: prediction::measure },
];

#[cfg(test)]
mod tests {
    use super::{BARS, Unit};

    #[test]
    fn names_limits_and_units_are_the_agreed_ones() {
        let bars = BARS.map(|bar| (bar.name, bar.limit, bar.unit));
        let agreed = [
            ("snp.verify.warm", 1.25, Unit::Ratio),
            ("snp.verify.cold", 1.3, Unit::Ratio),
            ("tdx.verify.warm", 1.5, Unit::Ratio),
            ("tdx.verify.cold", 1.0, Unit::Ratio),
            ("sev-crate", 0.1, Unit::Ratio),
            ("appraise", 20.0, Unit::Us),
            ("channel.handshake", 1.35, Unit::Ratio),
            ("channel.bytes", 6.0, Unit::Kib),
            ("channel.memory", 64.0, Unit::Kib),
            ("channel.throughput", 1.031, Unit::Ratio),
            ("lease.verify", 1.2, Unit::Ratio),
            ("lease.issue", 2.0, Unit::Ratio),
            ("policy.decide", 50.0, Unit::Us),
            ("gateway.throughput.c1", 1.25, Unit::Ratio),
            ("gateway.throughput.c16", 1.25, Unit::Ratio),
            ("gateway.throughput.c64", 1.25, Unit::Ratio),
            ("gateway.p99.c64", 1.25, Unit::Ratio),
            ("gateway.sdk", 1.15, Unit::Ratio),
            ("gateway.first_event", 1.0, Unit::Ms),
            ("gateway.body", 1.428, Unit::Ratio),
            ("gateway.streams", 16.0, Unit::Kib),
            ("image.size", 30.0, Unit::Mib),
            ("image.build", 3.0, Unit::Ratio),
            ("image.boot", 1.6, Unit::Ratio),
            ("image.memory", 40.0, Unit::Mib),
            ("image.measure", 5.0, Unit::S),
        ];
        assert_eq!(bars, agreed);
    }
}

//! Many runtimes on one machine, each with a channel to every other, and what that costs.

mod meter;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::enclave::{Agents, Enclave, Hardware, Host, Image};
use crate::http;
use crate::narrator::Narrator;
use crate::verifier::Verifier;
use meter::Reading;

/// Runtimes that boot, and pairs that connect, at the same time: more only queue for the processor.
const AT_ONCE: usize = 4;

/// How large a mesh, and how it is watched.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Runtimes.
    pub nodes: usize,
    /// How long leases live.
    pub lease: Duration,
    /// How long the mesh is left alone, but for its renewals.
    pub watch: Duration,
    /// Where to speak.
    pub narrator: Narrator,
}

/// What a mesh costs. Times of the processor are those of the runtimes, not of their agents.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Runtimes.
    pub nodes: usize,
    /// Open channels, one for each pair.
    pub channels: usize,
    /// From the start of the first process until all were admitted and their agents ran, seconds.
    pub boot_s: f64,
    /// Until every pair was connected, seconds.
    pub connect_s: f64,
    /// Processor time for one new channel, both ends, with the request that opened it, milliseconds.
    pub cpu_per_channel_ms: f64,
    /// Resident memory that one end of an open channel added, KiB.
    pub memory_per_end_kib: f64,
    /// How long leases lived, seconds.
    pub lease_s: f64,
    /// Renewals that were accepted in band, a minute, over all ends.
    pub renewals_per_minute: f64,
    /// Processor time of one runtime in a minute in which it only renewed, milliseconds.
    pub idle_cpu_per_minute_ms: f64,
    /// Always true: there was no confidential hardware in this run.
    pub simulated: bool,
}

/// Brings a mesh up, connects every pair, watches it, and takes it down.
pub async fn run(options: Options) -> anyhow::Result<Report> {
    anyhow::ensure!(options.nodes >= 2, "a mesh has two runtimes at least");
    let tell = options.narrator;
    tell.warn("No confidential hardware here: a simulator signs, under a root of its own.");
    let host = Host::start(Agents::Rust).await?;
    let verifier = Verifier::with_lease(&host, options.lease).await?;

    let images = admitted(&host, &verifier, options.nodes).await?;
    tell.step(&format!("{} runtimes boot", options.nodes));
    let begun = Instant::now();
    let mesh = Mesh::boot(&host, &verifier, &images).await?;
    let boot = begun.elapsed();
    tell.good(&format!("admitted after {:.1} s", boot.as_secs_f64()));

    let alone = mesh.reading().await?;
    tell.step("Every pair connects");
    let begun = Instant::now();
    mesh.connect().await?;
    let connect = begun.elapsed();
    let connected = mesh.reading().await?;
    let channels = mesh.channels().await?;
    tell.good(&format!("{channels} channels after {:.1} s", connect.as_secs_f64()));

    tell.step(&format!("The mesh is left alone for {:.0} s", options.watch.as_secs_f64()));
    tokio::time::sleep(options.watch).await;
    let watched = mesh.reading().await?;
    anyhow::ensure!(
        mesh.channels().await? == channels,
        "channels were lost while nobody used them"
    );
    mesh.stop().await?;
    verifier.stop().await?;
    Ok(report(options, (boot, connect), channels, [alone, connected, watched]))
}

fn report(
    options: Options,
    (boot, connect): (Duration, Duration),
    channels: usize,
    [alone, connected, watched]: [Reading; 3],
) -> Report {
    let minutes = options.watch.as_secs_f64() / 60.0;
    let (opened, idled) = (connected.since(&alone), watched.since(&connected));
    let per_channel = |total: f64| total / count(channels);
    Report {
        nodes: options.nodes,
        channels,
        boot_s: boot.as_secs_f64(),
        connect_s: connect.as_secs_f64(),
        cpu_per_channel_ms: per_channel(opened.cpu_ms),
        memory_per_end_kib: per_channel(opened.resident_kib) / 2.0,
        lease_s: options.lease.as_secs_f64(),
        renewals_per_minute: idled.renewals / minutes,
        idle_cpu_per_minute_ms: idled.cpu_ms / count(options.nodes) / minutes,
        simulated: true,
    }
}

/// A number of things as a divisor.
fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::INFINITY, f64::from)
}

/// One image for each runtime; every agent may call every other.
async fn admitted(host: &Host, verifier: &Verifier, nodes: usize) -> anyhow::Result<Vec<Image>> {
    let names: Vec<String> = (0..nodes).map(|node| format!("node-{node}")).collect();
    let callers: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut images = Vec::new();
    for name in &names {
        let image = Image::build(host, verifier, name, &callers)?;
        verifier.admit(&image).await?;
        images.push(image);
    }
    Ok(images)
}

/// Runtimes that are running.
struct Mesh(Vec<Enclave>);

impl Mesh {
    async fn boot(host: &Host, verifier: &Verifier, images: &[Image]) -> anyhow::Result<Self> {
        let booted = stream::iter(images)
            .map(|image| Enclave::boot(host, verifier, image, Hardware::SnpMilan))
            .buffered(AT_ONCE);
        Ok(Self(booted.try_collect().await?))
    }

    /// Opens a channel from each runtime to each later one, by fetching the later one's card.
    async fn connect(&self) -> anyhow::Result<()> {
        let pairs = self
            .0
            .iter()
            .enumerate()
            .flat_map(|(at, from)| self.0.iter().skip(at + 1).map(move |to| (from, to.name())));
        stream::iter(pairs)
            .map(anyhow::Ok)
            .try_for_each_concurrent(AT_ONCE, async |(from, to)| {
                let card = format!("{}.well-known/agent-card.json", from.agent_url(to));
                let fetched = http::json(&card).await;
                fetched.with_context(|| format!("{} does not reach {to}", from.name())).map(drop)
            })
            .await
    }

    /// How many channels are open; fails unless each runtime has one to every other.
    async fn channels(&self) -> anyhow::Result<usize> {
        let others = self.0.len() - 1;
        for enclave in &self.0 {
            let open = enclave.channels().await?.len();
            let name = enclave.name();
            anyhow::ensure!(open == others, "{name} has {open} channels of {others}");
        }
        Ok(self.0.len() * others / 2)
    }

    /// What all runtimes have used until now.
    async fn reading(&self) -> anyhow::Result<Reading> {
        let mut sum = Reading::default();
        for enclave in &self.0 {
            sum.add(Reading::of(enclave).await?);
        }
        Ok(sum)
    }

    async fn stop(self) -> anyhow::Result<()> {
        for enclave in self.0 {
            enclave.stop().await?;
        }
        Ok(())
    }
}

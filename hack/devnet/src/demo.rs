//! The story that `cargo demo` tells, as steps that end-to-end tests take too.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::ask::{Asker, Streamed};
use crate::enclave::{Agents, Enclave, Hardware, Host, Image};
use crate::narrator::Narrator;
use crate::summary::Summary;
use crate::verifier::Verifier;

/// How a run differs from the usual one.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which agents to run.
    pub agents: Agents,
    /// Leave everything running at the end, and say what to try.
    pub keep: bool,
    /// Where to speak.
    pub narrator: Narrator,
}

const TEXT: &str = "nobody between us can read this";
const CALLER: &str = "assistant";
const CALLEE: &str = "translator";
/// Long enough to be running when the quarantine comes.
const TICKS: &str = "tick 2000";

/// Everything that is running.
#[derive(Debug)]
pub struct Devnet {
    /// The host that launches and measures.
    pub host: Host,
    /// The relying party.
    pub verifier: Verifier,
}

impl Devnet {
    /// A host with a fresh simulator, and a Verifier that accepts that simulator and no other.
    pub async fn start(agents: Agents) -> anyhow::Result<Self> {
        let host = Host::start(agents).await?;
        let verifier = Verifier::start(&host).await?;
        Ok(Self { host, verifier })
    }

    /// Builds an image for an agent and has its Reference Values admitted.
    pub async fn admitted_image(&self, name: &str, peers: &[&str]) -> anyhow::Result<Image> {
        let image = Image::build(&self.host, &self.verifier, name, peers)?;
        self.verifier.admit(&image).await?;
        Ok(image)
    }
}

/// Runs the story and returns what it found.
pub async fn run(options: &Options) -> anyhow::Result<Summary> {
    let tell = options.narrator;
    tell.warn("No confidential hardware here: a simulator signs, under a root of its own.");
    tell.step("1. A Verifier that accepts this simulator's root, and no image yet");
    let devnet = Devnet::start(options.agents.clone()).await?;
    tell.good(&format!("cloister-verifier at {}", devnet.verifier.url()));
    let mut summary = Summary { simulated: true, ..Summary::default() };

    let (caller, callee) = admit_two(&devnet, tell, &mut summary).await?;
    talk(&caller, tell, &mut summary).await?;
    show_channels(&caller, &callee, tell).await?;
    refuse_changed_image(&devnet, tell, &mut summary).await?;
    quarantine(&devnet, &caller, tell, &mut summary).await?;
    tell.step("Done");
    if options.keep {
        tell.note(&format!("logs and files of this run: {}", devnet.host.dir().display()));
        keep(&devnet, &caller, tell).await;
    }
    caller.stop().await?;
    callee.stop().await?;
    devnet.verifier.stop().await?;
    Ok(summary)
}

async fn admit_two(
    devnet: &Devnet,
    tell: Narrator,
    summary: &mut Summary,
) -> anyhow::Result<(Enclave, Enclave)> {
    tell.step("2. Two images are measured and admitted, and two enclaves boot");
    let caller_image = devnet.admitted_image(CALLER, &[]).await?;
    let callee_image = devnet.admitted_image(CALLEE, &[CALLER]).await?;
    let caller =
        Enclave::boot(&devnet.host, &devnet.verifier, &caller_image, Hardware::SnpMilan).await?;
    let callee =
        Enclave::boot(&devnet.host, &devnet.verifier, &callee_image, Hardware::Tdx).await?;
    for enclave in [&caller, &callee] {
        summary.admitted += 1;
        summary.admission_ms = summary.admission_ms.max(millis(enclave.admission()));
        let lease = enclave.lease().await?;
        tell.good(&format!("{} on {} admitted", enclave.name(), enclave.hardware()));
        tell.note(&lease.describe());
    }
    Ok((caller, callee))
}

async fn talk(caller: &Enclave, tell: Narrator, summary: &mut Summary) -> anyhow::Result<()> {
    tell.step("3. A client asks agent B through enclave A, with an unmodified A2A SDK");
    let asker = Asker::connect(&caller.agent_url(CALLEE)).await?;
    tell.note(&format!("card of {}: {}", asker.card, asker.interfaces.join(", ")));
    let (answer, first) = asker.unary(TEXT).await?;
    check_answer(&answer)?;
    let (_, warm) = asker.unary(TEXT).await?;
    summary.unary_ms = millis(warm);
    tell.good(&format!(
        "unary: {answer:?} ({:.1} ms, the first {:.1} ms)",
        millis(warm),
        millis(first)
    ));
    let streamed = asker.stream(TEXT, |_| ()).await?;
    check_answer(&streamed.text)?;
    anyhow::ensure!(!streamed.broken, "the stream ended before the task did");
    summary.stream_events = streamed.events;
    summary.first_event_ms = millis(streamed.first_event);
    tell.good(&format!(
        "streaming: {} events, the first after {:.1} ms",
        streamed.events, summary.first_event_ms
    ));
    Ok(())
}

fn check_answer(answer: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        answer.trim() == TEXT.to_uppercase(),
        "agent B answered {answer:?} to {TEXT:?}"
    );
    Ok(())
}

async fn show_channels(caller: &Enclave, callee: &Enclave, tell: Narrator) -> anyhow::Result<()> {
    tell.step("4. What each side verified of the other before the first byte");
    for enclave in [caller, callee] {
        for channel in enclave.channels().await? {
            tell.good(&format!("{}: {}", enclave.name(), channel.describe()));
        }
    }
    Ok(())
}

async fn refuse_changed_image(
    devnet: &Devnet,
    tell: Narrator,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    tell.step("5. A third enclave boots from B's image with one byte of its policy changed");
    let admitted = Image::build(&devnet.host, &devnet.verifier, CALLEE, &[CALLER])?;
    let changed = admitted.with_one_byte_changed()?;
    let findings = Enclave::boot_expecting_refusal(
        &devnet.host,
        &devnet.verifier,
        &changed,
        Hardware::SnpMilan,
    )
    .await?;
    summary.refused += 1;
    for finding in findings {
        tell.refused(&finding.id);
        tell.note(&format!("observed {}", shorten(&finding.observed)));
        tell.note(&finding.remedy);
        summary.refusal_codes.push(finding.id);
    }
    Ok(())
}

async fn quarantine(
    devnet: &Devnet,
    caller: &Enclave,
    tell: Narrator,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    tell.step("6. The operator quarantines B while B is streaming to A");
    let asker = Asker::connect(&caller.agent_url(CALLEE)).await?;
    let (started, running) = tokio::sync::oneshot::channel();
    let mut started = Some(started);
    let stream = async {
        let streamed = asker
            .stream(TICKS, |_| {
                if let Some(started) = started.take() {
                    let _heard = started.send(());
                }
            })
            .await?;
        anyhow::Ok((streamed, Instant::now()))
    };
    let command = async {
        running.await.context("the stream ended before its first event")?;
        let asked = Instant::now();
        devnet.verifier.quarantine(CALLEE).await?;
        anyhow::Ok(asked)
    };
    let (ended, asked) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::try_join!(stream, command) })
            .await
            .context("the stream survived the quarantine")??;
    report_cut(&ended.0, tell)?;
    summary.quarantine_ms = millis(ended.1.duration_since(asked));
    tell.good(&format!(
        "the running stream was cut {:.0} ms after the command",
        summary.quarantine_ms
    ));
    let refused = asker.unary(TEXT).await;
    anyhow::ensure!(refused.is_err(), "a call to the quarantined agent was answered");
    summary.refused_after_quarantine = true;
    tell.refused("a new call to B");
    Ok(())
}

fn report_cut(streamed: &Streamed, tell: Narrator) -> anyhow::Result<()> {
    anyhow::ensure!(streamed.broken, "the stream ran to its end");
    tell.note(&format!("{} events had arrived", streamed.events));
    Ok(())
}

/// Waits until whoever runs this is interrupted; dropping the run then ends every process.
async fn keep(devnet: &Devnet, caller: &Enclave, tell: Narrator) {
    tell.step("Everything keeps running until you press Ctrl-C. Try:");
    for line in devnet.verifier.suggestions(caller) {
        tell.note(&line);
    }
    std::future::pending::<()>().await;
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 64 {
        return text.to_owned();
    }
    text.chars().take(63).chain(['…']).collect()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

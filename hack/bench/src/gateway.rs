//! The gateway: two runtimes as they are released, against two HAProxies in mutual TLS 1.3 in front
//! of the same agent, and against the agent without anything in between. What two proxies of the
//! runtimes' libraries alone take is told beside the first.
//!
//! Everything runs as processes of its own on this machine, with a simulator in place of a TEE; one
//! client asks all of it in the same way. Each turn asks all systems, one after the other, over
//! connections that are open since before.

mod bare;
mod body;
mod client;
mod first_event;
mod haproxy;
mod load;
mod package;
mod proxies;
mod sdk;
mod streams;
mod systems;

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::timing::{Measured, Turn, at_percent, turns};
use load::{Load, Told};
use systems::Systems;

pub(crate) use body::body;
pub(crate) use first_event::first_event;
pub(crate) use sdk::sdk;
pub(crate) use streams::streams;

/// How long each system is asked in one turn.
const TURN: Duration = Duration::from_millis(500);

/// Time for a unary call, one connection.
pub(crate) fn throughput_1() -> Result<Measured> {
    compare(1, Told::micros_per_call)
}

/// As [`throughput_1`], 16 connections.
pub(crate) fn throughput_16() -> Result<Measured> {
    compare(16, Told::micros_per_call)
}

/// As [`throughput_1`], 64 connections.
pub(crate) fn throughput_64() -> Result<Measured> {
    compare(64, Told::micros_per_call)
}

/// The 99th percentile of how long a unary call takes, 64 connections.
pub(crate) fn tail_64() -> Result<Measured> {
    compare(64, |told| told.percentile(99))
}

/// What `figure` makes of the runtimes over what it makes of the proxies.
fn compare(connections: usize, figure: fn(&Told) -> f64) -> Result<Measured> {
    let runtime = runtime()?;
    let systems = runtime.block_on(Systems::start())?;
    let open = |calls| runtime.block_on(Load::open(calls, connections));
    let calls = systems.calls();
    let mut loads =
        Each { own: open(calls.own)?, reference: open(calls.reference)?, bare: open(calls.bare)? };
    let (before, mut asked, mut bare) = (systems.cpu_ms()?, Each::<f64>::default(), Vec::new());
    let mut measured = turns(String::new(), || {
        let told = runtime.block_on(async {
            anyhow::Ok(Each {
                own: loads.own.run(TURN).await?,
                reference: loads.reference.run(TURN).await?,
                bare: loads.bare.run(TURN).await?,
            })
        })?;
        asked.own += told.own.calls();
        asked.reference += told.reference.calls();
        asked.bare += told.bare.calls();
        let reference = figure(&told.reference);
        bare.push(figure(&told.bare) / reference);
        Ok(Turn { own: figure(&told.own), reference })
    })?;
    let after = systems.cpu_ms()?;
    let micros = |after: f64, before: f64, asked: f64| (after - before) * 1e3 / asked;
    measured.input = format!(
        "us of cpu a call {:.0}, {:.0}; bare libraries {:.2}, {:.0} us",
        micros(after.own, before.own, asked.own),
        micros(after.reference, before.reference, asked.reference),
        median(bare),
        micros(after.bare, before.bare, asked.bare),
    );
    runtime.block_on(systems.stop())?;
    Ok(measured)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    at_percent(&values, 50)
}

/// Something of the runtimes and of what they are compared with.
#[derive(Clone, Copy, Debug, Default)]
struct Pair<T> {
    own: T,
    reference: T,
}

/// The same, and of the runtimes' libraries by themselves.
#[derive(Debug, Default)]
struct Each<T> {
    own: T,
    reference: T,
    bare: T,
}

/// What the client runs on: one thread, as the machine has other things to do.
fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

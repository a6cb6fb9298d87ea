//! The gateway: two runtimes as they are released, against two HAProxies in mutual TLS 1.3 in front
//! of the same agent, and against the agent without anything in between.
//!
//! Everything runs as processes of its own on this machine, with a simulator in place of a TEE; one
//! client asks all of it in the same way. Each turn asks both systems, one after the other, over
//! connections that are open since before.

mod body;
mod client;
mod first_event;
mod haproxy;
mod load;
mod package;
mod sdk;
mod streams;
mod systems;

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::timing::{Measured, Turn, turns};
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
    let (mut own, mut reference) = (open(systems.own_calls())?, open(systems.reference_calls())?);
    let (before, mut calls) = (systems.cpu_ms()?, Pair::<f64>::default());
    let mut measured = turns(String::new(), || {
        let told = runtime.block_on(async {
            anyhow::Ok(Pair { own: own.run(TURN).await?, reference: reference.run(TURN).await? })
        })?;
        calls.own += told.own.calls();
        calls.reference += told.reference.calls();
        Ok(Turn { own: figure(&told.own), reference: figure(&told.reference) })
    })?;
    let after = systems.cpu_ms()?;
    let cpu = Pair {
        own: (after.own - before.own) * 1e3 / calls.own,
        reference: (after.reference - before.reference) * 1e3 / calls.reference,
    };
    measured.input = format!("cpu {:.0} us a call, {:.0}", cpu.own, cpu.reference);
    runtime.block_on(systems.stop())?;
    Ok(measured)
}

/// Something of both systems.
#[derive(Clone, Copy, Debug, Default)]
struct Pair<T> {
    own: T,
    reference: T,
}

/// What the client runs on: one thread, as the machine has other things to do.
fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

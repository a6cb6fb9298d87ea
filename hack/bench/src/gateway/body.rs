//! One body of 1 GiB, and how much memory it takes on its way.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::client::{Call, Connection};
use super::runtime;
use super::systems::Runtimes;
use crate::timing::{Effort, Measured, Turn, turns_of};

const MIB: usize = 1 << 20;
const PIECES: usize = 1024;
/// A message around text: what is before and behind it.
const BEFORE: &[u8] = br#"{"message":{"messageId":"m-1","role":"ROLE_USER","parts":[{"raw":""#;
const BEHIND: &[u8] = br#""}]}}"#;

/// What a runtime may hold more of while the body passes, KiB: the windows of HTTP/2, the buffers of
/// both connections, and what the allocator keeps.
const HELD_KIB_MAX: f64 = 24.0 * 1024.0;

const EFFORT: Effort = Effort { warm_up: 1, pairs_min: 3 };

/// Time for each MiB of the body over the time without runtimes. Fails where memory grows with the
/// body.
pub(crate) fn body() -> Result<Measured> {
    let runtime = runtime()?;
    let runtimes = runtime.block_on(Runtimes::with_least_agent())?;
    let piece = vec![b'A'; MIB];
    let mut held = 0.0_f64;
    let mut measured = turns_of(EFFORT, Turn::ratio, String::new(), || {
        let (own, grown) = runtime.block_on(watched(&runtimes, &piece))?;
        held = held.max(grown);
        let reference = runtime.block_on(sent(runtimes.direct_calls(), &piece))?;
        Ok(Turn { own, reference })
    })?;
    ensure!(held <= HELD_KIB_MAX, "a runtime held {held:.0} KiB more while the body passed");
    measured.input = format!("1 GiB, us a MiB, memory +{held:.0} KiB");
    runtime.block_on(runtimes.stop())?;
    Ok(measured)
}

/// As [`sent`] through both runtimes, and what the one that held more held at most, KiB.
async fn watched(runtimes: &Runtimes, piece: &[u8]) -> Result<(f64, f64)> {
    let before = runtimes.used()?;
    let mut most = 0.0_f64;
    let watching = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            for (now, before) in runtimes.used()?.iter().zip(before) {
                most = most.max(now.resident_kib - before.resident_kib);
            }
        }
    };
    let took = tokio::select! {
        took = sent(runtimes.calls(), piece) => took?,
        failed = watching => return failed,
    };
    Ok((took, most))
}

/// Sends the body; how long each MiB took, in microseconds.
async fn sent(call: Call, piece: &[u8]) -> Result<f64> {
    let bytes = PIECES * MIB + BEFORE.len() + BEHIND.len();
    let mut connection = Connection::open(call.at).await?;
    let begun = Instant::now();
    connection.send(&call.head("/rest/message:send", bytes)).await?;
    connection.send(BEFORE).await?;
    for _ in 0..PIECES {
        connection.send(piece).await?;
    }
    connection.ask(BEHIND).await?;
    Ok(begun.elapsed().as_secs_f64() * 1e6 / 1024.0)
}

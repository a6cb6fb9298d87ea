//! A thousand streams of events at a time, on the one channel between two runtimes.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::client::{Call, Connection};
use super::runtime;
use super::systems::Runtimes;
use crate::timing::Measured;

/// Streams that count, for the memory of each and for what arrives on them.
const STREAMS: u32 = 1000;
/// Streams before them, which have ended: what the first ones take is not theirs alone.
const FIRST: u32 = 16;
/// Events on each, and how far they are apart.
const EVENTS: usize = 12;
const APART: Duration = Duration::from_millis(500);
/// How long all of them may take, with their opening. A stream that is starved takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Memory that each stream takes in the runtime that holds more. Fails unless every event of every
/// stream arrives.
pub(crate) fn streams() -> Result<Measured> {
    let runtime = runtime()?;
    let runtimes = runtime.block_on(Runtimes::with_least_agent())?;
    let held = runtime.block_on(async {
        drop(open(&runtimes.calls(), FIRST, 1).await?);
        let before = runtimes.used()?;
        let streams = open(&runtimes.calls(), STREAMS, EVENTS).await?;
        let now = runtimes.used()?;
        let channels = runtimes.caller.channels().await?.len();
        ensure!(channels == 1, "there are {channels} channels");
        tokio::time::timeout(LIMIT, ended(streams)).await.context("a stream is starved")??;
        let grown =
            now.iter().zip(before).map(|(now, before)| now.resident_kib - before.resident_kib);
        anyhow::Ok(grown.fold(0.0, f64::max))
    })?;
    runtime.block_on(runtimes.stop())?;
    let input = format!("{STREAMS} streams, {EVENTS} events each");
    Ok(Measured::size(held, f64::from(STREAMS), input))
}

/// So many streams, each with its first event.
async fn open(call: &Call, streams: u32, events: usize) -> Result<Vec<Connection>> {
    let text = format!("tick {events} {}", APART.as_millis());
    let request = call.json_rpc("SendStreamingMessage", &text);
    let mut open = Vec::new();
    for _ in 0..streams {
        let mut connection = Connection::open(call.at).await?;
        connection.send(&request).await?;
        connection.until(b"data: ").await?;
        open.push(connection);
    }
    Ok(open)
}

/// Every stream with all of its events.
async fn ended(streams: Vec<Connection>) -> Result<()> {
    let mut reading = JoinSet::new();
    for mut stream in streams {
        reading.spawn(async move {
            for _ in 1..EVENTS {
                stream.until(b"data: ").await?;
            }
            stream.until(b"\r\n0\r\n\r\n").await
        });
    }
    while let Some(read) = reading.join_next().await {
        read.context("a stream's task")??;
    }
    Ok(())
}

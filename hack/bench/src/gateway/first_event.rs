//! How much later the first event of a stream comes than without runtimes.

use std::time::Instant;

use anyhow::Result;

use super::client::{Call, Connection};
use super::runtime;
use super::systems::Runtimes;
use crate::timing::{Measured, Turn, USUAL, turns_of};

/// Milliseconds from the request to the first event, less those of the same without runtimes.
pub(crate) fn first_event() -> Result<Measured> {
    let runtime = runtime()?;
    let runtimes = runtime.block_on(Runtimes::with_least_agent())?;
    let open = |call| runtime.block_on(Listener::open(call));
    let mut own = open(runtimes.calls())?;
    let mut reference = open(runtimes.direct_calls())?;
    let input = "two events, 1 ms apart".to_owned();
    let measured = turns_of(USUAL, Turn::delay_ms, input, || {
        runtime.block_on(async {
            Ok(Turn { own: own.first().await?, reference: reference.first().await? })
        })
    })?;
    runtime.block_on(runtimes.stop())?;
    Ok(measured)
}

/// Whoever waits for events.
struct Listener {
    request: Vec<u8>,
    connection: Connection,
}

impl Listener {
    async fn open(call: Call) -> Result<Self> {
        let request = call.json_rpc("SendStreamingMessage", "tick 2 1");
        Ok(Self { request, connection: Connection::open(call.at).await? })
    }

    /// Microseconds until the first event is whole; then the rest of the answer is read.
    async fn first(&mut self) -> Result<f64> {
        let begun = Instant::now();
        self.connection.send(&self.request).await?;
        self.connection.until(b"data: ").await?;
        self.connection.until(b"\n\n").await?;
        let took = begun.elapsed();
        self.connection.until(b"\r\n0\r\n\r\n").await?;
        Ok(took.as_secs_f64() * 1e6)
    }
}

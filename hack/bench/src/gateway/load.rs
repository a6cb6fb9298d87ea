//! A closed loop of unary calls: each connection asks again as soon as it is answered.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::client::{Call, Connection};
use crate::timing::at_percent;

/// Open connections to one system, and what they ask.
#[derive(Debug)]
pub(super) struct Load {
    request: Vec<u8>,
    connections: Vec<Connection>,
}

/// What one run of a load came to.
#[derive(Debug)]
pub(super) struct Told {
    took: Duration,
    /// How long each call took in microseconds, shortest first.
    micros: Vec<f64>,
}

/// The body of a request is 1 KiB with this much text in it.
const TEXT_BYTES: usize = 898;

impl Load {
    /// Opens so many connections, and asks once on each.
    pub(super) async fn open(call: Call, connections: usize) -> Result<Self> {
        let request = call.json_rpc("SendMessage", &"x".repeat(TEXT_BYTES));
        let mut load = Self { request, connections: Vec::with_capacity(connections) };
        for _ in 0..connections {
            let mut connection = Connection::open(call.at).await?;
            connection.ask(&load.request).await?;
            load.connections.push(connection);
        }
        Ok(load)
    }

    /// Asks for `time`. A call that fails ends it.
    pub(super) async fn run(&mut self, time: Duration) -> Result<Told> {
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let request = self.request.clone();
            asking.spawn(async move {
                let (mut micros, mut last) = (Vec::new(), Instant::now());
                while begun.elapsed() < time {
                    connection.ask(&request).await?;
                    let now = Instant::now();
                    micros.push(now.duration_since(last).as_secs_f64() * 1e6);
                    last = now;
                }
                anyhow::Ok((connection, micros))
            });
        }
        let mut all = Vec::new();
        while let Some(asked) = asking.join_next().await {
            let (connection, micros) = asked.context("a connection's task")??;
            self.connections.push(connection);
            all.extend(micros);
        }
        let took = begun.elapsed();
        all.sort_by(f64::total_cmp);
        Ok(Told { took, micros: all })
    }
}

impl Told {
    /// How many calls were answered.
    pub(super) fn calls(&self) -> f64 {
        u32::try_from(self.micros.len()).map_or(f64::INFINITY, f64::from)
    }

    /// Time for each call, over all connections together.
    pub(super) fn micros_per_call(&self) -> f64 {
        self.took.as_secs_f64() * 1e6 / self.calls()
    }

    /// How long a call took at most, of so many in a hundred.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        at_percent(&self.micros, percent)
    }
}

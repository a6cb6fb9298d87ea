//! A call with the official Python SDK at both ends.

use anyhow::{Context as _, Result, ensure};
use cloister_devnet::enclave::Agents;
use cloister_devnet::python::Python;
use serde::Deserialize;

use super::runtime;
use super::systems::Runtimes;
use crate::timing::{Measured, median, spread};

/// What `pairs.py` prints: seconds, each of one call.
#[derive(Deserialize)]
struct Times {
    own: Vec<f64>,
    reference: Vec<f64>,
}

/// The median of calls through two runtimes over that of the same calls without them.
pub(crate) fn sdk() -> Result<Measured> {
    let runtime = runtime()?;
    let Times { mut own, mut reference } = runtime.block_on(async {
        let python = Python::with_a2a_sdk().await?;
        let runtimes = Runtimes::start(Agents::Python(python.clone())).await?;
        let urls = runtimes.urls();
        let printed = python.run("pairs.py", &[&urls.own, &urls.reference]).await?;
        runtimes.stop().await?;
        serde_json::from_value::<Times>(printed).context("pairs.py printed something else")
    })?;
    ensure!(own.len() == reference.len() && !own.is_empty(), "pairs.py timed no pairs");
    let mut ratios: Vec<_> = own.iter().zip(&reference).map(|(own, it)| own / it).collect();
    let (own, reference) = (median(&mut own) * 1e6, median(&mut reference) * 1e6);
    median(&mut ratios);
    Ok(Measured {
        micros: Some(own),
        reference_micros: Some(reference),
        value: own / reference,
        spread: spread(&ratios),
        samples: ratios.len(),
        input: "a2a-sdk at both ends".to_owned(),
    })
}

//! `cloister fleet forecast`.

use std::path::Path;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::forecast::{Minimums, Outlook, forecast};
use cloister_attestation::policy::Policy;

use super::error::FleetError;
use super::known;
use super::sets::Sets;
use super::telling::Telling;
use crate::answer::Answer;
use crate::arguments::{ConnectionArguments, ForecastArguments};
use crate::clock;
use crate::evidence::demands;
use crate::file;

pub(super) fn run(connection: &ConnectionArguments, options: &ForecastArguments) -> Answer {
    asked(connection, options).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn asked(
    connection: &ConnectionArguments,
    options: &ForecastArguments,
) -> Result<Answer, FleetError> {
    let now = options.at.as_deref().map_or_else(|| Ok(clock::now()), demands::time)?;
    let switch = options.switch_on.as_deref().map(demands::time).transpose()?;
    let minimums = options.minimums.as_deref().map_or_else(|| Ok(Minimums::default()), minimums)?;
    let (anchors, policy) = judged_by(options)?;
    let folders = known::folders(options)?;
    let machines = known::machines(connection, &folders, &anchors, now)?;
    let mut sets = Sets::new(&anchors, now);
    sets.add_files(options)?;
    sets.add_folders(&folders)?;
    sets.fetch(options, &machines)?;
    let (sets, unfetched) = sets.into_parts();
    let outlook = Outlook { sets: &sets, switch, minimums: &minimums, policy: &policy };
    let mut telling = Telling::new(options.within.0, now, unfetched);
    for machine in &machines {
        telling.add(machine, forecast(machine, &outlook, now));
    }
    Ok(telling.answer())
}

fn judged_by(options: &ForecastArguments) -> Result<(Anchors, Policy), FleetError> {
    let (anchors, built_in) = match &options.simulator_anchor {
        Some(path) => {
            let anchor = demands::anchor(path)?;
            let policy = Policy::strict_for_simulator(anchor.fingerprint());
            (Anchors::dangerous_simulator(anchor), policy)
        }
        None => (Anchors::vendor(), Policy::strict()),
    };
    let policy = options.policy.as_deref().map_or(Ok(built_in), demands::policy)?;
    Ok((anchors, policy))
}

fn minimums(path: &Path) -> Result<Minimums, FleetError> {
    Minimums::from_toml(&file::read_text(path)?)
        .map_err(|source| FleetError::Minimums { path: path.to_owned(), source })
}

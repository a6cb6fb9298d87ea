//! `cloister fleet`: what concerns all machines together.

mod error;
mod forecast;
mod known;
mod sets;
mod telling;

use crate::answer::Answer;
use crate::arguments::{FleetArguments, FleetCommand};
use crate::operator;

/// Does what `cloister fleet` asks for.
pub(crate) fn run(arguments: &FleetArguments) -> Answer {
    match &arguments.command {
        FleetCommand::Checkpoints => operator::checkpoints(&arguments.connection),
        FleetCommand::Reattest { all } => operator::reattest(&arguments.connection, *all),
        FleetCommand::Forecast(options) => forecast::run(&arguments.connection, options),
    }
}

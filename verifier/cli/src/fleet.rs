//! `cloister fleet`: what concerns all machines together.

mod error;
mod forecast;
mod known;
mod sets;
mod telling;

use crate::answer::Answer;
use crate::arguments::{FleetArguments, FleetCommand};

/// Does what `cloister fleet` asks for.
pub(crate) fn run(arguments: &FleetArguments) -> Answer {
    match &arguments.command {
        FleetCommand::Forecast(options) => forecast::run(&arguments.connection, options),
    }
}

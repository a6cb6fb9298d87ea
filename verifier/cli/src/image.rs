//! `cloister image`: what is done with an image, from its making to its end.

mod boot;
mod build;
mod lock;
mod measure;
mod progress;

use crate::answer::Answer;
use crate::arguments::ImageCommand;
use crate::operator;

/// Does what `cloister image` asks for.
pub(crate) fn run(command: &ImageCommand, json: bool) -> Answer {
    match command {
        ImageCommand::Build(arguments) => build::run(arguments),
        ImageCommand::Lock(arguments) => lock::run(arguments),
        ImageCommand::Measure(arguments) => measure::run(arguments),
        ImageCommand::Boot(arguments) => boot::run(arguments, json),
        ImageCommand::Admit(arguments) => operator::admit_image(arguments),
        ImageCommand::List(arguments) => operator::list_images(arguments),
        ImageCommand::Retire(arguments) => operator::retire_image(arguments),
    }
}

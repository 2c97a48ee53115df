//! The command line: arguments, progress, the way of a run from its scenario to its exit code.
//!
//! What is done lies in the other rooms; this one puts them in order and holds no logic that a room owns.

mod arguments;
mod artefacts;
mod attached;
mod bug;
mod commands;
mod console;
mod exit;
mod facts;
mod failure;
mod faults;
mod glue;
mod interrupt;
mod judgment;
mod keeper;
mod pipeline;
mod process;
mod progress;
mod repeated;
mod selection;
mod series;
mod standing;
mod stop;

use std::process::ExitCode;

fn main() -> ExitCode {
    bug::install_hook();
    console::ended(bug::caught(commands::dispatch)).into()
}

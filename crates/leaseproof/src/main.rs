//! The command line: arguments, progress, and the flow of a run from its scenario to its exit code.
//!
//! This crate combines the other crates and contains no logic that belongs to one of them.

mod arguments;
mod artefacts;
mod attached;
mod bug;
mod commands;
mod console;
mod exit;
mod facts;
mod failure;
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

//! The command line: arguments, progress, and the flow of a run from its scenario to its exit code.
//!
//! This crate combines the other crates and contains no logic that belongs to one of them.

mod arguments;
mod attached;
mod bug;
mod commands;
mod console;
mod dispatch;
mod execution;
mod exit;
mod facts;
mod failure;
mod keeper;
mod overrides;
mod progress;
mod selection;
mod series;

use std::process::ExitCode;

fn main() -> ExitCode {
    bug::install_hook();
    console::ended(bug::caught(dispatch::dispatch)).into()
}

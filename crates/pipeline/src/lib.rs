//! Runs a plan: starts its environment or attaches to a running one, runs the setup and the load with its faults and
//! actions while everything is observed, stops what it started, and judges the recorded history.
//!
//! The crate has no terminal. It reports through [`Display`], ends early through [`Interrupt`], and returns its results;
//! printing and exit codes belong to the command line.

mod artifacts;
pub mod attached;
mod display;
mod ending;
mod environment;
mod error;
mod glue;
mod interrupt;
mod judgment;
mod pace;
mod process;
mod repeated;
mod run;
mod stop;

pub use artifacts::{read_servers, read_verdicts, write_judged};
pub use display::{Display, Stage};
pub use error::Error;
pub use interrupt::{Cut, Interrupt, Signal};
pub use judgment::{JudgedRun, check_size, credential_ends, judge};
pub use process::{harness, is_running, started, supervisor};
pub use run::{Run, run};
pub use stop::Stop;

//! The commands, one file each.

use std::path::Path;

use leaseproof_scenario::{LoadOptions, Plan, Problems};
use tokio::runtime::Runtime;

use crate::console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::overrides::Overrides;

pub(crate) mod annotate;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod explain;
pub(crate) mod grants;
pub(crate) mod judge;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod policy;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod supervise;
pub(crate) mod up;
pub(crate) mod validate;

/// Reads and checks a scenario.
fn load(path: &Path, overrides: &Overrides) -> Result<Plan, Failure> {
    check(path, overrides).map(|(plan, _)| plan)
}

/// The same, with the warnings.
fn check(path: &Path, overrides: &Overrides) -> Result<(Plan, Problems), Failure> {
    let options = LoadOptions {
        profile: overrides.profile.clone(),
        set: overrides.set.clone(),
        thresholds: overrides.threshold.clone(),
    };
    leaseproof_scenario::check(path, &options)
        .map_err(|problems| Failure::rendered(problems.render(console::coloured())))
}

/// The async runtime of a command with servers. Two threads are enough, because everything waits for servers.
fn runtime() -> Result<Runtime, Failure> {
    leaseproof_environment::raise_file_limit();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Environment, format!("cannot start threads: {error}")))
}

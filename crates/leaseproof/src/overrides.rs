//! The arguments of all commands that read a scenario.

use std::path::PathBuf;

use clap::Args;

/// A scenario, and the changes for one run.
#[derive(Clone, Debug, Args)]
pub(crate) struct ScenarioArgs {
    /// The scenario: its folder, or its scenario.toml
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// Changes to a scenario for one run.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Changes one value of the scenario, for example `--set phase.steady.rate=5/s`; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Adds a threshold for one run, for example `--threshold 'issue.response.p99 < 250ms'` or `--threshold 'renew.failed{role=app} <= 1%'`; can be repeated
    #[arg(long, value_name = "METRIC LIMIT")]
    pub(crate) threshold: Vec<String>,
    /// Applies `[profile.NAME]` of the scenario
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

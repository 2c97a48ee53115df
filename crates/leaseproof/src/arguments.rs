//! The arguments: what each command is called and takes. What it does is in `commands/`.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

use crate::commands::{
    annotate, clean, completions, conformance, doctor, down, explain, grants, judge, list, new, policy, reference, run,
    schema, show, supervise, up, validate,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Does an estate in which Vault hands out PostgreSQL credentials do what its runbook promises?
///
/// A scenario says what the estate is, what its operator does and what is promised. leaseproof stands real servers up,
/// does what the operator does, takes real credentials through their whole lives, looks on, and judges every promise
/// with evidence.
#[derive(Debug, Parser)]
#[command(
    name = "leaseproof",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    after_long_help = "Examples:\n  leaseproof doctor\n  leaseproof run scenarios/powerdns\n  \
                       leaseproof show reports/runs/powerdns/20261122T225801Z-3f2a --lease ID\n\n\
                       Exit codes: 0 every promise was kept · 1 one was broken · 2 bad usage or scenario · 3 undecided · \
                       4 the measurement is invalid · 5 no estate · 70 a bug of ours · 129, 130, 131, 143 ended by SIGHUP, SIGINT, SIGQUIT, SIGTERM."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::RunArgs),
    Validate(validate::ValidateArgs),
    Schema(schema::SchemaArgs),
    List(list::ListArgs),
    New(new::NewArgs),
    Doctor(doctor::DoctorArgs),
    Conformance(conformance::ConformanceArgs),
    Up(up::UpArgs),
    Down(down::DownArgs),
    Clean(clean::CleanArgs),
    Judge(judge::JudgeArgs),
    Annotate(annotate::AnnotateArgs),
    Show(show::ShowArgs),
    Explain(explain::ExplainArgs),
    Grants(grants::GrantsArgs),
    Policy(policy::PolicyArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Reference(reference::ReferenceArgs),
    #[command(hide = true)]
    Supervise(supervise::SuperviseArgs),
}

/// A scenario, and what one run changes in it.
#[derive(Clone, Debug, Args)]
pub(crate) struct ScenarioArgs {
    /// The scenario: its folder, or its scenario.toml
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// What one run changes in a scenario.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Changes one value of the scenario, as in `--set phase.steady.rate=5/s`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Takes a `[profile.NAME]` of the scenario
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_explained_with_an_example() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(command.get_long_about().is_some(), "{name} has no long help");
            let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains(&format!("leaseproof {name}")), "{name} has no example");
        }
    }
}

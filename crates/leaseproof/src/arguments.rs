//! The commands and their arguments. Their code is in `commands/`.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::commands::{
    annotate, clean, completions, conformance, doctor, down, explain, grants, judge, list, new, policy, reference, run,
    schema, show, supervise, up, validate,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Tests whether an environment in which Vault issues PostgreSQL credentials does what its runbook promises
///
/// A scenario describes the environment, its setup, the promises and the load. leaseproof starts real servers, does
/// the setup, takes real credentials through their full lifecycle (issue, log in, renew, revoke or expire), observes
/// the servers, and judges every promise with evidence.
#[derive(Debug, Parser)]
#[command(
    name = "leaseproof",
    version,
    styles = STYLES,
    after_help = "Examples: leaseproof --help",
    after_long_help = "Examples:\n  leaseproof doctor\n  leaseproof run scenarios/powerdns\n  \
                       leaseproof show reports/runs/powerdns/20261122T225801Z-3f2a --lease ID\n\n\
                       Exit codes: 0 passed · 1 failed · 2 wrong usage or invalid scenario · 3 undecided · 4 the measurement is invalid · \
                       5 no environment · 70 a bug in leaseproof · 129, 130, 131, 143 ended by SIGHUP, SIGINT, SIGQUIT, SIGTERM."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
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

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Cli;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    /// What `leaseproof WORDS` prints instead of running a command.
    fn printed(words: &[&str]) -> String {
        let given = std::iter::once("leaseproof").chain(words.iter().copied());
        Cli::try_parse_from(given).unwrap_err().to_string()
    }

    #[test]
    fn the_short_help_of_every_command_says_where_its_examples_are() {
        assert!(printed(&["-h"]).contains("Examples: leaseproof --help"), "{}", printed(&["-h"]));
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let short = printed(&[command.get_name(), "-h"]);
            assert!(short.contains(&format!("Examples: leaseproof {} --help", command.get_name())), "{short}");
        }
    }

    #[test]
    fn help_is_a_command_too() {
        assert_eq!(printed(&["help", "run"]), printed(&["run", "--help"]));
        assert_eq!(printed(&["help"]), printed(&["--help"]));
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

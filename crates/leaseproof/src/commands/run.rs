use std::path::PathBuf;

use clap::{Args, ValueEnum};
use leaseproof_domain::RunVerdicts;
use leaseproof_history::RunFolder;
use leaseproof_report::TerminalView;

use crate::arguments::ScenarioArgs;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::interrupt::Interrupt;
use crate::progress::Screen;
use crate::{artefacts, console, pipeline, selection};

/// Run a scenario and judge every promise
///
/// Stands the estate up, does what its operator does, takes credentials through their whole lives, looks on, tears
/// everything down, and judges what was recorded. Everything that it leaves is in the run's folder.
///
/// Ctrl-C ends it early: no more arrivals, every lease revoked, everything torn down. A second Ctrl-C tears down at
/// once.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof run scenarios/powerdns\n  \
                             leaseproof run scenarios/powerdns --set phase.steady.rate=2/s --only GRA-1,REV-1\n  \
                             leaseproof run scenarios/powerdns --format json --output out | jq .verdict")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The folder for the run's files; otherwise a new one below reports/runs/
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How to print the verdicts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Prints only what did not pass, and the last line
    #[arg(long)]
    quiet: bool,
    /// Judges these checks only
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Judges all checks but these
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Seed of every choice, in place of the scenario's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// How verdicts are printed on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// The content of verdicts.json
    Json,
}

pub(crate) fn run(args: &RunArgs) -> Ended {
    let run = super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let mut plan = super::load(&args.scenario.path, &args.scenario.overrides)?;
        selection::select(&mut plan, &args.only, &args.skip)?;
        plan.seed = args.seed.unwrap_or(plan.seed);
        pipeline::run(&plan, args.output.as_deref(), &interrupt, Screen::new(args.quiet)).await
    })?;
    // Without a single operation there is nothing to report but why.
    if run.stopped.is_none() || !run.verdicts.operations.is_empty() || args.format == Format::Json {
        print(&run.folder, &run.verdicts, args.format, args.quiet, run.exit);
    }
    if let Some(words) = &run.stopped {
        console::note(format!("{words}\nexit {}: {}", run.exit.code(), run.exit.meaning()));
    }
    Ok(run.exit)
}

/// The verdicts on stdout.
pub(crate) fn print(folder: &RunFolder, verdicts: &RunVerdicts, format: Format, quiet: bool, exit: Exit) {
    match format {
        Format::Json => console::out(leaseproof_report::verdicts_json(verdicts)),
        Format::Text => {
            let servers = artefacts::read_servers(folder);
            let path = shown(folder);
            let view = TerminalView {
                servers: &servers,
                folder: Some(&path),
                quiet,
                exit_code: exit.code(),
                exit_meaning: exit.meaning(),
            };
            console::out(leaseproof_report::terminal(verdicts, &view));
        }
    }
}

/// The folder as one would type it from here.
fn shown(folder: &RunFolder) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    folder.path().strip_prefix(here).unwrap_or(folder.path()).display().to_string()
}

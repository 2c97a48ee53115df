use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use leaseproof_domain::RunVerdicts;
use leaseproof_history::RunFolder;
use leaseproof_pipeline::Interrupt;
use leaseproof_report::{Detail, TerminalView};
use leaseproof_scenario::Plan;

use crate::attached::{self, AttachedArgs};
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::overrides::Overrides;
use crate::progress::Screen;
use crate::series::{self, Named};
use crate::{console, execution, selection};

/// Run scenarios and judge every promise
///
/// Starts the environment, does the setup, takes each credential through its full lifecycle, observes, stops everything,
/// and judges the recorded history. All results are in the run's folder.
///
/// Ctrl-C ends a run early: no more arrivals, every lease is revoked, everything is stopped. A second Ctrl-C skips the
/// drain and the revocation: servers that the run started are killed, and their folders removed. In an attached environment
/// it also skips the removal of what the run created: all of it is listed, and `clean --attached` removes it.
///
/// With `--environment attached` no server is started: the run uses the servers in the scenario's `[attached]`, with its
/// own Vault token, which is revoked at the end. The expected cost is printed first.
///
/// Several scenarios, or a folder of them, run one after another and end with one table and one exit code; `--set`,
/// `--only`, `--skip` and the like apply to each of them. Nothing starts unless all of them are valid.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof run --help",
    after_long_help = "Examples:\n  leaseproof run scenarios/powerdns\n  leaseproof run scenarios/ --output out\n  \
                             leaseproof run scenarios/powerdns --set phase.steady.rate=2/s --only GRA-1,REV-1\n  \
                             leaseproof run scenarios/powerdns --format json --output out | jq .verdict\n  \
                             leaseproof run my-environment --environment attached --allow-writes-to vault.example"
)]
pub(crate) struct RunArgs {
    /// The scenarios: folders, scenario.toml files, or folders of scenarios
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// The folder for the run's files; default: a new one below reports/runs/. If it is not empty, DIR-2, DIR-3, … is
    /// used. With several scenarios, each has its own folder in it
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How to print the verdicts; for several scenarios, JSON is one list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    verbosity: Verbosity,
    /// Judges only these checks, and the thresholds of --threshold; the report lists the others as not requested
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Judges all checks except these; a threshold given with --threshold is always judged
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Seed of all random choices, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Runs the complete load even if the same failure repeats
    ///
    /// By default the load ends early after ten consecutive credentials that cannot be issued, or cannot log in, with the
    /// same message of the server, because more of them add no information; in an attached environment also after
    /// three consecutive revocations, because each leaves a role there. Expected errors of a fault, declared known issues
    /// and effects of the load (timeouts, quotas, full connection slots) do not count.
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    attached: AttachedArgs,
}

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Verbosity {
    /// Prints only the checks that did not pass, the run's folder and the last line
    #[arg(long)]
    quiet: bool,
    /// Prints every check with its evidence
    #[arg(long, conflicts_with = "quiet")]
    verbose: bool,
}

impl Verbosity {
    fn detail(self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Usual,
        }
    }
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
    match series::named(&args.paths)? {
        Named::One(path) => one(args, &path),
        Named::Several(paths) => several(args, &paths),
    }
}

/// The plan of one scenario, with the changes from the command line.
fn plan(args: &RunArgs, path: &Path, is_alone: bool) -> Result<Plan, Failure> {
    let (mut plan, warnings) = super::check(path, &args.overrides)?;
    if !warnings.is_empty() && !args.verbosity.quiet {
        let (path, many) = (path.display(), warnings.len());
        let (many, them) =
            if many == 1 { ("1 warning".to_owned(), "it") } else { (format!("{many} warnings"), "them") };
        console::note(format!("{path}: {many} about the scenario; `leaseproof validate {path}` shows {them}"));
    }
    selection::select(&mut plan, &args.only, &args.skip)?;
    attached::prepare(&mut plan, &args.attached, is_alone)?;
    plan.seed = args.seed.unwrap_or(plan.seed);
    Ok(plan)
}

fn one(args: &RunArgs, path: &Path) -> Ended {
    // Before the signal handlers are installed: nothing has been created, so a signal can end a slow read immediately.
    let plan = plan(args, path, true)?;
    let run = super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let screen = Screen::new(args.verbosity.quiet);
        execution::run(&plan, args.output.as_deref(), &interrupt, screen, args.keep_going).await
    })?;
    print(&run.folder, &run.verdicts, args.format, args.verbosity, run.exit);
    Ok(run.exit)
}

fn several(args: &RunArgs, paths: &[PathBuf]) -> Ended {
    let plans = series::plans(paths, |path| plan(args, path, false))?;
    series::check_names(&plans, args.output.as_deref())?;
    let output = args.output.as_deref().map(RunFolder::claim).transpose().map_err(Failure::environment)?;
    execution::say_moved(args.output.as_deref(), output.as_deref());
    let done = super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        Ok::<_, Failure>(
            series::run(
                &plans,
                output.as_deref(),
                &interrupt,
                Screen::new(args.verbosity.quiet),
                args.keep_going,
                |run| {
                    if args.format == Format::Text {
                        print(&run.folder, &run.verdicts, args.format, args.verbosity, run.exit);
                    }
                },
            )
            .await,
        )
    })?;
    match args.format {
        Format::Text => console::styled(format!("\n{}", done.table(console::width()))),
        Format::Json => console::json(done.json()),
    }
    if let Some(output) = &output {
        done.write(output)?;
    }
    Ok(done.exit())
}

/// Prints the verdicts to stdout; as JSON, also the cause of an early end to stderr.
pub(crate) fn print(folder: &RunFolder, verdicts: &RunVerdicts, format: Format, verbosity: Verbosity, exit: Exit) {
    match format {
        Format::Json => {
            console::json(leaseproof_report::verdicts_json(verdicts));
            if let Some(cause) = &verdicts.cause {
                console::note(&cause.what);
            }
        }
        Format::Text => {
            let servers = leaseproof_pipeline::read_servers(folder);
            let path = execution::shown(folder);
            let view = TerminalView {
                servers: &servers,
                folder: Some(&path),
                detail: verbosity.detail(),
                width: console::width(),
                exit_code: exit.code(),
                exit_meaning: (exit != Exit::of(verdicts)).then_some(exit.ending(verdicts.left_behind.is_some())),
            };
            console::styled(leaseproof_report::terminal(verdicts, &view));
        }
    }
}

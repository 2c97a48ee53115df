use std::path::{Path, PathBuf};

use clap::Args;
use leaseproof_domain::visible;
use leaseproof_estate::{CleanOutcome, CleanReport, CleanedRun, CleanedThings, MadeBy};

use crate::arguments::Overrides;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Remove what killed runs left behind
///
/// Goes through the ledgers of all runs that did not end normally, stops their servers and removes their folders. Each
/// run is shown with the user who created it. Active runs and runs of other users or other machines are not touched.
///
/// What a run left in an attached environment is listed, and removed with `--attached`, if it provably belongs to that
/// run (the server's identity, OIDs, accessors). Everything else is listed with the command that removes it.
///
/// Ends with 1 if something remains; with --dry-run, if there is something to remove.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof clean --dry-run\n  leaseproof clean\n  \
                             leaseproof clean --attached my-estate")]
pub(crate) struct CleanArgs {
    /// First removes what killed runs left in the environment of this scenario's [attached]
    #[arg(long, value_name = "SCENARIO")]
    attached: Option<PathBuf>,
    /// Shows what would be removed, and removes nothing
    #[arg(long)]
    dry_run: bool,
    /// With --attached: allows an http:// address of another machine
    #[arg(long, requires = "attached")]
    insecure_http: bool,
}

pub(crate) fn clean(args: &CleanArgs) -> Ended {
    let remains = match &args.attached {
        Some(scenario) => attached(scenario, args)?,
        None => false,
    };
    let report = leaseproof_estate::clean(args.dry_run);
    say(&report);
    Ok(if report.is_clean() && !remains { Exit::Passed } else { Exit::Failed })
}

/// Removes what runs left in that environment. Returns true if something remains, or if an object that belongs to
/// somebody else now has the name of one of the run's objects.
fn attached(scenario: &Path, args: &CleanArgs) -> Result<bool, Failure> {
    let mut plan = super::load(scenario, &Overrides::default())?;
    if let Some(attached) = &mut plan.attached {
        attached.insecure_http = args.insecure_http;
        leaseproof_estate::in_clear(attached).map_err(Failure::usage)?;
    }
    let cleaned =
        super::runtime()?.block_on(leaseproof_estate::clean_attached(&plan, args.dry_run)).map_err(Failure::estate)?;
    for CleanedThings { run, made_by, things } in &cleaned {
        console::out(format!("{}\n", title(run, made_by.as_ref())));
        for thing in things {
            let label = if thing.strange {
                "not touched: "
            } else if thing.remains && !args.dry_run {
                "still exists: "
            } else {
                ""
            };
            console::out(format!("  {label}{}\n", visible(&thing.words)));
        }
    }
    Ok(cleaned.iter().flat_map(|run| &run.things).any(|thing| thing.remains || thing.strange))
}

fn say(report: &CleanReport) {
    if let Some(why) = &report.unknown {
        console::out(format!("cannot determine what runs left behind: {why}\n"));
    } else if report.runs.is_empty() {
        console::out("nothing was left behind\n");
    }
    for CleanedRun { run, made_by, outcome } in &report.runs {
        console::out(format!("{}: {}\n", title(run, made_by.as_ref()), words(outcome)));
    }
}

fn title(run: &str, made_by: Option<&MadeBy>) -> String {
    visible(&made_by.map_or_else(|| run.to_owned(), |made_by| format!("{run} ({made_by})"))).into_owned()
}

fn words(outcome: &CleanOutcome) -> String {
    let lines = |all: &[String]| all.iter().map(|line| format!("\n  {}", visible(line))).collect::<String>();
    match outcome {
        CleanOutcome::Living { pid } => format!("still running (pid {pid}), not touched"),
        CleanOutcome::Alone { whose } => format!("not touched: {whose}"),
        CleanOutcome::WouldRemove { what, stays } => {
            let what = if what.is_empty() {
                "only its entry in the index".to_owned()
            } else {
                visible(&what.join(", ")).into_owned()
            };
            let stays = if stays.is_empty() { String::new() } else { format!("\n would remain:{}", lines(stays)) };
            format!("would remove {what}{stays}")
        }
        CleanOutcome::Cleaned { ended, removed, tokens } => {
            let removed = removed.iter().map(|path| path.display().to_string());
            let ended = ended.iter().map(|process| format!("{process} ended"));
            let parts: Vec<String> = ended.chain(removed.map(|path| format!("{path} removed"))).collect();
            let tokens = match tokens.len() {
                0 => String::new(),
                1 => "; its token ended with its Vault".to_owned(),
                many => format!("; its {many} tokens ended with its Vault"),
            };
            let parts = if parts.is_empty() { "nothing was left".to_owned() } else { parts.join(", ") };
            format!("{}{tokens}", visible(&parts))
        }
        CleanOutcome::Left { left, gone } => {
            let gone = if gone.is_empty() { String::new() } else { format!("{}; ", visible(&gone.join(", "))) };
            format!("{gone}still exists:{}", lines(left))
        }
    }
}

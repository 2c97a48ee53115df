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
/// Goes through the ledgers of all runs that did not end by themselves: ends their servers and removes their folders.
/// Each run is shown with who made it. Runs that still go on are left alone, and so are those of other users and of
/// other machines.
///
/// What a run left in an estate that it did not make is named, and removed with `--attached`: only what is proved to be
/// that run's (the server's identity, OIDs, accessors). Everything else is named with the command that removes it.
///
/// Ends with 1 where something remains; with --dry-run, where something would be removed.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof clean --dry-run\n  leaseproof clean\n  \
                             leaseproof clean --attached my-estate")]
pub(crate) struct CleanArgs {
    /// Removes first what killed runs left in the estate that this scenario's [attached] names
    #[arg(long, value_name = "SCENARIO")]
    attached: Option<PathBuf>,
    /// Shows what would be removed, and removes nothing
    #[arg(long)]
    dry_run: bool,
    /// With --attached: lets an http:// address lead to another machine
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

/// Removes what stands in that estate. True where something remains, or where somebody else's has the name of
/// something that was the run's.
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
                "left alone: "
            } else if thing.remains && !args.dry_run {
                "still there: "
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
        console::out(format!("nobody can say what runs left behind: {why}\n"));
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
        CleanOutcome::Living { pid } => format!("still going on (pid {pid}), left alone"),
        CleanOutcome::Alone { whose } => format!("left alone: {whose}"),
        CleanOutcome::WouldRemove { what, stays } => {
            let what = if what.is_empty() {
                "nothing but its entry in the index".to_owned()
            } else {
                visible(&what.join(", ")).into_owned()
            };
            let stays = if stays.is_empty() { String::new() } else { format!("\n would stay:{}", lines(stays)) };
            format!("would remove {what}{stays}")
        }
        CleanOutcome::Cleaned { ended, removed, tokens } => {
            let removed = removed.iter().map(|path| path.display().to_string());
            let ended = ended.iter().map(|process| format!("{process} ended"));
            let parts: Vec<String> = ended.chain(removed.map(|path| format!("{path} removed"))).collect();
            let tokens = match tokens.len() {
                0 => String::new(),
                1 => "; its token went with its Vault".to_owned(),
                many => format!("; its {many} tokens went with its Vault"),
            };
            let parts = if parts.is_empty() { "nothing was left".to_owned() } else { parts.join(", ") };
            format!("{}{tokens}", visible(&parts))
        }
        CleanOutcome::Left { left, gone } => {
            let gone = if gone.is_empty() { String::new() } else { format!("{}; ", visible(&gone.join(", "))) };
            format!("{gone}still there:{}", lines(left))
        }
    }
}

use std::path::{Path, PathBuf};

use clap::Args;
use leaseproof_domain::{visible, visible_lines};
use leaseproof_environment::{CleanOutcome, CleanReport, CleanedRun, CleanedThings, MadeBy, ThingState, left_by_login};
use leaseproof_scenario::Plan;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::keeper::{forget, own_ledger};
use crate::overrides::Overrides;

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
#[command(
    after_help = "Examples: leaseproof clean --help",
    after_long_help = "Examples:\n  leaseproof clean --dry-run\n  leaseproof clean\n  \
                             leaseproof clean --attached my-environment"
)]
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
    let (shown, remains) = match &args.attached {
        Some(scenario) => attached(scenario, args)?,
        None => (Vec::new(), false),
    };
    let report = leaseproof_environment::clean(args.dry_run);
    say(&report, &shown);
    Ok(if report.is_clean() && !remains { Exit::Passed } else { Exit::Failed })
}

/// Removes what runs left in that environment. Returns the runs that were shown, and whether something remains, or an
/// object that belongs to somebody else now has the name of one of the run's objects.
fn attached(scenario: &Path, args: &CleanArgs) -> Result<(Vec<String>, bool), Failure> {
    let mut plan = super::load(scenario, &Overrides::default())?;
    if let Some(attached) = &mut plan.attached {
        attached.insecure_http = args.insecure_http;
        leaseproof_environment::in_clear(attached).map_err(Failure::usage)?;
    }
    let (run, cleaned, left) = removed(&plan, args.dry_run)?;
    for CleanedThings { run, made_by, things } in &cleaned {
        console::out(format!("{}\n", title(run, made_by.as_ref())));
        for thing in things {
            let label = match thing.state {
                ThingState::Foreign | ThingState::Changed => "not touched: ",
                ThingState::Remains if !args.dry_run => "still exists: ",
                ThingState::Remains | ThingState::Unknown | ThingState::NotReached | ThingState::Gone => "",
            };
            console::out(format!("  {label}{}\n", visible(&thing.words)));
            if let Some(help) = &thing.help {
                console::out(format!("  {}\n", visible(help)));
            }
        }
    }
    let remains = cleaned.iter().flat_map(|run| &run.things).any(|thing| thing.state != ThingState::Gone);
    let shown = cleaned.into_iter().filter(|run| !run.things.is_empty()).map(|run| run.run);
    if let Some(left) = &left {
        console::out(format!("{}\n", visible_lines(left)));
    }
    Ok((shown.chain(left.as_ref().map(|_| run)).collect(), remains || left.is_some()))
}

/// Removes it. The login for that has a ledger of its own, as a run's has. Returns that ledger's run, and in words the
/// login that could not be ended.
fn removed(plan: &Plan, dry_run: bool) -> Result<(String, Vec<CleanedThings>, Option<String>), Failure> {
    let (folder, ledger) = own_ledger("clean", leaseproof_pipeline::harness(), &format!("clean {}", plan.name))?;
    let cleaned = super::runtime()?.block_on(leaseproof_environment::clean_attached(plan, dry_run, &ledger));
    let left = left_by_login(folder.name());
    if left.is_none() {
        ledger.closed().map_err(Failure::environment)?;
        forget(&folder);
    }
    match cleaned {
        Ok(cleaned) => Ok((folder.name().to_owned(), cleaned, left)),
        Err(why) => {
            let exit = if why.is_unsuitable() { Exit::Usage } else { Exit::Environment };
            let words = [Some(why.to_string()), left].into_iter().flatten().collect::<Vec<_>>().join("\n");
            Err(Failure::new(exit, words))
        }
    }
}

/// What became of each run. Of those in `shown`, what is in servers that they did not start was reported before.
fn say(report: &CleanReport, shown: &[String]) {
    if let Some(why) = &report.unknown {
        console::out(format!("cannot determine what runs left behind: {why}\n"));
    } else if report.runs.is_empty() && shown.is_empty() {
        console::out("nothing was left behind\n");
    }
    for CleanedRun { run, made_by, outcome } in &report.runs {
        if let Some(words) = words(outcome, shown.contains(run)) {
            console::out(format!("{}: {words}\n", title(run, made_by.as_ref())));
        }
    }
}

fn title(run: &str, made_by: Option<&MadeBy>) -> String {
    visible(&made_by.map_or_else(|| run.to_owned(), |made_by| format!("{run} ({made_by})"))).into_owned()
}

/// In words; none where that was reported before.
fn words(outcome: &CleanOutcome, was_shown: bool) -> Option<String> {
    let lines = |all: &[String]| all.iter().map(|line| format!("\n  {}", visible(line))).collect::<String>();
    let part = |title: &str, all: &[String]| (!all.is_empty()).then(|| format!("{title}{}", lines(all)));
    let there = |all: &[String]| part("left in servers that the run did not start:", if was_shown { &[] } else { all });
    let join = |parts: Vec<Option<String>>| {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("\n "))
    };
    match outcome {
        CleanOutcome::Living { .. } if was_shown => None,
        CleanOutcome::Living { pid } => Some(format!("still running (pid {pid}), not touched")),
        CleanOutcome::Alone { whose } => Some(format!("not touched: {}", visible(whose))),
        CleanOutcome::WouldRemove { what, stays, there: left } => {
            let removed = (!what.is_empty()).then(|| format!("would remove {}", visible(&what.join(", "))));
            let nothing = what.is_empty() && stays.is_empty() && left.is_empty();
            let nothing =
                (nothing && !was_shown).then(|| "nothing is left of it; leaseproof would forget the run".to_owned());
            join(vec![removed, part("would remain:", stays), there(left), nothing])
        }
        CleanOutcome::Cleaned { ended, removed, tokens } => {
            let removed = removed.iter().map(|path| format!("{} removed", path.display()));
            let parts: Vec<String> = ended.iter().map(|process| format!("{process} ended")).chain(removed).collect();
            let tokens = match tokens.len() {
                0 => String::new(),
                1 => "; its token ended with its Vault".to_owned(),
                many => format!("; its {many} tokens ended with its Vault"),
            };
            match parts.is_empty() {
                true if was_shown => None,
                true => Some(format!("nothing was left{tokens}")),
                false => Some(format!("{}{tokens}", visible(&parts.join(", ")))),
            }
        }
        CleanOutcome::Left { left, gone, there: elsewhere } => {
            let gone = (!gone.is_empty()).then(|| visible(&gone.join(", ")).into_owned());
            join(vec![gone, part("still exists:", left), there(elsewhere)])
        }
    }
}

use std::path::PathBuf;

use clap::Args;
use leaseproof_domain::visible;
use leaseproof_estate::{CleanOutcome, CleanedRun, CleanedToken};

use crate::arguments::Overrides;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Remove what killed runs left behind
///
/// Goes through the ledgers of all runs that did not end by themselves: ends their servers, revokes their tokens,
/// removes their folders. What a run left in an estate that it did not make is named, and revoked with `--attached`. Runs that still go on are left alone. Ends with 1 where something remains.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof clean\n  leaseproof clean --attached my-estate")]
pub(crate) struct CleanArgs {
    /// Revokes first what killed runs left in the estate that this scenario's [attached] names
    #[arg(long, value_name = "SCENARIO")]
    attached: Option<PathBuf>,
}

pub(crate) fn clean(args: &CleanArgs) -> Ended {
    if let Some(scenario) = &args.attached {
        let plan = super::load(scenario, &Overrides::default())?;
        let tokens = super::runtime()?.block_on(leaseproof_estate::clean_attached(&plan)).map_err(Failure::estate)?;
        for CleanedToken { run, accessor, why } in tokens {
            let ended = why.map_or_else(|| "revoked".to_owned(), |why| format!("still there: {why}"));
            let line = format!("{run}: its token (accessor {accessor}) and every lease under it: {ended}");
            console::out(format!("{}\n", visible(&line)));
        }
    }
    let report = leaseproof_estate::clean();
    if report.runs.is_empty() {
        console::out("nothing was left behind\n");
    }
    for CleanedRun { run, outcome } in &report.runs {
        console::out(format!("{}: {}\n", visible(run), visible(&words(outcome))));
    }
    Ok(if report.is_clean() { Exit::Passed } else { Exit::Failed })
}

fn words(outcome: &CleanOutcome) -> String {
    match outcome {
        CleanOutcome::Living { pid } => format!("still going on (pid {pid}), left alone"),
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
            format!("{parts}{tokens}")
        }
        CleanOutcome::Left { left } => format!("still there: {}", left.join(", ")),
    }
}

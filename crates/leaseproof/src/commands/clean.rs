use clap::Args;
use leaseproof_estate::{CleanOutcome, CleanedRun};

use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Remove what killed runs left behind
///
/// Goes through the ledgers of all runs that did not end by themselves: ends their servers, revokes their tokens,
/// removes their folders. Runs that still go on are left alone. Ends with 1 where something remains.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof clean")]
pub(crate) struct CleanArgs {}

pub(crate) fn clean(_: &CleanArgs) -> Ended {
    let report = leaseproof_estate::clean();
    if report.runs.is_empty() {
        console::out("nothing was left behind\n");
    }
    for CleanedRun { run, outcome } in &report.runs {
        console::out(format!("{run}: {}\n", words(outcome)));
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

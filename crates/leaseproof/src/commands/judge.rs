use std::path::PathBuf;

use clap::Args;
use leaseproof_domain::{Judgment, RunVerdicts, visible};
use leaseproof_history::RunFolder;

use crate::commands::run::{Format, Verbosity, print};
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Judge a recorded run again
///
/// Reads only the run's plan and history, and writes its verdicts again. The version that created the run writes the
/// same bytes and ends with the same code; another version lists the differences. For a run that was ended by a
/// signal, `judge` returns the exit code for what was observed before the signal, or 3.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof judge --help",
    after_long_help = "Examples:\n  leaseproof judge reports/runs/powerdns/20261122T225801Z-3f2a\n  \
                             leaseproof judge RUN --format json"
)]
pub(crate) struct JudgeArgs {
    /// The run's folder
    run: PathBuf,
    /// How to print the verdicts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    verbosity: Verbosity,
}

pub(crate) fn judge(args: &JudgeArgs) -> Ended {
    let folder = RunFolder::open(&args.run).map_err(Failure::usage)?;
    let before = leaseproof_pipeline::read_verdicts(&folder);
    let judged = leaseproof_pipeline::judge(&folder)?;
    leaseproof_pipeline::write_judged(&folder, &judged)?;
    let verdicts = &judged.verdicts;
    let exit = Exit::of(verdicts);
    print(&folder, verdicts, args.format, args.verbosity, exit);
    for difference in before.iter().flat_map(|before| differences(before, verdicts)) {
        console::note(visible(&format!("judged differently: {difference}")));
    }
    Ok(exit)
}

/// The differences between two judgments of the same run, one line per check.
fn differences(before: &RunVerdicts, now: &RunVerdicts) -> Vec<String> {
    let twin = |of: &Judgment, among: &[Judgment]| {
        among.iter().find(|other| other.check == of.check && other.subject == of.subject).map(|other| other.verdict)
    };
    let changed = now.checks.iter().filter_map(|check| match twin(check, &before.checks) {
        Some(verdict) if verdict == check.verdict => None,
        Some(verdict) => Some(format!("{} {}: {verdict} before, {} now", check.check, check.subject, check.verdict)),
        None => Some(format!("{} {}: not judged before, {} now", check.check, check.subject, check.verdict)),
    });
    let gone = before.checks.iter().filter(|check| twin(check, &now.checks).is_none());
    let gone = gone.map(|check| format!("{} {}: {} before, not judged now", check.check, check.subject, check.verdict));
    changed.chain(gone).collect()
}

use std::path::PathBuf;

use clap::Args;
use leaseproof_domain::visible;
use leaseproof_history::RunFolder;

use crate::artefacts;
use crate::commands::run::{Format, Verbosity, print};
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::judgment;

/// Judge a recorded run again
///
/// Reads only the run's plan and history, and writes its verdicts again. The version that created the run writes the
/// same bytes and ends with the same code; another version lists the differences. For a run that was ended by a
/// signal, `judge` returns the result of what was observed until then, or 3.
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
    let before = artefacts::read_verdicts(&folder);
    let judged = judgment::of(&folder)?;
    artefacts::write_judged(&folder, &judged)?;
    let verdicts = &judged.verdicts;
    let exit = Exit::of(verdicts);
    print(&folder, verdicts, args.format, args.verbosity, exit);
    for difference in before.iter().flat_map(|before| judgment::differences(before, verdicts)) {
        console::note(visible(&format!("judged differently: {difference}")));
    }
    Ok(exit)
}

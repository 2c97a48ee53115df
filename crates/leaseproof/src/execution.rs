//! One run of a scenario, with its folder and its exit.

use std::path::Path;
use std::sync::Arc;

use leaseproof_domain::RunVerdicts;
use leaseproof_history::RunFolder;
use leaseproof_pipeline::{Display, Interrupt, Run};
use leaseproof_scenario::Plan;

use crate::console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Screen;

/// The default folder of runs, without `--output`.
const RUNS: &str = "reports/runs";

/// A finished run.
pub(crate) struct Finished {
    /// Its folder, with all files that could be written.
    pub(crate) folder: RunFolder,
    /// Its verdicts.
    pub(crate) verdicts: RunVerdicts,
    /// The exit of the process.
    pub(crate) exit: Exit,
}

/// Runs the plan in a new folder: `output`, or one below `reports/runs/`.
pub(crate) async fn run(
    plan: &Plan,
    output: Option<&Path>,
    interrupt: &Interrupt,
    screen: Screen,
    keep_going: bool,
) -> Result<Finished, Failure> {
    let folder = RunFolder::create(Path::new(RUNS), &plan.name, output).map_err(Failure::environment)?;
    say_moved(output, Some(folder.path()));
    let display: Arc<dyn Display> = Arc::new(screen);
    let Run { folder, verdicts } = leaseproof_pipeline::run(plan, folder, interrupt, &display, keep_going).await?;
    // A signal takes precedence over what was observed until then.
    let exit = interrupt.signal().map_or_else(|| Exit::of(&verdicts), Exit::from);
    Ok(Finished { folder, verdicts, exit })
}

/// Prints where the files are written if that is not the named folder.
pub(crate) fn say_moved(wanted: Option<&Path>, taken: Option<&Path>) {
    if let (Some(wanted), Some(taken)) = (wanted, taken)
        && std::path::absolute(wanted).ok() != std::path::absolute(taken).ok()
    {
        console::note(format!("{} is not empty: the run is in {}", wanted.display(), here(taken)));
    }
}

pub(crate) fn here(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// The folder relative to the current folder, if it is below it.
pub(crate) fn shown(folder: &RunFolder) -> String {
    here(folder.path())
}

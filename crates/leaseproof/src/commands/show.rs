use std::path::PathBuf;

use clap::Args;
use leaseproof_domain::Event;
use leaseproof_history::{History, RunFolder};
use leaseproof_report::LifeStory;

use crate::artefacts;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::judgment;

/// Show one life on one screen
///
/// Everything that was done with a credential and seen of it, in order of time, and the findings that name it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
                             leaseproof show RUN --lease database/creds/powerdns-role/Ab3dEf6hIj9kLm2nOp5qRs8t\n  \
                             leaseproof show RUN --lease Ab3dEf6hIj9kLm2nOp5qRs8t")]
pub(crate) struct ShowArgs {
    /// The run's folder
    run: PathBuf,
    /// The lease: its whole id, or the part behind the last slash
    #[arg(long, value_name = "ID")]
    lease: String,
}

pub(crate) fn show(args: &ShowArgs) -> Ended {
    let folder = RunFolder::open(&args.run).map_err(Failure::usage)?;
    let mut story = LifeStory::of(&args.lease);
    each(&folder, |event| story.identify(event))?;
    if !story.is_known() {
        let words = format!("the run {} has no lease `{}`", folder.name(), args.lease);
        return Err(Failure::usage(format!("{words}; the findings of a failed check name the leases they are about")));
    }
    each(&folder, |event| story.tell(event))?;
    console::out(story.render(artefacts::read_verdicts(&folder).as_ref()));
    Ok(Exit::Passed)
}

/// Takes every event of the run's history.
fn each(folder: &RunFolder, mut take: impl FnMut(&Event)) -> Result<(), Failure> {
    let mut history = History::open(&folder.history()).map_err(Failure::usage)?;
    history.by_ref().for_each(|event| take(&event));
    judgment::whole(&folder.history(), &history.ended())
}

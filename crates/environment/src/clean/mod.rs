//! What runs that could not clean up after themselves left behind.

mod run;
mod state;

use std::path::Path;

use leaseproof_history::Ledger;

use crate::launch::containers::{remove_all, strays};
use crate::open_run::{CleanOutcome, MadeBy};

/// What `clean` found, run by run, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanReport {
    /// Every run whose ledger was open.
    pub runs: Vec<CleanedRun>,
    /// Why nobody can say which runs there are, in words.
    pub unknown: Option<String>,
}

impl CleanReport {
    /// Whether nothing is left of any run that is over. A dry run that found something says no.
    pub fn is_clean(&self) -> bool {
        let remains = |run: &CleanedRun| match run.outcome {
            CleanOutcome::Left { .. } | CleanOutcome::WouldRemove { .. } => true,
            CleanOutcome::Living { .. } | CleanOutcome::Alone { .. } | CleanOutcome::Cleaned { .. } => false,
        };
        self.unknown.is_none() && !self.runs.iter().any(remains)
    }
}

/// One run whose ledger was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedRun {
    /// The run's name, which begins with the time of its start in UTC.
    pub run: String,
    /// Who made it; none where its ledger does not say.
    pub made_by: Option<MadeBy>,
    /// What became of it.
    pub outcome: CleanOutcome,
}

/// Removes what runs left that could not clean up after themselves: their processes, folders and sockets. A run whose
/// harness still runs is left alone, and so is another user's. A dry run removes nothing. Blocking; it takes seconds
/// where servers have to be ended.
pub fn clean(dry_run: bool) -> CleanReport {
    clean_in(&Ledger::index_dir(), dry_run)
}

/// As [`clean`], for the runs of another index than the user's own.
pub fn clean_in(index: &Path, dry_run: bool) -> CleanReport {
    let (open, unknown) = match Ledger::open_all_in(index) {
        Ok(open) => (open, None),
        Err(why) => (Vec::new(), Some(why.to_string())),
    };
    let mut runs: Vec<CleanedRun> = open
        .iter()
        .map(|open| CleanedRun {
            run: open.run.clone(),
            made_by: MadeBy::of(&open.entries),
            outcome: run::clean(open, index, dry_run),
        })
        .collect();
    // Containers outlive the index, and tell by their labels whose they are.
    for (run, names) in strays() {
        if !runs.iter().any(|known| known.run == run) {
            runs.push(CleanedRun { run, made_by: None, outcome: stray(names, dry_run) });
        }
    }
    // A harness that was killed before it had a ledger left an empty folder.
    if unknown.is_none() {
        for (run, folder) in state::strays(index, &open) {
            runs.push(CleanedRun { run, made_by: None, outcome: state::remove_stray(&folder, dry_run) });
        }
    }
    CleanReport { runs, unknown }
}

fn stray(names: Vec<String>, dry_run: bool) -> CleanOutcome {
    if dry_run {
        let what = names.iter().map(|name| format!("container {name}")).collect();
        return CleanOutcome::WouldRemove { what, stays: Vec::new(), there: Vec::new() };
    }
    match remove_all(names) {
        (ended, left) if left.is_empty() => CleanOutcome::Cleaned { ended, removed: vec![], tokens: vec![] },
        (gone, left) => CleanOutcome::Left { left, gone, there: Vec::new() },
    }
}

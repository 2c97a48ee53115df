use std::path::{Path, PathBuf};

use leaseproof_history::{Entry, Ledger, OpenLedger};

use crate::attached::{left_at, made_there, vault_of};
use crate::containers::{remove_run, remove_strays};
use crate::folder::PREFIX;
use crate::server::remove_socket;
use crate::{folder, process};

/// What `clean` found, run by run, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanReport {
    /// Every run whose ledger was open.
    pub runs: Vec<CleanedRun>,
}

impl CleanReport {
    /// Whether nothing is left of any run that is over.
    pub fn is_clean(&self) -> bool {
        self.runs.iter().all(|run| !matches!(run.outcome, CleanOutcome::Left { .. }))
    }
}

/// One run whose ledger was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedRun {
    /// The run's name.
    pub run: String,
    /// What became of it.
    pub outcome: CleanOutcome,
}

/// What became of a run's things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CleanOutcome {
    /// Its harness, or its supervisor, still lives: it was left alone.
    Living {
        /// That process.
        pid: u32,
    },
    /// Nothing is left of it; its ledger is closed.
    Cleaned {
        /// Processes that were ended, by name and id.
        ended: Vec<String>,
        /// Folders and files that were removed.
        removed: Vec<PathBuf>,
        /// Accessors of Vault tokens that ended with the run's own Vault.
        tokens: Vec<String>,
    },
    /// Something could not be removed; its ledger stays open.
    Left {
        /// What, and why.
        left: Vec<String>,
    },
}

/// Removes what runs left that could not clean up after themselves: their processes, folders and sockets. A run whose
/// harness still lives is left alone. Blocking; it takes seconds where servers have to be ended.
pub fn clean() -> CleanReport {
    clean_in(&Ledger::index_dir())
}

/// As [`clean`], for the runs of another index than the user's own.
pub fn clean_in(index: &Path) -> CleanReport {
    let runs = Ledger::open_all_in(index).into_iter();
    let mut runs: Vec<CleanedRun> =
        runs.map(|open| CleanedRun { run: open.run.clone(), outcome: clean_run(&open) }).collect();
    // Containers outlive the index, and tell by their labels whose they are.
    for (run, (ended, left)) in remove_strays() {
        if left.is_empty() {
            runs.push(CleanedRun { run, outcome: CleanOutcome::Cleaned { ended, removed: vec![], tokens: vec![] } });
        } else {
            runs.push(CleanedRun { run, outcome: CleanOutcome::Left { left } });
        }
    }
    CleanReport { runs }
}

fn clean_run(open: &OpenLedger) -> CleanOutcome {
    if let Some(pid) = owner(&open.entries) {
        return CleanOutcome::Living { pid };
    }
    let folders: Vec<PathBuf> = open
        .entries
        .iter()
        .filter_map(|entry| if let Entry::Folder { path } = entry { Some(path.clone()) } else { None })
        .collect();
    let (mut ended, mut left) = remove_run(&open.run, &open.entries);
    let (processes, stay) = process::end_run(&open.run, &folders);
    ended.extend(processes);
    left.extend(stay);
    let mut removed = Vec::new();
    for path in open.entries.iter().filter_map(|entry| if let Entry::File { path } = entry { Some(path) } else { None })
    {
        let there = path.symlink_metadata().is_ok();
        for folder in &folders {
            remove_file(path, folder);
        }
        if there && path.symlink_metadata().is_err() {
            removed.push(path.clone());
        }
    }
    for path in &folders {
        match remove_folder(path) {
            Ok(true) => removed.push(path.clone()),
            Ok(false) => {}
            Err(why) => left.push(format!("{} ({why})", path.display())),
        }
    }
    // What stands in an estate that the run did not make did not end with its processes.
    if let Some(vault) = vault_of(&open.entries) {
        left.extend(tokens(&open.entries).iter().map(|accessor| left_at(vault, accessor)));
        left.extend(made_there(&open.entries).iter().map(ToString::to_string));
    }
    if left.is_empty()
        && let Err(why) = open.closed()
    {
        left.push(format!("its entry in the index ({why})"));
    }
    if !left.is_empty() {
        return CleanOutcome::Left { left };
    }
    CleanOutcome::Cleaned { ended, removed, tokens: tokens(&open.entries) }
}

/// The process that still cares for the run. A process with its id and another start time is a stranger.
pub(crate) fn owner(entries: &[Entry]) -> Option<u32> {
    entries.iter().find_map(|entry| match entry {
        Entry::Harness { pid, start_time } | Entry::Supervisor { pid, start_time } => {
            (process::start_time(*pid) == Some(*start_time)).then_some(*pid)
        }
        _ => None,
    })
}

/// The ledger is a file that anybody may have changed: only PostgreSQL's sockets of this run are removed.
fn remove_file(path: &Path, folder: &Path) {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.starts_with(".s.PGSQL.") {
        remove_socket(path, folder);
    }
}

/// As for files: only a folder with our name. True where there was one.
fn remove_folder(path: &Path) -> std::io::Result<bool> {
    let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    if path.symlink_metadata().is_err() {
        return Ok(false);
    }
    if !ours {
        return Err(std::io::Error::other("not a folder of leaseproof's"));
    }
    folder::remove(path).map(|()| true)
}

pub(crate) fn tokens(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .filter_map(
            |entry| if let Entry::TokenAccessor { accessor, .. } = entry { Some(accessor.clone()) } else { None },
        )
        .collect()
}

//! What runs that could not clean up after themselves left behind.

mod run;
mod state;

use std::path::{Path, PathBuf};

use leaseproof_history::{Entry, Ledger};

pub(crate) use self::run::{OpenToken, alone, tokens};
use crate::containers::{remove_all, strays};

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

/// Who started a run, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBy {
    /// The scenario's name, or the command.
    pub scenario: String,
    /// The folder that leaseproof was started in.
    pub folder: PathBuf,
    /// The user's name.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process, where the ledger says.
    pub pid: Option<u32>,
}

impl MadeBy {
    /// What a ledger says of it.
    pub(crate) fn of(entries: &[Entry]) -> Option<Self> {
        let pid = entries.iter().find_map(|entry| match entry {
            Entry::Harness { pid, .. } | Entry::Supervisor { pid, .. } => Some(*pid),
            _ => None,
        });
        entries.iter().find_map(|entry| match entry {
            Entry::Started { scenario, folder, user, host, .. } => Some(Self {
                scenario: scenario.clone(),
                folder: folder.clone(),
                user: user.clone(),
                host: host.clone(),
                pid,
            }),
            _ => None,
        })
    }
}

impl std::fmt::Display for MadeBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, started by {}@{} in {}", self.scenario, self.user, self.host, self.folder.display())?;
        self.pid.map_or(Ok(()), |pid| write!(f, ", pid {pid}"))
    }
}

/// What became of a run's things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CleanOutcome {
    /// Its harness, or its supervisor, still runs: it was left alone.
    Living {
        /// That process.
        pid: u32,
    },
    /// It is another user's, or of another machine, where its harness may still live: it was left alone.
    Alone {
        /// Whose it is, in words.
        whose: String,
    },
    /// A dry run: that would be removed.
    WouldRemove {
        /// Processes, containers, files, folders.
        what: Vec<String>,
        /// What would stay, and why.
        stays: Vec<String>,
        /// What is in servers that the run did not start, and what removes it.
        there: Vec<String>,
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
        /// What was ended and removed all the same.
        gone: Vec<String>,
        /// What is in servers that the run did not start, and what removes it.
        there: Vec<String>,
    },
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

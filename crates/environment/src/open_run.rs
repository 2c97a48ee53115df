//! What an open ledger says of its run: who started it, whether it still runs, which of its tokens are not revoked.

use std::path::PathBuf;

use leaseproof_history::{Entry, OpenLedger};

use crate::launch::process::{start_time, this_host, this_user};

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

/// Why a run is not to be touched: it still goes on, or it is somebody else's.
pub(crate) fn alone(open: &OpenLedger) -> Option<CleanOutcome> {
    let started = open.entries.iter().find_map(|entry| match entry {
        Entry::Started { user, uid, host, .. } => Some((user, *uid, host)),
        _ => None,
    });
    if let Some((user, uid, host)) = started {
        if *host != this_host() {
            let whose = format!("it runs or ran on the machine {host}: run `leaseproof clean` there");
            return Some(CleanOutcome::Alone { whose });
        }
        if uid != this_user().0 {
            return Some(CleanOutcome::Alone { whose: format!("it is {user}'s, who can run `leaseproof clean`") });
        }
    }
    let mut owners = open.entries.iter().filter_map(|entry| match entry {
        Entry::Harness { pid, start_time } | Entry::Supervisor { pid, start_time } => Some((*pid, *start_time)),
        _ => None,
    });
    // A process with its id and another start time is a stranger.
    let living = owners.clone().find(|(pid, started)| start_time(*pid) == Some(*started));
    match living {
        Some((pid, _)) => Some(CleanOutcome::Living { pid }),
        None if !open.unreadable.is_empty() && owners.next().is_none() => Some(CleanOutcome::Left {
            left: unreadable(open, "its owner cannot be read, and may still live: nothing was removed"),
            gone: Vec::new(),
            there: Vec::new(),
        }),
        None => None,
    }
}

/// What of the ledger could not be read, with what to do.
pub(crate) fn unreadable(open: &OpenLedger, so: &str) -> Vec<String> {
    let help = format!("{so}; remove {} when nothing of the run is left", open.index().display());
    open.unreadable.iter().cloned().chain([help]).collect()
}

/// A Vault token that is not revoked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenToken {
    pub(crate) accessor: String,
    /// When it ends by itself, in seconds since 1970, where the ledger says.
    pub(crate) ends: Option<u64>,
    /// Whether it is the harness's own login, and not the token that credentials are issued under.
    pub(crate) is_login: bool,
}

/// The run's tokens that were not revoked yet; the harness's own login, which the others are children of, is last.
pub(crate) fn tokens(entries: &[Entry]) -> Vec<OpenToken> {
    let revoked = |wanted: &str| {
        entries.iter().any(|entry| matches!(entry, Entry::TokenRevoked { accessor } if accessor == wanted))
    };
    let of = |entry: &Entry| match entry {
        Entry::TokenAccessor { accessor, ends, .. } => {
            Some(OpenToken { accessor: accessor.clone(), ends: *ends, is_login: false })
        }
        Entry::LoginAccessor { accessor, ends, .. } => {
            Some(OpenToken { accessor: accessor.clone(), ends: Some(*ends), is_login: true })
        }
        _ => None,
    };
    let mut tokens: Vec<_> = entries.iter().filter_map(of).filter(|token| !revoked(&token.accessor)).collect();
    tokens.sort_by_key(|token| token.is_login);
    tokens
}

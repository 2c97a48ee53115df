//! One run whose ledger is open.

use std::path::{Path, PathBuf};

use leaseproof_history::{Entry, OpenLedger};

use super::{CleanOutcome, state};
use crate::attached::{
    Issued, Places, credentials_left, in_words, left_at, made_there, not_checked, role_in_words, roles_left, vault_of,
};
use crate::containers::{of_run, remove_run};
use crate::folder::PREFIX;
use crate::server::remove_socket;
use crate::{folder, process, this_host, this_user};

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
    let living = owners.clone().find(|(pid, started)| process::start_time(*pid) == Some(*started));
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

/// Removes what that run left, and closes its ledger where nothing remains.
pub(super) fn clean(open: &OpenLedger, index: &Path, dry_run: bool) -> CleanOutcome {
    if let Some(outcome) = alone(open) {
        return outcome;
    }
    if dry_run { would_remove(open, index) } else { remove(open, index) }
}

fn would_remove(open: &OpenLedger, index: &Path) -> CleanOutcome {
    let folders = folders(open);
    let mut what: Vec<String> =
        of_run(&open.run, &open.entries).into_iter().map(|name| format!("container {name}")).collect();
    what.extend(process::names_of_run(&open.run, &folders));
    let paths = files(open).chain(&folders).cloned().chain(state::folder_of(open, index));
    let existing = paths.filter(|path| path.symlink_metadata().is_ok());
    what.extend(existing.map(|path| path.display().to_string()));
    CleanOutcome::WouldRemove { what, stays: stays(open), there: there(open) }
}

fn remove(open: &OpenLedger, index: &Path) -> CleanOutcome {
    let folders = folders(open);
    let (mut ended, mut left) = remove_run(&open.run, &open.entries);
    let (processes, stay) = process::end_run(&open.run, &folders);
    ended.extend(processes);
    left.extend(stay);
    let mut removed = Vec::new();
    for path in files(open) {
        let there = path.symlink_metadata().is_ok();
        for folder in &folders {
            remove_socket(path, folder);
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
    left.extend(stays(open));
    let there = there(open);
    let nothing_there = there.is_empty();
    if left.is_empty()
        && nothing_there
        && let Some(folder) = state::folder_of(open, index)
    {
        match state::remove(&folder) {
            Ok(true) => removed.push(folder),
            Ok(false) => {}
            Err(why) => left.push(format!("{} ({why})", folder.display())),
        }
    }
    if left.is_empty()
        && nothing_there
        && let Err(why) = open.closed()
    {
        left.push(format!("its entry in the index ({why})"));
    }
    if left.is_empty() && nothing_there {
        return CleanOutcome::Cleaned { ended, removed, tokens: accessors(open) };
    }
    let gone = ended.into_iter().map(|process| format!("{process} ended"));
    let gone = gone.chain(removed.iter().map(|path| format!("{} removed", path.display()))).collect();
    CleanOutcome::Left { left, gone, there }
}

/// What is in servers that the run did not start, which `clean` without `--attached` does not reach.
fn there(open: &OpenLedger) -> Vec<String> {
    let Some(vault) = vault_of(&open.entries) else { return Vec::new() };
    let tokens = tokens(&open.entries);
    let mut there: Vec<String> = tokens.iter().map(|token| left_at(vault, token)).collect();
    let places = Places::of(&open.entries);
    let known = credentials_left(&open.entries);
    let mut credentials = in_words(&known, &places);
    if tokens.iter().any(|token| !token.is_login) {
        there.extend(Issued::recorded(&open.path).in_words(&known));
    } else {
        credentials.extend(not_checked(open, &places));
    }
    if !credentials.is_empty() {
        there.extend(credentials);
        there.push("`leaseproof clean --attached SCENARIO` checks which of them still exist".to_owned());
    }
    let roles = roles_left(&open.entries);
    there.extend(roles.iter().map(|(cluster, role, oid)| role_in_words(&places, cluster, role, *oid)));
    let made = made_there(&open.entries);
    there.extend(made.iter().map(|made| format!("{made} (`leaseproof clean --attached SCENARIO` removes it)")));
    there
}

/// What cannot be read of the ledger.
fn stays(open: &OpenLedger) -> Vec<String> {
    let mut stays: Vec<String> =
        strange(open).map(|path| format!("{} (not a folder of leaseproof's)", path.display())).collect();
    if !open.unreadable.is_empty() {
        stays.extend(unreadable(open, "something may be left that it named"));
    }
    stays
}

fn accessors(open: &OpenLedger) -> Vec<String> {
    tokens(&open.entries).into_iter().map(|token| token.accessor).collect()
}

fn unreadable(open: &OpenLedger, so: &str) -> Vec<String> {
    let help = format!("{so}; remove {} when nothing of the run is left", open.index().display());
    open.unreadable.iter().cloned().chain([help]).collect()
}

/// The run's folders. The ledger is a file that anybody may have changed: only those with our name are, and only the
/// processes in them are ended.
fn folders(open: &OpenLedger) -> Vec<PathBuf> {
    named(open).filter(|path| begins(path, PREFIX)).cloned().collect()
}

/// Folders that the ledger names, and that are none of leaseproof's.
fn strange(open: &OpenLedger) -> impl Iterator<Item = &PathBuf> {
    named(open).filter(|path| !begins(path, PREFIX) && path.symlink_metadata().is_ok())
}

fn named(open: &OpenLedger) -> impl Iterator<Item = &PathBuf> {
    open.entries.iter().filter_map(|entry| if let Entry::Folder { path } = entry { Some(path) } else { None })
}

/// As for folders: only PostgreSQL's sockets.
fn files(open: &OpenLedger) -> impl Iterator<Item = &PathBuf> {
    open.entries.iter().filter_map(|entry| match entry {
        Entry::File { path } if begins(path, ".s.PGSQL.") => Some(path),
        _ => None,
    })
}

fn begins(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|own| own.to_string_lossy().starts_with(name))
}

/// True where there was one.
fn remove_folder(path: &Path) -> std::io::Result<bool> {
    if path.symlink_metadata().is_err() {
        return Ok(false);
    }
    folder::remove(path).map(|()| true)
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

//! One run whose ledger is open.

use std::path::{Path, PathBuf};

use leaseproof_history::{Entry, OpenLedger};

use super::state;
use crate::attached::{
    Issued, Places, credentials_left, in_words, left_at, made_there, not_checked, role_in_words, roles_left, vault_of,
};
use crate::launch::containers::{of_run, remove_run};
use crate::launch::folder::PREFIX;
use crate::launch::{folder, process};
use crate::open_run::{CleanOutcome, alone, tokens, unreadable};
use crate::servers::server::remove_socket;

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

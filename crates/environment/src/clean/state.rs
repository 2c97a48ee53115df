//! The folders that `up`, `conformance` and `clean` have in the state folder, beside the index of ledgers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_history::OpenLedger;

use crate::open_run::CleanOutcome;

/// The commands that have one.
const COMMANDS: [&str; 3] = ["up", "conformance", "clean"];
/// How old a folder without a ledger is before nobody can be about to write one: it is written right after the folder.
const SETTLED: Duration = Duration::from_secs(60);

/// The state folder of a run; none of a run whose folder is the user's own to keep.
pub(super) fn folder_of(open: &OpenLedger, index: &Path) -> Option<PathBuf> {
    let (folder, state) = (open.path.parent()?, index.parent()?);
    let is_ours = COMMANDS.iter().any(|command| folder == state.join(command).join(&open.run));
    is_ours.then(|| folder.to_owned())
}

/// Folders there that no open ledger knows, with the names of their runs.
pub(super) fn strays(index: &Path, open: &[OpenLedger]) -> Vec<(String, PathBuf)> {
    let Some(state) = index.parent() else { return Vec::new() };
    let all = COMMANDS.iter().flat_map(|command| fs::read_dir(state.join(command)).into_iter().flatten().flatten());
    let settled = |path: &Path| {
        let changed = path.symlink_metadata().and_then(|of| of.modified());
        changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > SETTLED))
    };
    let strays = all.filter_map(|entry| {
        let run = entry.file_name().to_string_lossy().into_owned();
        let is_known = open.iter().any(|open| open.run == run);
        let is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
        (is_folder && !is_known && settled(&entry.path())).then(|| (run, entry.path()))
    });
    strays.collect()
}

/// Removes such a folder, or says that it would be.
pub(super) fn remove_stray(folder: &Path, dry_run: bool) -> CleanOutcome {
    if dry_run {
        return CleanOutcome::WouldRemove {
            what: vec![folder.display().to_string()],
            stays: Vec::new(),
            there: Vec::new(),
        };
    }
    match remove(folder) {
        Ok(_) => CleanOutcome::Cleaned { ended: vec![], removed: vec![folder.to_owned()], tokens: vec![] },
        Err(why) => {
            CleanOutcome::Left { left: vec![format!("{} ({why})", folder.display())], gone: vec![], there: vec![] }
        }
    }
}

/// Removes such a folder, and the command's where it was its last. True where there was one.
pub(super) fn remove(folder: &Path) -> io::Result<bool> {
    match fs::remove_dir_all(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
        done => done?,
    }
    if let Some(command) = folder.parent() {
        // It stays where another run has its folder in it.
        let _not_empty = fs::remove_dir(command);
    }
    Ok(true)
}

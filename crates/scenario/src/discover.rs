//! Which scenarios a folder holds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file;
use crate::node;
use crate::place::Holds;
use crate::problem::Noted;

/// A scenario that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name: its folder's.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Its title; empty where its file does not say one that can be read.
    pub title: String,
}

/// The scenarios in `dir`, one in each folder that holds a scenario.toml, by name. `dir` itself may be one.
///
/// # Errors
/// Where `dir` cannot be read.
pub fn discover(dir: &Path) -> Result<Vec<Listed>, io::Error> {
    let mut listed = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        match listing(&folder) {
            Some(scenario) => listed.push(scenario),
            // Below a scenario there are its files, and no more scenarios.
            None => folders.extend(inside(&folder, folder == dir)?),
        }
    }
    listed.sort_by(|one, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
    Ok(listed)
}

fn listing(folder: &Path) -> Option<Listed> {
    let file = folder.join("scenario.toml");
    let text = leaseproof_files::read_text(&file, leaseproof_files::INPUT).ok()?;
    let table = node::read(&Arc::new(file::source(&file, text, "", Holds::Keys)), &Noted::default());
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    Some(Listed {
        name: whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        path: folder.to_path_buf(),
        title: table.text("title").map(|title| title.value.to_owned()).unwrap_or_default(),
    })
}

/// The folders in `folder`. Only the one that was asked for has to be readable.
fn inside(folder: &Path, asked_for: bool) -> Result<Vec<PathBuf>, io::Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if asked_for => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    Ok(entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        // A link may lead round in a circle.
        .filter(|path| path.is_dir() && !path.is_symlink() && !hidden(path))
        .collect())
}

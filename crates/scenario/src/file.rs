//! The files that a scenario names.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::near::nearest;
use crate::place::{Holds, Place, Source};
use crate::problem::{Noted, Problem};

/// Reads the file `name` that is named at `place`: relative to the folder of the file that names it.
pub(crate) fn read_named(name: &str, place: &Place, holds: Holds, noted: &Noted) -> Option<Arc<Source>> {
    let path = place.source.folder.join(name);
    match leaseproof_files::read_text(&path, leaseproof_files::INPUT) {
        Ok(text) => Some(Arc::new(source(&path, text, &place.source.from_scenario, holds))),
        Err(error) => {
            noted.add(unreadable(name, &path, place, &error, noted));
            None
        }
    }
}

fn unreadable(name: &str, path: &Path, place: &Place, error: &std::io::Error, noted: &Noted) -> Problem {
    if error.kind() != std::io::ErrorKind::NotFound {
        return Problem::at(place, format!("`{name}` cannot be read: {error}")).label("named here");
    }
    if place.is_secret() {
        // A password that begins with `@` is taken for a file's name.
        return Problem::at(place, "there is no file of that name: `@` at the beginning reads a file")
            .label("named here");
    }
    if noted.is_crowded() {
        return Problem::at(place, format!("there is no file `{name}`"));
    }
    let beside: Vec<String> = path
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .collect();
    let file = path.file_name().and_then(|file| file.to_str()).unwrap_or(name);
    let problem = Problem::at(place, format!("there is no file `{name}`"))
        .help(format!("expected it at {}", tidy(path).display()));
    match nearest(file, beside.iter().map(String::as_str)) {
        Some(near) => problem.nearest(Some(near)),
        None => problem.label("named here"),
    }
}

/// A file's text as a source.
pub(crate) fn source(path: &Path, text: String, from_scenario: &str, holds: Holds) -> Source {
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    Source::new(tidy(path).display().to_string(), text, folder, from_scenario.to_owned(), holds)
}

/// The path without `.` and `a/..` in it. It is for reading by people; files are opened by the path as it is.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::tidy;

    #[test]
    fn paths_are_shown_without_detours() {
        for (path, tidied) in [
            ("a/b/../../c/x.toml", "c/x.toml"),
            ("../a/./x", "../a/x"),
            ("/a/../b", "/b"),
            ("a/..", "."),
            ("../../x", "../../x"),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied), "{path}");
        }
    }
}

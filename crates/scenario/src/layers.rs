//! The layers of a scenario, from the bottom: what it extends, the file itself, the profile asked for, `--set`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file;
use crate::form::Form;
use crate::keys;
use crate::merge::lay_over;
use crate::near::{listed, nearest};
use crate::node::{self, Entry, Node, Table, Value};
use crate::place::{Holds, Place, Source};
use crate::plan::THRESHOLD_OPTION;
use crate::problem::{Noted, Problem};
use crate::route::{self, Change};
use crate::without::take_away;

/// What one run changes of a scenario.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The `[profile.<name>]` to lay over the scenario.
    pub profile: Option<String>,
    /// Single keys to set last, each `path=value`: `phase.steady.rate=5/s`, `seed=7`. Texts need no quotes.
    pub set: Vec<String>,
    /// More thresholds, each `METRIC LIMIT` or `METRIC{KEY=VALUE,…} LIMIT`: `issue.response.p99{role=app} < 250ms`. The keys
    /// are those of `[[threshold]]`: `phase`, `role`, `during`.
    pub thresholds: Vec<String>,
}

/// A scenario whose layers are one.
pub(crate) struct Layered {
    pub(crate) table: Table,
    /// The file itself, for what no line says.
    pub(crate) source: Arc<Source>,
    /// The scenario's name.
    pub(crate) name: String,
}

const ROOT: Form = Form::Shape(&keys::ROOT);

/// Reads all layers. None where the file itself cannot be read.
pub(crate) fn read(path: &Path, options: &LoadOptions, noted: &Noted) -> Option<Layered> {
    let file = if path.is_dir() { path.join("scenario.toml") } else { path.to_path_buf() };
    let text = match leaseproof_files::read_text(&file, leaseproof_files::INPUT) {
        Ok(text) => text,
        Err(error) => {
            noted.add(no_scenario(&file, &error));
            return None;
        }
    };
    let source = Arc::new(file::source(&file, text, "", Holds::Keys));
    if source.text.trim().is_empty() {
        let empty = Problem::at(&Place::new(&source, 0..0), format!("{} is empty: expected a scenario", source.name));
        noted.add(empty.help("`leaseproof new NAME` writes a first one"));
        return None;
    }
    let mut table = read_file(&source, &file, &mut Vec::new(), noted);
    if let Some(name) = &options.profile {
        lay_profile(&mut table, name, &source, noted);
    }
    for argument in &options.set {
        set(&mut table, argument, &source.folder, noted);
    }
    for argument in &options.thresholds {
        threshold(&mut table, argument, &source.folder, noted);
    }
    Some(Layered { table, name: name_of(&file), source })
}

fn no_scenario(file: &Path, error: &std::io::Error) -> Problem {
    let source = Arc::new(file::source(file, String::new(), "", Holds::Keys));
    let place = Place::new(&source, 0..0);
    let shown = file::tidy(file).display().to_string();
    if error.kind() == ErrorKind::NotFound {
        return Problem::at(&place, format!("there is no scenario at {shown}"))
            .help("`leaseproof list` shows the scenarios there are, `leaseproof new NAME` writes a first one");
    }
    Problem::at(&place, format!("{shown} cannot be read: {error}"))
}

/// The folder's name; the file's own where it is not called scenario.toml.
fn name_of(file: &Path) -> String {
    let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let named = if whole.file_name().is_some_and(|name| name == "scenario.toml") {
        whole.parent().and_then(Path::file_name)
    } else {
        whole.file_stem()
    };
    named.map_or_else(|| "scenario".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// One file laid over what it extends. `above` are the files that led here.
fn read_file(source: &Arc<Source>, file: &Path, above: &mut Vec<PathBuf>, noted: &Noted) -> Table {
    above.push(std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf()));
    let mut own = node::read(source, noted);
    let base = own.entry("extends").cloned().and_then(|entry| extended(&entry, source, above, noted));
    above.pop();
    if let (None, None, Some(entry)) = (&base, own.entry("extends"), own.entry("without")) {
        let nothing = "`without` removes parts of an extended scenario, but this one extends none";
        noted.add(Problem::at(&entry.at, nothing).label("here"));
    }
    let Some(mut table) = base else {
        own.take("without");
        return own;
    };
    take_away(&mut table, &mut own, noted);
    lay_over(&mut table, own, ROOT, noted);
    table
}

/// The scenario that `entry` (`extends`) names.
fn extended(entry: &Entry, source: &Arc<Source>, above: &mut Vec<PathBuf>, noted: &Noted) -> Option<Table> {
    let place = &entry.node.place;
    let Some(name) = entry.node.text() else {
        let other = format!("expected a text in quotes, got {}", entry.node.kind());
        noted.add(Problem::at(place, other).label("here").broken());
        return None;
    };
    let named = source.folder.join(name);
    let (file, step) = if named.is_dir() {
        (named.join("scenario.toml"), name.to_owned())
    } else {
        (named, Path::new(name).parent().map(|folder| folder.display().to_string()).unwrap_or_default())
    };
    let whole = std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
    if above.contains(&whole) {
        let circle = format!("`extends` is circular: it leads back to {}", file::tidy(&file).display());
        noted.add(Problem::at(place, circle).label("this scenario is extended by that one").broken());
        return None;
    }
    let from_scenario = Path::new(&source.from_scenario).join(step).display().to_string();
    let text = match leaseproof_files::read_text(&file, leaseproof_files::INPUT) {
        Ok(text) => text,
        Err(error) => {
            let message = match error.kind() {
                ErrorKind::NotFound => format!("there is no scenario at `{name}`"),
                _ => format!("the scenario at `{name}` cannot be read: {error}"),
            };
            let problem = Problem::at(place, message).label("extended here").broken();
            noted.add(problem.help(format!("expected it at {}", file::tidy(&file).display())));
            return None;
        }
    };
    let parent = Arc::new(file::source(&file, text, &from_scenario, Holds::Keys));
    Some(read_file(&parent, &file, above, noted))
}

fn lay_profile(table: &mut Table, name: &str, source: &Arc<Source>, noted: &Noted) {
    let profiles = table.table("profile");
    let Some(profile) = profiles.and_then(|profiles| profiles.entry(name)) else {
        let names: Vec<&str> = profiles.into_iter().flat_map(|all| &all.entries).map(|one| one.key.as_str()).collect();
        let place = Place::new(&Arc::new(Source::argument("--profile", name, source.folder.clone())), 0..name.len());
        let problem = Problem::at(&place, format!("the scenario has no profile `{name}`"));
        return noted.add(match nearest(name, names.iter().copied()) {
            Some(near) => problem.nearest(Some(near)),
            None => problem.label("unknown").help(format!("its profiles: {}", listed(names))),
        });
    };
    if let Value::Table(profile) = profile.node.value.clone() {
        let mut profile = profile;
        take_away(table, &mut profile, noted);
        lay_over(table, profile, ROOT, noted);
    }
}

/// `--set path=value`.
fn set(table: &mut Table, text: &str, folder: &Path, noted: &Noted) {
    let source = Arc::new(Source::argument("--set", text, folder.to_path_buf()));
    let whole = Place::new(&source, 0..text.len());
    let Some((path, value)) = text.split_once('=').map(|(path, value)| (path.trim(), value)) else {
        return noted.add(
            Problem::at(&whole, "`--set` takes a key and its value")
                .label("no `=`")
                .help("as in `--set phase.steady.rate=5/s`"),
        );
    };
    let start = text.find('=').map_or(0, |equals| equals + 1);
    let node = value_of(&source, value, start);
    let at = whole.part(path, 0..path.len());
    let entry = Entry { key: String::new(), at, node };
    let bad = path.split('.').next().is_some_and(|first| matches!(first, "extends" | "without" | "profile"));
    if bad || path.is_empty() {
        return noted.add(
            Problem::at(
                &whole,
                "`--set` changes one value of the scenario; it cannot change `extends`, `without` or `profile`",
            )
            .label("cannot be set"),
        );
    }
    if let Err(lost) = route::change(table, ROOT, path, Change::Set(entry)) {
        noted.add(lost.problem(path, &whole));
    }
}

/// `--threshold 'METRIC{KEY=VALUE,…} LIMIT'`: one more `[[threshold]]`.
fn threshold(table: &mut Table, text: &str, folder: &Path, noted: &Noted) {
    let source = Arc::new(Source::argument(THRESHOLD_OPTION, text, folder.to_path_buf()));
    let whole = Place::new(&source, 0..text.len());
    let example = "as in `--threshold 'issue.response.p99 < 250ms'` or `--threshold 'renew.failed{role=app} <= 1%'`";
    let Some(at) = text.find(['<', '>']) else {
        let problem = Problem::at(&whole, "expected a metric and a limit, got no `<` and no `>`");
        return noted.add(problem.label("no limit").help(example));
    };
    let (subject, limit) = text.split_at(at);
    let subject = subject.trim();
    let (metric, labels) = match subject.split_once('{').map(|(metric, rest)| (metric, rest.strip_suffix('}'))) {
        None => (subject, ""),
        Some((metric, Some(labels))) => (metric, labels),
        Some((_, None)) => {
            return noted.add(Problem::at(&whole, "expected `}` before the limit").label("not closed").help(example));
        }
    };
    let at = |part: &str| whole.part(part, 0..part.len());
    let mut said = vec![
        ("metric", at(metric.trim()), metric.trim(), at(metric.trim())),
        ("limit", at(limit.trim()), limit.trim(), at(limit.trim())),
    ];
    for label in labels.split(',').map(str::trim).filter(|label| !label.is_empty()) {
        let Some((key, value)) = label.split_once('=') else {
            return noted
                .add(Problem::at(&at(label), "expected KEY=VALUE in the braces").label("no `=`").help(example));
        };
        let (place, value) =
            (whole.part(label, label.len() - value.len()..label.len()), value.trim().trim_matches('"'));
        said.push((key.trim(), whole.part(label, 0..key.len()), value, place));
    }
    let entries = said.into_iter().map(|(key, at, value, place)| {
        let node = Node { place, value: Value::Text(value.to_owned()) };
        Entry { key: key.to_owned(), at, node }
    });
    let item = Node { place: whole.clone(), value: Value::Table(Table { entries: entries.collect() }) };
    match table.entry_mut("threshold").map(|entry| &mut entry.node.value) {
        Some(Value::List(items)) => items.push(item),
        // Something else there is a problem of its own.
        Some(_) => {}
        None => {
            let node = Node { place: whole.clone(), value: Value::List(vec![item]) };
            table.entries.push(Entry { key: "threshold".to_owned(), at: whole, node });
        }
    }
}

/// What stands behind `=`: a TOML value, and where it is none, a text without its quotes.
fn value_of(source: &Arc<Source>, value: &str, start: usize) -> Node {
    // The value is read at its own place of the argument, so that spans fit.
    let padded = format!("v{}={value}", " ".repeat(start.saturating_sub(2)));
    let padded = Arc::new(Source::argument(&source.name, &padded, source.folder.clone()));
    let noted = Noted::default();
    let read = node::read(&padded, &noted).take("v").filter(|_| noted.is_empty() && start >= 2);
    let mut node = read.map_or_else(
        || Node { place: Place::new(source, start..source.text.len()), value: Value::Text(value.trim().to_owned()) },
        |entry| entry.node,
    );
    move_to(&mut node, source);
    node
}

fn move_to(node: &mut Node, source: &Arc<Source>) {
    node.place.source = Arc::clone(source);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| move_to(item, source)),
        Value::Table(table) => table.entries.iter_mut().for_each(|entry| {
            entry.at.source = Arc::clone(source);
            move_to(&mut entry.node, source);
        }),
        _ => {}
    }
}

//! What is likely to be wrong with a scenario, though it can be run: reported as warnings, which stop nothing. No server is
//! asked. A warning has to be true of nearly every scenario that it is given for, or it is not here.

mod keys;
mod mounts;
mod placeholders;
mod policy;
mod roles;
mod splitting;
mod statements;
mod words;

use std::collections::HashSet;

use crate::keys::{ACTIONS, STEPS};
use crate::node::{Entry, Node, Table};
use crate::place::Holds;
use crate::problem::Noted;
use crate::shape::Shape;
use crate::text::{FileWhen, Text};

/// Where a role's secrets engine is, if the role does not name its mount.
const DEFAULT_MOUNT: &str = "database";

/// Notes what is likely to be wrong.
pub(crate) fn lint(root: &Table, noted: &Noted) {
    let steps = steps(root, "setup", &STEPS);
    let mounts = mounts(&steps);
    let actions = self::steps(root, "action", &ACTIONS);
    let engines = mounts::Engines::of(steps.iter().chain(&actions), are_complete(root, &steps));
    for step in steps.iter().chain(&actions) {
        match step.action.key.as_str() {
            "sql" => {
                step.texts(step.action, FileWhen::Ends(".sql")).iter().for_each(|text| statements::sql(text, noted))
            }
            "write" => {
                let warnings = step.table.text("warnings").or(root.text("warnings"));
                keys::unknown(step, &mounts, warnings.is_some_and(|said| said.value == "fail"), noted);
                statements::of_vault(step, &mounts, noted);
            }
            _ => {}
        }
    }
    roles::lint(root, &steps, &mounts, noted);
    mounts::lint(root, &steps, &engines, noted);
    policy::lint(root, &steps, &engines, noted);
    words::lint(root, noted);
    placeholders::lint(root, noted);
}

/// A step of the setup, or an action.
struct Step<'a> {
    table: &'a Table,
    /// The key that says what it does.
    action: &'a Entry,
}

fn steps<'a>(root: &'a Table, array: &str, shapes: &[Shape]) -> Vec<Step<'a>> {
    root.list(array)
        .iter()
        .filter_map(|node| {
            let table = node.table()?;
            let action = shapes.iter().find_map(|shape| table.entry(shape.action().name))?;
            Some(Step { table, action })
        })
        .collect()
}

impl<'a> Step<'a> {
    /// What it writes to, without slashes at its ends; none of a step of another kind.
    fn path(&self) -> Option<&'a str> {
        let path = self.action.node.text().filter(|_| self.action.key == "write")?;
        Some(path.trim().trim_matches('/'))
    }

    /// A key of its data.
    fn datum(&self, key: &str) -> Option<&'a Entry> {
        self.table.table("data")?.entry(key)
    }

    /// The text of a value, or the texts of a list, or of the files that they name.
    fn texts(&self, entry: &Entry, when: FileWhen) -> Vec<Text> {
        let one = |node: &Node| Text::read(node.text()?, &node.place, when, Holds::Words, &Noted::default());
        match entry.node.list() {
            Some(items) => items.iter().filter_map(one).collect(),
            None => one(&entry.node).into_iter().collect(),
        }
    }
}

/// Whether the steps show all that is there: what scripts do, and what an attached environment has, no file says.
fn are_complete(root: &Table, steps: &[Step<'_>]) -> bool {
    root.entry("attached").is_none() && !steps.iter().any(|step| step.action.key == "script")
}

/// The mounts of database engines: those that steps enable, or the one that everybody has.
fn mounts(steps: &[Step<'_>]) -> HashSet<String> {
    let mut mounts: HashSet<String> = steps
        .iter()
        .filter(|step| step.action.key == "enable" && step.action.node.text() == Some("database"))
        .map(|step| step.table.text("path").map_or(DEFAULT_MOUNT, |said| said.value).trim_matches('/').to_owned())
        .collect();
    if mounts.is_empty() {
        mounts.insert(DEFAULT_MOUNT.to_owned());
    }
    mounts
}

/// The mount, the kind and the name of a path `<mount>/<kind>/<name>`.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let (rest, name) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
    let (mount, kind) = rest.rsplit_once('/')?;
    Some((mount, kind, name))
}

/// The mount and the name behind it, where `path` is `<mount>/<kind>/<name>`.
fn named<'a>(path: &'a str, kind: &str, mounts: &HashSet<String>) -> Option<(&'a str, &'a str)> {
    let (mount, said, name) = parts(path)?;
    (said == kind && mounts.contains(mount)).then_some((mount, name))
}

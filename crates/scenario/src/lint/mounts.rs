//! Secrets engines that roles and steps name and no step enables.

use std::collections::HashSet;

use super::{DEFAULT_MOUNT, Step, parts};
use crate::near::listed;
use crate::node::{Entry, Table};
use crate::problem::{Noted, Problem};

/// What follows the mount in a path of a database engine that a setup writes to.
const KINDS: [&str; 3] = ["config", "roles", "static-roles"];
/// Paths that are there without a step.
const BUILT_IN: [&str; 4] = ["auth", "cubbyhole", "identity", "sys"];

/// The engines that steps enable.
pub(super) struct Engines<'a> {
    all: HashSet<&'a str>,
    database: HashSet<&'a str>,
    /// Whether the steps show all that there is.
    complete: bool,
}

impl<'a> Engines<'a> {
    /// `complete`: nothing is there but what the steps make.
    pub(super) fn of(steps: impl Iterator<Item = &'a Step<'a>>, complete: bool) -> Self {
        let mut engines = Self { all: HashSet::new(), database: HashSet::new(), complete };
        for (path, kind) in steps.filter_map(enabled) {
            engines.all.insert(path);
            if kind == Some("database") {
                engines.database.insert(path);
            }
        }
        engines
    }

    /// Whether no step enables a database engine there.
    pub(super) fn lack(&self, mount: &str) -> bool {
        self.complete && !self.database.contains(mount.trim_matches('/'))
    }
}

/// The path of the engine that a step enables, and its type.
fn enabled<'a>(step: &'a Step<'a>) -> Option<(&'a str, Option<&'a str>)> {
    if step.action.key == "enable" {
        let kind = step.action.node.text()?;
        return Some((step.table.text("path").map_or(kind, |said| said.value).trim_matches('/'), Some(kind)));
    }
    let path = step.path()?.strip_prefix("sys/mounts/")?;
    Some((path, step.datum("type").and_then(|entry| entry.node.text())))
}

/// Notes engines of promised roles, of quota faults, and of paths that steps write, that no step enables.
pub(super) fn lint(root: &Table, steps: &[Step<'_>], engines: &Engines<'_>, noted: &Noted) {
    if !engines.complete {
        return;
    }
    let mut there: Vec<&str> = engines.database.iter().copied().collect();
    there.sort_unstable();
    for (role, table) in root.named("role") {
        let said = table.entry("mount");
        let mount = said.map_or(Some(DEFAULT_MOUNT), |entry| entry.node.text());
        if let Some(mount) = mount.filter(|mount| engines.lack(mount)) {
            noted.add(of_role(role, said, mount, &there, noted));
        }
    }
    for entry in root.list("fault").iter().filter_map(|fault| fault.table()?.entry("mount")) {
        if let Some(mount) = entry.node.text().filter(|mount| engines.lack(mount)) {
            noted.add(named(entry, mount, &there, noted));
        }
    }
    let all = || engines.all.iter().copied();
    for (step, mount) in steps.iter().filter_map(|step| Some((step, mount_of(step.path()?)?))) {
        let is_there =
            engines.all.contains(mount) || mount.split('/').next().is_some_and(|top| BUILT_IN.contains(&top));
        // An engine of another type may have such paths, and one that a step expects to be missing.
        if !is_there
            && step.table.entry("expect").is_none()
            && let Some(near) = noted.nearest(mount, all())
        {
            let what = format!("no step enables an engine at `{mount}`");
            noted.add(Problem::warning(&step.action.node.place, what).nearest(Some(near)));
        }
    }
}

fn lacks(mount: &str) -> String {
    format!("no step enables a database engine at `{mount}`")
}

fn enable(mount: &str) -> String {
    format!("add a step with `enable = \"database\"` and `path = \"{mount}\"`")
}

/// Of an entry that names a mount.
fn named(entry: &Entry, mount: &str, there: &[&str], noted: &Noted) -> Problem {
    let problem = Problem::warning(&entry.node.place, lacks(mount));
    match there {
        [] => problem.label("not enabled").help(enable(mount)),
        _ if noted.is_crowded() => problem,
        _ => problem.among(mount, there, "unknown"),
    }
}

fn of_role(role: &Entry, said: Option<&Entry>, mount: &str, there: &[&str], noted: &Noted) -> Problem {
    if let Some(entry) = said {
        return named(entry, mount, there, noted);
    }
    let problem = Problem::warning(&role.at, format!("{}, the default `mount` of a role", lacks(mount)));
    match there {
        [] => problem.label("not enabled").help(enable(mount)),
        [only] => problem.label(format!("did you mean `mount = \"{only}\"`?")),
        _ => problem.label("it has no `mount`").help(format!("steps enable {}", listed(there.iter().copied()))),
    }
}

/// The mount of a path that a setup of a database engine writes to.
fn mount_of(path: &str) -> Option<&str> {
    let (mount, kind, _) = parts(path)?;
    KINDS.contains(&kind).then_some(mount)
}

//! `[[action]]`.

use std::collections::HashMap;

use leaseproof_domain::Ttl;

use super::fault::RECOVERS_WITHIN;
use super::setup::{named_once, step};
use super::{Book, owned, phase};
use crate::node::{Node, Table};
use crate::plan::{ActionPlan, EnvironmentKind, Plan, SetupAction};
use crate::problem::Problem;

/// The operator's actions in order of time; those of the same time in the order of the file.
pub(super) fn actions(book: &Book<'_>, plan: &Plan) -> Vec<ActionPlan> {
    named_once(book, "action");
    let mut said: Vec<(ActionPlan, &Node, &Table)> = book
        .root
        .list("action")
        .iter()
        .filter_map(|node| {
            let table = node.table()?;
            Some((action(book, plan, node, table)?, node, table))
        })
        .collect();
    let phases: HashMap<&str, usize> = (0..).zip(&plan.phases).map(|(at, phase)| (phase.name.as_str(), at)).collect();
    said.sort_by_key(|(action, ..)| (phases.get(action.phase.as_str()).copied(), action.at));
    let names: Vec<Option<&str>> = said.iter().map(|(action, ..)| action.step.name.as_deref()).collect();
    for (place, (action, _, table)) in said.iter().enumerate() {
        heals_later(book, action, table, &names, place);
    }
    if plan.environment == EnvironmentKind::Attached
        && let Some((_, node, _)) = said.first()
    {
        let theirs = "actions change servers: they are only for an environment that leaseproof starts";
        book.add(Problem::at(&node.place, theirs).label("the environment is attached"));
    }
    said.into_iter().map(|(action, ..)| action).collect()
}

fn action(book: &Book<'_>, plan: &Plan, node: &Node, table: &Table) -> Option<ActionPlan> {
    let step = step(book, node, table)?;
    phase::refer(book, plan, table);
    let roles: Vec<&str> = plan.roles.iter().map(|role| role.name.as_str()).collect();
    table.list("ends_leases_of").iter().for_each(|role| book.refer(role, "promised role", &roles));
    let span = |key: &str| table.parsed::<Ttl>(key).map(|said| said.value);
    let action = ActionPlan {
        phase: owned(table, "phase")?,
        at: span("at")?,
        affects: table.texts("affects").into_iter().filter_map(|said| said.value.parse().ok()).collect(),
        expect_errors: table.texts("expect_errors").into_iter().map(|code| code.value.to_owned()).collect(),
        until: owned(table, "until"),
        recovers_within: span("recovers_within").unwrap_or(RECOVERS_WITHIN),
        dead_within: span("dead_within"),
        ends_leases_of: table.texts("ends_leases_of").into_iter().map(|role| role.value.to_owned()).collect(),
        step,
    };
    phase::within(book, plan, table, &action.phase, action.at);
    effects(book, table, &action);
    mounted(book, table, &action);
    Some(action)
}

/// What an action declares about promises has to fit together.
fn effects(book: &Book<'_>, table: &Table, action: &ActionPlan) {
    let empty = |key: &str, what: &str| {
        let entry = table.entry(key).filter(|entry| entry.node.list().is_some_and(<[Node]>::is_empty));
        if let Some(entry) = entry {
            book.add(Problem::at(&entry.at, format!("`{key}` names no {what}")).label("empty").help("remove the key"));
        }
    };
    empty("affects", "operation");
    empty("ends_leases_of", "role");
    let (has_window, ends) = (table.entry("affects").is_some(), table.entry("ends_leases_of").is_some());
    let idle = [("expect_errors", has_window), ("until", has_window), ("recovers_within", has_window)];
    for (key, means) in idle.into_iter().chain([("dead_within", has_window || ends)]) {
        if let Some(entry) = table.entry(key).filter(|_| !means) {
            let problem = Problem::at(&entry.at, format!("`{key}` means nothing without `affects`"));
            book.add(problem.label("which operations may fail?").help("as in `affects = [\"issue\"]`"));
        }
    }
    if let (Some(entry), true) = (table.entry("affects"), action.expect_errors.is_empty()) {
        let problem = Problem::at(&entry.at, "`affects` needs `expect_errors`: the errors that are expected");
        book.add(problem.label("with which errors?").help("as in `expect_errors = [\"500\"]`"));
    }
    if let (Some(expect), true) = (table.entry("expect"), ends) {
        let problem = Problem::at(&expect.at, "an action that is expected to fail ends no credentials");
        book.add(problem.label("one of `expect` and `ends_leases_of`"));
    }
}

/// `until` names an action that is taken after this one.
fn heals_later(book: &Book<'_>, action: &ActionPlan, table: &Table, names: &[Option<&str>], place: usize) {
    let (Some(until), Some(entry)) = (action.until.as_deref(), table.entry("until")) else { return };
    let later: Vec<&str> = names[place + 1..].iter().copied().flatten().collect();
    if later.contains(&until) {
        return;
    }
    if names.contains(&Some(until)) {
        let early = format!("`{until}` does not come after this action");
        book.add(Problem::at(&entry.node.place, early).label("expected a later action"));
    } else {
        book.refer(&entry.node, "later action", &later);
    }
}

/// Something is mounted at the path that is disabled, as far as steps and actions say.
fn mounted(book: &Book<'_>, table: &Table, action: &ActionPlan) {
    let (SetupAction::Disable { path }, Some(entry)) = (&action.step.action, table.entry("disable")) else { return };
    let steps = || book.root.list("setup").iter().chain(book.root.list("action")).filter_map(Node::table);
    if steps().any(|step| step.entry("script").is_some()) {
        return;
    }
    let enabled = steps().filter_map(|step| {
        let engine = step.text("enable").map(|said| said.value);
        let path = step.text("path").map(|said| said.value).or(engine).filter(|_| engine.is_some());
        path.or_else(|| step.text("write")?.value.trim_matches('/').strip_prefix("sys/mounts/"))
    });
    let enabled: Vec<&str> = enabled.map(|path| path.trim_matches('/')).collect();
    if !enabled.contains(&path.trim_matches('/')) {
        let problem = Problem::at(&entry.node.place, format!("nothing is mounted at `{path}`"));
        book.add(problem.among(path, &enabled, "no step enables a secrets engine"));
    }
}

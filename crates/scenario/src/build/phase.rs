//! `[[phase]]`.

use std::collections::{BTreeMap, HashSet};

use leaseproof_domain::Ttl;

use super::{Book, owned};
use crate::node::{Node, Table, Value};
use crate::plan::{PhasePlan, Plan};
use crate::problem::Problem;
use crate::value::Rate;

pub(super) fn phases(book: &Book<'_>) -> Vec<PhasePlan> {
    let tables = || book.root.list("phase").iter().filter_map(|node| Some((node, node.table()?)));
    let mut seen: HashSet<&str> = HashSet::new();
    for (_, table) in tables() {
        if let Some(name) = table.text("name")
            && !seen.insert(name.value)
        {
            let second = format!("there are two phases `{}`", name.value);
            book.add(Problem::at(&name.place, second).label("the second"));
        }
        mixed_lifecycles_exist(book, table);
    }
    tables().map(|(node, table)| phase(node, table)).collect()
}

fn phase(node: &Node, table: &Table) -> PhasePlan {
    PhasePlan {
        name: owned(table, "name").unwrap_or_default(),
        rate: table.parsed::<Rate>("rate").map_or(1.0, |said| said.value.0),
        duration: table.parsed::<Ttl>("for").map(|said| said.value).unwrap_or_default(),
        drain: table.parsed::<Ttl>("drain").map_or(Ttl::from_secs(30), |said| said.value),
        mix: mix(table),
        overload: table.flag("overload").is_some_and(|said| said.value),
        origin: node.place.origin(),
    }
}

/// The phase that a fault or an action names is there.
pub(super) fn refer(book: &Book<'_>, plan: &Plan, table: &Table) {
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.name.as_str()).collect();
    if let Some(entry) = table.entry("phase") {
        book.refer(&entry.node, "phase", &phases);
    }
}

/// The time `at` of a fault or an action lies in its phase.
pub(super) fn within(book: &Book<'_>, plan: &Plan, table: &Table, phase: &str, at: Ttl) {
    let phase = plan.phases.iter().find(|planned| planned.name == phase);
    if let (Some(phase), Some(entry)) = (phase, table.entry("at"))
        && at >= phase.duration
    {
        let late = format!("the phase `{}` is over after {}", phase.name, phase.duration);
        book.add(Problem::at(&entry.node.place, late).label("too late"));
    }
}

fn mix(table: &Table) -> BTreeMap<String, u32> {
    let entries = table.table("mix").into_iter().flat_map(|mix| &mix.entries);
    entries
        .filter_map(|entry| match entry.node.value {
            Value::Whole(weight) => Some((entry.key.clone(), u32::try_from(weight).ok()?)),
            _ => None,
        })
        .collect()
}

fn mixed_lifecycles_exist(book: &Book<'_>, table: &Table) {
    let Some(entry) = table.entry("mix") else { return };
    let Some(mix_table) = entry.node.table() else { return };
    for lifecycle in &mix_table.entries {
        let name = Node { place: lifecycle.at.clone(), value: Value::Text(lifecycle.key.clone()) };
        book.refer_to(&name, "lifecycle", &book.lifecycles);
    }
    let weights = mix(table);
    // An invalid weight has its own problem.
    if weights.len() == mix_table.entries.len() && weights.values().all(|weight| *weight == 0) {
        book.add(Problem::at(&entry.node.place, "this phase starts no lifecycle").label("no weight above 0"));
    }
}

/// A lifecycle that no phase mixes never starts, and a role whose credentials no lifecycle requests is not tested.
pub(super) fn nothing_unused(book: &Book<'_>) {
    // An invalid `phase`, or a mix without a lifecycle, has its own problem.
    let phases = || book.root.list("phase").iter().filter_map(Node::table);
    let is_list = book.root.entry("phase").is_none_or(|entry| entry.node.list().is_some());
    let is_mixed = |table: &Table| mix(table).values().any(|weight| *weight > 0);
    let all_mixed = is_list && phases().all(|table| table.entry("mix").is_none() || is_mixed(table));
    let mixed: HashSet<String> = phases()
        .flat_map(|table| mix(table).into_iter().filter(|(_, weight)| *weight > 0))
        .map(|(lifecycle, _)| lifecycle)
        .collect();
    let mut taken: HashSet<&str> = HashSet::new();
    // Where a name is wrong, the right one only seems unused.
    let known = |tables: &str, names: &HashSet<&str>| {
        let there: HashSet<&str> = book.root.named(tables).map(|(entry, _)| entry.key.as_str()).collect();
        names.is_subset(&there)
    };
    let mixed_known = all_mixed && known("lifecycle", &mixed.iter().map(String::as_str).collect());
    for (entry, table) in book.root.named("lifecycle") {
        taken.extend(table.text("role").map(|role| role.value));
        if mixed_known && !mixed.contains(&entry.key) {
            let idle = format!("no phase has lifecycle `{}` in its `mix`: it would never start", entry.key);
            book.add(Problem::at(&entry.node.place, idle).label("unused"));
        }
    }
    if !known("role", &taken) {
        return;
    }
    for (entry, _) in book.root.named("role").filter(|(entry, _)| !taken.contains(&entry.key.as_str())) {
        let untested = format!("role `{}` is promised, but no lifecycle requests its credentials", entry.key);
        let problem = Problem::at(&entry.node.place, untested).label("would not be tested");
        book.add(
            problem.help(format!("write a [lifecycle.<name>] with role = \"{}\" and mix it in a [[phase]]", entry.key)),
        );
    }
}

//! From a tree that fits its shape to the plan: files are read, names are looked up, promises are held against each
//! other. What does not fit was noted already and is passed over here.

mod action;
mod attached;
mod containers;
mod environment;
mod fault;
mod known_issue;
mod lifecycle;
mod pdns;
mod phase;
mod promise;
mod replication;
mod role;
mod settings;
mod setup;
mod tamper;
mod threshold;

use std::collections::HashSet;

use leaseproof_domain::{Origin, Ttl};

use crate::asks;
use crate::layers::Layered;
use crate::near::listed;
use crate::node::{Node, Table};
use crate::place::{Place, Said};
use crate::placeholder::Places;
use crate::plan::{EnvironmentKind, Plan, Promised};
use crate::problem::{Noted, Problem};
use crate::username::Namings;

/// The scenario while it becomes a plan.
struct Book<'a> {
    root: &'a Table,
    /// The file's first line: what no line says is said there.
    top: Place,
    clusters: Vec<String>,
    roles: Names<'a>,
    lifecycles: Names<'a>,
    phases: Names<'a>,
    /// What `${…}` can stand for.
    places: Places,
    noted: &'a Noted,
}

/// Names that others refer to. There may be thousands of each.
struct Names<'a> {
    listed: Vec<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(names: impl Iterator<Item = &'a str>) -> Self {
        let listed: Vec<&str> = names.collect();
        Self { known: listed.iter().copied().collect(), listed }
    }
}

/// Builds the plan. It is whole only if nothing was noted.
pub(crate) fn plan(layered: &Layered, noted: &Noted) -> Plan {
    let root = &layered.table;
    let clusters: Vec<String> = root.named("postgres").map(|(entry, _)| entry.key.clone()).collect();
    let places = environment::places(root).with_vault();
    let keys = |table| Names::of(root.named(table).map(|(entry, _)| entry.key.as_str()));
    let phases = Names::of(root.list("phase").iter().filter_map(|node| node.table()?.entry("name")?.node.text()));
    let top = Place::new(&layered.source, 0..0);
    let book = Book { root, top, clusters, roles: keys("role"), lifecycles: keys("lifecycle"), phases, places, noted };
    let lifecycles = lifecycle::lifecycles(&book);
    let mut plan = Plan {
        name: layered.name.clone(),
        title: root.text("title").map(|title| title.value.to_owned()).unwrap_or_default(),
        runbook: promise::runbook(&book),
        seed: root.whole("seed").and_then(|seed| u64::try_from(seed.value).ok()).unwrap_or_default(),
        vault: environment::vault(&book),
        postgres: environment::clusters(&book),
        setup: setup::steps(&book),
        warnings: Vec::new(),
        client: setup::client(&book),
        promise: promise::environment(&book),
        accounts: promise::accounts(&book),
        roles: role::roles(&book),
        lifecycles: lifecycles.iter().map(|lifecycle| lifecycle.plan.clone()).collect(),
        phases: phase::phases(&book),
        thresholds: threshold::thresholds(&book),
        known_issues: known_issue::known_issues(&book),
        tampering: tamper::tampering(&book),
        faults: Vec::new(),
        actions: Vec::new(),
        pdns: pdns::pdns(&book),
        asks: Vec::new(),
        environment: attached::kind(&book),
        containers: containers::containers(&book),
        attached: attached::attached(&book),
        left_out: Vec::new(),
        not_requested: Vec::new(),
    };
    replication::accounts(&book, &mut plan);
    let theirs =
        plan.environment == EnvironmentKind::Attached && plan.attached.as_ref().is_some_and(|attached| !attached.ours);
    let namings = Namings::of(plan.roles.iter().map(|role| role.mount.as_str()), &plan.setup, theirs);
    plan.roles.iter_mut().for_each(|role| role.naming = namings.naming(&role.name, &role.mount));
    plan.faults = fault::faults(&book, &plan);
    plan.actions = action::actions(&book, &plan);
    role::says(&book);
    phase::nothing_unused(&book);
    plan.asks = asks::derive(&plan, &lifecycles);
    known_issue::all_asked(&book, &plan);
    plan.hide_in_words();
    plan
}

impl Book<'_> {
    fn add(&self, problem: Problem) {
        self.noted.add(problem);
    }

    /// A name that has to be one of `names`.
    fn refer_to(&self, said: &Node, what: &str, names: &Names<'_>) {
        if said.text().is_some_and(|name| !names.known.contains(name)) {
            self.refer(said, what, &names.listed);
        }
    }

    /// The same, of a few names.
    fn refer(&self, said: &Node, what: &str, names: &[&str]) {
        let Some(name) = said.text().filter(|name| !names.contains(name)) else { return };
        let problem = Problem::at(&said.place, format!("there is no {what} `{name}`"));
        if self.noted.is_crowded() {
            return self.add(problem);
        }
        self.add(problem.among(name, names, &format!("the scenario has no {what}")));
    }

    /// The cluster that `table` says with `on`; where it says none, `target`, or the only one there is.
    fn cluster(&self, table: &Table, place: &Place) -> String {
        if let Some(entry) = table.entry("on") {
            self.refer(&entry.node, "cluster", &self.clusters.iter().map(String::as_str).collect::<Vec<_>>());
            return entry.node.text().unwrap_or_default().to_owned();
        }
        match self.clusters.as_slice() {
            [only] => only.clone(),
            clusters => {
                if !clusters.is_empty() && !clusters.iter().any(|cluster| cluster == "target") {
                    let names = listed(clusters.iter().map(String::as_str));
                    self.add(
                        Problem::at(place, "this has to say on which cluster").help(format!("`on` is one of {names}")),
                    );
                }
                "target".to_owned()
            }
        }
    }
}

fn ttl(table: &Table, key: &str) -> Option<Promised<Ttl>> {
    table.parsed::<Ttl>(key).map(promised)
}

fn promised<T>(said: Said<T>) -> Promised<T> {
    Promised { origin: said.place.origin(), value: said.value }
}

fn owned(table: &Table, key: &str) -> Option<String> {
    table.text(key).map(|said| said.value.to_owned())
}

/// The path of a mount, as Vault's paths have it: without the slash that Vault lists it with.
fn mount(table: &Table) -> Option<String> {
    table.text("mount").map(|said| said.value.trim_matches('/').to_owned())
}

/// The mount of a role's secrets engine.
fn role_mount(table: &Table) -> String {
    mount(table).unwrap_or_else(|| "database".to_owned())
}

/// Where `key` of `table` is said; the table's own place where it is not.
fn origin(table: &Table, key: &str, place: &Place) -> Origin {
    table.entry(key).map_or_else(|| place.origin(), |entry| entry.at.origin())
}

//! `[[fault]]`.

use leaseproof_domain::Ttl;

use super::{Book, mount, owned, phase};
use crate::near::{listed, nearest};
use crate::node::{Node, Table};
use crate::plan::{EVERY_NODE, EnvironmentKind, FaultKind, FaultName, FaultPlan, Plan, VaultStorage};
use crate::problem::Problem;
use crate::value::Rate;

/// How long after its healing a fault window stays open where the scenario does not say.
pub(super) const RECOVERS_WITHIN: Ttl = Ttl::from_secs(10);

pub(super) fn faults(book: &Book<'_>, plan: &Plan) -> Vec<FaultPlan> {
    let tables = book.root.list("fault").iter().filter_map(|node| Some((node, node.table()?)));
    let mut faults: Vec<FaultPlan> = tables.filter_map(|(node, table)| fault(book, plan, node, table)).collect();
    let phase = |fault: &FaultPlan| plan.phases.iter().position(|phase| phase.name == fault.phase);
    faults.sort_by_key(|fault| (phase(fault), fault.at));
    one_after_the_other(book, &faults);
    if plan.environment == EnvironmentKind::Attached
        && let Some(node) = book.root.list("fault").first()
    {
        let theirs = "faults are done to servers that leaseproof starts itself";
        book.add(Problem::at(&node.place, theirs).label("the environment is attached"));
    }
    faults
}

/// What two faults at once did could not be distinguished.
fn one_after_the_other(book: &Book<'_>, faults: &[FaultPlan]) {
    let tables = || book.root.list("fault").iter().filter(|node| node.table().is_some());
    for pair in faults.windows(2) {
        let (before, fault) = (&pair[0], &pair[1]);
        let begins = fault.at.duration().saturating_sub(fault.kind.lag().unwrap_or_default().duration());
        if before.phase == fault.phase && begins < before.at.duration() + before.lasts.duration() {
            let Some(node) = tables().find(|node| node.place.origin() == fault.origin) else { continue };
            let overlap = format!("this fault begins while another one ({}) lasts", before.words());
            book.add(Problem::at(&node.place, overlap).label(format!("the other one is at {}", before.origin)));
        }
    }
}

fn fault(book: &Book<'_>, plan: &Plan, node: &Node, table: &Table) -> Option<FaultPlan> {
    phase::refer(book, plan, table);
    let name = table.parsed::<FaultName>("kind")?.value;
    let span = |key: &str| span(table, key);
    let fault = FaultPlan {
        kind: kind(plan, table, name),
        on: owned(table, "on")?,
        phase: owned(table, "phase")?,
        at: span("at")?,
        lasts: span("for").unwrap_or_default(),
        expect_errors: table.texts("expect_errors").into_iter().map(|code| code.value.to_owned()).collect(),
        recovers_within: span("recovers_within").unwrap_or(RECOVERS_WITHIN),
        dead_within: span("dead_within"),
        origin: node.place.origin(),
    };
    of_its_kind(book, table, name);
    if name.of_links() {
        between(book, plan, table, &fault);
    } else {
        whom(book, plan, table, &fault);
    }
    when(book, plan, table, &fault);
    Some(fault)
}

/// What is missing is reported elsewhere.
fn kind(plan: &Plan, table: &Table, name: FaultName) -> FaultKind {
    let span = |key: &str| span(table, key);
    let to = || owned(table, "to").unwrap_or_default();
    let first = || plan.roles.first().map(|role| role.mount.clone());
    match name {
        FaultName::Kill => FaultKind::Kill,
        FaultName::Restart => FaultKind::Restart,
        FaultName::Freeze => FaultKind::Freeze,
        FaultName::Failover => FaultKind::Failover { lag: span("lag") },
        FaultName::Switchover => FaultKind::Switchover,
        FaultName::StepDown => FaultKind::StepDown,
        FaultName::Seal => FaultKind::Seal,
        FaultName::Partition => FaultKind::Partition { to: to() },
        FaultName::Cut => FaultKind::Cut { to: to() },
        FaultName::Latency => FaultKind::Latency { to: to(), by: span("by").unwrap_or_default() },
        FaultName::Loss => FaultKind::Loss { to: to(), share: table.number("share").map_or(0.0, |said| said.value) },
        FaultName::Quota => FaultKind::Quota {
            rate: table.parsed::<Rate>("rate").map_or(0.0, |said| said.value.0),
            mount: mount(table).or_else(first).unwrap_or_default(),
        },
        FaultName::Flood => FaultKind::Flood,
        FaultName::TokenExpiry => FaultKind::TokenExpiry,
        FaultName::DiskFull => FaultKind::DiskFull,
        FaultName::TerminateSessions => FaultKind::TerminateSessions,
    }
}

fn span(table: &Table, key: &str) -> Option<Ttl> {
    table.parsed::<Ttl>(key).map(|said| said.value)
}

/// Keys that belong to some kinds only: there they are needed, elsewhere they mean nothing.
fn of_its_kind(book: &Book<'_>, table: &Table, kind: FaultName) {
    let keys = [
        ("to", kind.of_links(), true),
        ("by", kind == FaultName::Latency, true),
        ("share", kind == FaultName::Loss, true),
        ("rate", kind == FaultName::Quota, true),
        ("mount", kind == FaultName::Quota, false),
        ("lag", kind == FaultName::Failover, false),
    ];
    for (key, has, needed) in keys {
        match table.entry(key) {
            None if has && needed => {
                let lacking = format!("`{}` has to say `{key}`", kind.as_str());
                book.add(Problem::at(&table_place(table), lacking).label(format!("`{key}` is missing")));
            }
            Some(entry) if !has => {
                let none = format!("`{}` has no `{key}`", kind.as_str());
                book.add(Problem::at(&entry.at, none).label("take it away"));
            }
            _ => {}
        }
    }
}

/// The two ends of a link have to be there, and such that one connects to the other.
fn between(book: &Book<'_>, plan: &Plan, table: &Table, fault: &FaultPlan) {
    let clusters = || plan.postgres.keys().map(|name| format!("postgres.{name}"));
    let ends: Vec<(&str, Vec<String>)> = vec![
        ("client", std::iter::once("vault".to_owned()).chain(clusters()).collect()),
        ("vault", clusters().collect()),
    ];
    let Some(on) = table.entry("on") else { return };
    let Some((_, there)) = ends.iter().find(|(from, _)| *from == fault.on) else {
        let nobody = format!("no link leads from `{}`", fault.on);
        book.add(Problem::at(&on.node.place, nobody).label("expected `client` or `vault`"));
        return;
    };
    let (Some(to), Some(entry)) = (fault.kind.to(), table.entry("to")) else { return };
    if !there.iter().any(|end| end == to) {
        let nowhere = format!("no link leads from `{}` to `{to}`", fault.on);
        let problem = Problem::at(&entry.node.place, nowhere);
        book.add(match nearest(to, there.iter().map(String::as_str)) {
            Some(near) => problem.nearest(Some(near)),
            None => problem.label("not there").help(format!("there are {}", listed(there.iter().map(String::as_str)))),
        });
    }
}

/// The server has to be there, and such that this can be done to it and healed.
fn whom(book: &Book<'_>, plan: &Plan, table: &Table, fault: &FaultPlan) {
    let Some(on) = table.entry("on") else { return };
    let name = FaultName::from(&fault.kind);
    let there = servers(plan, name);
    if !there.contains(&fault.on) {
        let nothing = format!("`{}` can be done to no `{}`", name.as_str(), fault.on);
        let problem = Problem::at(&on.node.place, nothing);
        book.add(match nearest(&fault.on, there.iter().map(String::as_str)) {
            Some(near) => problem.nearest(Some(near)),
            None if there.is_empty() => problem.label(needs(name)),
            None => problem
                .label("not this one")
                .help(format!("it can be done to {}", listed(there.iter().map(String::as_str)))),
        });
        return;
    }
    let forgets = plan.vault.storage == VaultStorage::Inmem && name.ends_a_server();
    if fault.on.starts_with("vault") && forgets {
        let lost = "a Vault that keeps its data in memory has lost it after its end, and cannot be healed";
        book.add(
            Problem::at(&on.node.place, lost)
                .label("its storage is `inmem`")
                .help("write storage = \"file\", \"raft\" or \"postgresql\" under [vault]"),
        );
    }
}

fn when(book: &Book<'_>, plan: &Plan, table: &Table, fault: &FaultPlan) {
    phase::within(book, plan, table, &fault.phase, fault.at);
    if let (Some(lag), Some(entry)) = (fault.kind.lag(), table.entry("lag")) {
        if plan.postgres.get(fault.on.trim_start_matches("postgres.")).is_some_and(|of| of.layout.is_patroni()) {
            let again = "Patroni gives a standby that is cut off its primary back";
            book.add(Problem::at(&entry.at, again).label("expected with layout = \"haproxy-ha\""));
        } else if lag > fault.at {
            let early = "its standby would be cut off before the phase begins";
            book.add(Problem::at(&entry.node.place, early).label("longer than `at`"));
        }
    }
    let name = FaultName::from(&fault.kind);
    if name.has_to_last() && table.entry("for").is_none() {
        let endless = format!("`{}` has to say how long it lasts", name.as_str());
        book.add(Problem::at(&table_place(table), endless).label("`for` is missing"));
    }
    if name == FaultName::StepDown
        && let Some(lasts) = table.entry("for")
    {
        book.add(Problem::at(&lasts.at, "`step-down` does not last: Vault elects again by itself").label("no `for`"));
    }
}

fn table_place(table: &Table) -> crate::place::Place {
    table.entry("kind").map(|kind| kind.at.clone()).expect("a fault without its kind is passed over before")
}

fn needs(kind: FaultName) -> &'static str {
    if kind.of_clusters() {
        "no cluster has standbys: layout = \"haproxy-ha\" or \"patroni\""
    } else {
        "Vault has one node: nodes = 2"
    }
}

/// The servers that it can be done to. A cluster with standbys stands for its primary, Vault for its active node.
fn servers(plan: &Plan, kind: FaultName) -> Vec<String> {
    if matches!(kind, FaultName::Flood | FaultName::TerminateSessions) {
        return plan.postgres.keys().map(|name| format!("postgres.{name}")).collect();
    }
    let mut names = Vec::new();
    if !kind.of_clusters() && kind != FaultName::DiskFull {
        names.push("vault".to_owned());
        if plan.vault.nodes > 1 && !kind.of_vault() {
            names.extend((1..=plan.vault.nodes).map(|node| format!("vault.{node}")));
            names.push(EVERY_NODE.to_owned());
        }
    }
    if kind == FaultName::StepDown && plan.vault.nodes == 1 {
        names.clear();
    }
    for (name, cluster) in plan.postgres.iter().filter(|_| !kind.of_vault()) {
        let standbys = cluster.layout.replicated().map(|(standbys, _)| standbys);
        let starts_again = cluster.layout.is_patroni() && kind == FaultName::DiskFull;
        if standbys.is_none() && kind.of_clusters() || starts_again {
            continue;
        }
        names.push(format!("postgres.{name}"));
        let members = standbys.filter(|_| !kind.of_clusters()).map_or(0, |standbys| standbys + 1);
        names.extend((1..=members).map(|member| format!("postgres.{name}.{member}")));
    }
    names
}

//! `[role.<name>]`.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use leaseproof_domain::{Object, RoleAttributes, Ttl};

use super::promise::runbook_text;
use super::{Book, owned, promised, role_mount, ttl};
use crate::grant;
use crate::node::{Entry, Node, Table, Value};
use crate::place::Said;
use crate::plan::{Escalations, GrantFragment, Member, Naming, ProbePlan, Promised, PublicDefaults, RolePromise};
use crate::problem::Problem;
use crate::text::Text;

pub(super) fn roles(book: &Book<'_>) -> Vec<RolePromise> {
    let mut roles: Vec<RolePromise> = book.root.named("role").map(|(entry, table)| role(book, entry, table)).collect();
    roles.sort_by(|one, other| one.name.cmp(&other.name));
    roles
}

fn role(book: &Book<'_>, entry: &Entry, table: &Table) -> RolePromise {
    let empty = Table::default();
    let ttls = table.table("ttl").unwrap_or(&empty);
    in_order(book, ttls);
    judged_with_grants(book, table);
    let on = book.cluster(table, &entry.node.place);
    RolePromise {
        name: entry.key.clone(),
        mount: role_mount(table),
        on: on.clone(),
        database: owned(table, "database").unwrap_or_default(),
        default_ttl: ttl(ttls, "default"),
        max_ttl: ttl(ttls, "max"),
        grants: table.entry("grants").map(|grants| grants_of(book, grants, version(book, &on))),
        attributes: attributes(table),
        connection_limit: table.whole("connection_limit").map(|said| limit(&said)),
        member_of: table.list("member_of").iter().filter_map(member).collect(),
        settings: settings(table),
        owns: table.list("owns").iter().flat_map(|node| owned_objects(book, node)).collect(),
        escalations: match table.text("escalations").map(|said| said.value) {
            Some("allowed") => Escalations::Allowed,
            _ => Escalations::Forbidden,
        },
        public: match table.text("public").map(|said| said.value) {
            Some("forbidden") => PublicDefaults::Forbidden,
            _ => PublicDefaults::Allowed,
        },
        probes: probes(table),
        username: table.text("username").map(|said| promised(Said { value: said.value.to_owned(), place: said.place })),
        // It follows from the setup, once that is read.
        naming: Naming::Default,
        says: owned(table, "says"),
        origin: entry.node.place.origin(),
    }
}

fn in_order(book: &Book<'_>, ttls: &Table) {
    if let (Some(default), Some(max)) = (ttls.parsed::<Ttl>("default"), ttls.parsed::<Ttl>("max"))
        && default.value > max.value
    {
        let beyond = format!("the default TTL of {} is beyond the maximum of {}", default.value, max.value);
        book.add(Problem::at(&default.place, beyond).label("here"));
    }
}

/// GRA-1 judges attributes and memberships too, and it is `grants` that asks for it.
fn judged_with_grants(book: &Book<'_>, table: &Table) {
    if table.entry("grants").is_some() {
        return;
    }
    for key in ["attributes", "member_of", "connection_limit", "settings", "owns", "escalations", "public", "probes"] {
        if let Some(entry) = table.entry(key) {
            let alone = format!("`{key}` is judged together with `grants`, and there is none");
            let problem = Problem::at(&entry.at, alone).label("would not be judged");
            book.add(problem.help("say `grants = []` where it holds no privilege of its own"));
        }
    }
}

fn grants_of(book: &Book<'_>, entry: &Entry, version: u32) -> Promised<Vec<GrantFragment>> {
    let fragments = entry.node.list().unwrap_or_default();
    let value = fragments.iter().filter_map(|node| fragment(book, node, version)).collect();
    Promised { value, origin: entry.at.origin() }
}

/// The major version of a cluster. What is no number is reported where it stands.
fn version(book: &Book<'_>, cluster: &str) -> u32 {
    let said = book.root.named("postgres").find(|(entry, _)| entry.key == cluster);
    said.and_then(|(_, table)| table.text("version")?.value.parse().ok()).unwrap_or(15)
}

fn fragment(book: &Book<'_>, node: &Node, version: u32) -> Option<GrantFragment> {
    let text = node.text()?;
    let granted = grant::read(text, version).map_err(|all| tell(book, node, text, all)).ok()?;
    Some(GrantFragment {
        text: text.to_owned(),
        origin: node.place.origin(),
        grants: granted.grants,
        whole_schemas: granted.whole_schemas,
        future: granted.future,
    })
}

fn tell(book: &Book<'_>, node: &Node, text: &str, all: Vec<grant::Wrong>) {
    let said = Text::written(text, &node.place);
    for wrong in all {
        let mut problem =
            Problem::at(&said.part(wrong.at), wrong.message).label(wrong.label.unwrap_or_else(|| "here".into()));
        if let Some(help) = wrong.help {
            problem = problem.help(help);
        }
        book.add(problem);
    }
}

fn owned_objects(book: &Book<'_>, node: &Node) -> Vec<Promised<Object>> {
    let Some(text) = node.text() else { return Vec::new() };
    match grant::read_objects(text) {
        Ok(objects) => objects.into_iter().map(|value| Promised { value, origin: node.place.origin() }).collect(),
        Err(all) => {
            tell(book, node, text, all);
            Vec::new()
        }
    }
}

/// Promised privileges are tried out unless the scenario says otherwise.
fn probes(table: &Table) -> Option<ProbePlan> {
    table.entry("grants")?;
    if table.flag("probes").is_some_and(|said| !said.value) {
        return None;
    }
    let mut plan = ProbePlan::default();
    if let Some(said) = table.table("probes") {
        let whole = |key| said.whole(key).and_then(|said| u64::try_from(said.value).ok());
        plan.first = whole("first").unwrap_or(plan.first);
        plan.share = said.number("share").map_or(plan.share, |share| share.value);
        plan.forbidden = whole("forbidden").and_then(|most| u32::try_from(most).ok()).unwrap_or(plan.forbidden);
    }
    (plan.first > 0 || plan.share > 0.0).then_some(plan)
}

fn member(node: &Node) -> Option<Promised<Member>> {
    let origin = node.place.origin();
    if let Some(role) = node.text() {
        return Some(Promised { value: Member::of(role), origin });
    }
    let table = node.table()?;
    let flag = |key| table.flag(key).map(|said| said.value);
    let value = Member {
        admin: flag("admin").unwrap_or(false),
        inherit: flag("inherit"),
        set: flag("set"),
        attributes: table.texts("attributes").iter().map(|said| said.value.to_owned()).collect(),
        ..Member::of(table.text("role")?.value)
    };
    Some(Promised { value, origin })
}

fn settings(table: &Table) -> BTreeMap<String, Promised<String>> {
    let entries = table.table("settings").map(|settings| settings.entries.as_slice()).unwrap_or_default();
    let value = |entry: &Entry| match &entry.node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Whole(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Flag(true) => Some("on".to_owned()),
        Value::Flag(false) => Some("off".to_owned()),
        _ => None,
    };
    let said = |entry: &Entry| {
        Some((entry.key.to_ascii_lowercase(), Promised { value: value(entry)?, origin: entry.at.origin() }))
    };
    entries.iter().filter_map(said).collect()
}

fn limit(said: &Said<i64>) -> Promised<i32> {
    Promised { value: i32::try_from(said.value).unwrap_or(i32::MAX), origin: said.place.origin() }
}

/// A login role that inherits, with whatever the scenario adds or takes away.
fn attributes(table: &Table) -> RoleAttributes {
    let mut attributes = RoleAttributes { login: true, inherit: true, ..RoleAttributes::default() };
    for said in table.texts("attributes") {
        let (word, value) = said.value.strip_prefix("NO").map_or((said.value, true), |word| (word, false));
        match word {
            "SUPERUSER" => attributes.superuser = value,
            "CREATEROLE" => attributes.createrole = value,
            "CREATEDB" => attributes.createdb = value,
            "LOGIN" => attributes.login = value,
            "REPLICATION" => attributes.replication = value,
            "BYPASSRLS" => attributes.bypassrls = value,
            "INHERIT" => attributes.inherit = value,
            _ => {}
        }
    }
    attributes
}

/// A role's `says` is found in the runbook, once.
pub(super) fn says(book: &Book<'_>) {
    let quoting: Vec<(&Entry, &str)> = book
        .root
        .named("role")
        .filter_map(|(_, table)| table.entry("says").and_then(|entry| Some((entry, entry.node.text()?))))
        .collect();
    if book.root.entry("runbook").is_none() {
        for (entry, _) in quoting {
            book.add(Problem::at(&entry.at, "`says` quotes the runbook, and the scenario names none").label("here"));
        }
        return;
    }
    let Some((name, text)) = runbook_text(book) else { return };
    let text = one_line(&text);
    let quotes: Vec<String> = quoting.iter().map(|(_, words)| one_line(words)).collect();
    for ((entry, _), times) in quoting.into_iter().zip(how_often(&text, &quotes)) {
        let problem = match times {
            1 => continue,
            0 => Problem::at(&entry.node.place, "the runbook does not say this").label("not found"),
            times => {
                Problem::at(&entry.node.place, format!("the runbook says this {times} times")).label("quote more of it")
            }
        };
        book.add(problem.help(format!("the runbook is {name}")));
    }
}

/// How often each of the quotes stands in the text, all of them looked for at once.
fn how_often(text: &str, quotes: &[String]) -> Vec<usize> {
    let Ok(search) = AhoCorasick::new(quotes) else {
        return quotes.iter().map(|quote| text.matches(quote.as_str()).count()).collect();
    };
    let mut found = vec![(0, 0); quotes.len()];
    for hit in search.find_overlapping_iter(text) {
        let (times, end) = &mut found[hit.pattern().as_usize()];
        // As `matches` counts: without overlaps.
        if hit.start() >= *end {
            (*times, *end) = (*times + 1, hit.end());
        }
    }
    found.into_iter().map(|(times, _)| times).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! `[role.<name>]`.

use leaseproof_domain::{RoleAttributes, Ttl};

use super::promise::runbook_text;
use super::{Book, owned, promised, ttl};
use crate::grant;
use crate::node::{Entry, Node, Table};
use crate::place::Said;
use crate::plan::{GrantFragment, ProbePlan, Promised, PublicDefaults, RolePromise};
use crate::problem::Problem;

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
    RolePromise {
        name: entry.key.clone(),
        mount: owned(table, "mount").unwrap_or_else(|| "database".to_owned()),
        on: book.cluster(table, &entry.node.place),
        database: owned(table, "database").unwrap_or_default(),
        default_ttl: ttl(ttls, "default"),
        max_ttl: ttl(ttls, "max"),
        grants: table.entry("grants").map(|grants| grants_of(book, grants)),
        attributes: attributes(table),
        member_of: table
            .texts("member_of")
            .into_iter()
            .map(|said| promised(Said { value: said.value.to_owned(), place: said.place }))
            .collect(),
        public: match table.text("public").map(|said| said.value) {
            Some("forbidden") => PublicDefaults::Forbidden,
            _ => PublicDefaults::Allowed,
        },
        probes: probes(table),
        username: table.text("username").map(|said| promised(Said { value: said.value.to_owned(), place: said.place })),
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
    for key in ["attributes", "member_of", "public", "probes"] {
        if let Some(entry) = table.entry(key) {
            let alone = format!("`{key}` is judged together with `grants`, and there is none");
            let problem = Problem::at(&entry.at, alone).label("would not be judged");
            book.add(problem.help("say `grants = []` where it holds no privilege of its own"));
        }
    }
}

fn grants_of(book: &Book<'_>, entry: &Entry) -> Promised<Vec<GrantFragment>> {
    let fragments = entry.node.list().unwrap_or_default();
    Promised { value: fragments.iter().filter_map(|node| fragment(book, node)).collect(), origin: entry.at.origin() }
}

fn fragment(book: &Book<'_>, node: &Node) -> Option<GrantFragment> {
    let text = node.text()?;
    match grant::read(text) {
        Ok(granted) => Some(GrantFragment {
            text: text.to_owned(),
            origin: node.place.origin(),
            grants: granted.grants,
            whole_schemas: granted.whole_schemas,
        }),
        Err(all) => {
            for wrong in all {
                let mut problem = Problem::at(&node.place.part(text, wrong.at), wrong.message)
                    .label(wrong.label.unwrap_or_else(|| "here".into()));
                if let Some(help) = wrong.help {
                    problem = problem.help(help);
                }
                book.add(problem);
            }
            None
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
    for (entry, words) in quoting {
        let problem = match text.matches(&one_line(words)).count() {
            1 => continue,
            0 => Problem::at(&entry.node.place, "the runbook does not say this").label("not found"),
            times => {
                Problem::at(&entry.node.place, format!("the runbook says this {times} times")).label("quote more of it")
            }
        };
        book.add(problem.help(format!("the runbook is {name}")));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

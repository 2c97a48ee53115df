//! `[promise]`, `[account.<name>]` and the runbook.

use std::path::Path;

use super::{Book, promised, ttl};
use crate::file::{read_named, tidy};
use crate::node::{Entry, Table, Value};
use crate::place::{Holds, Said};
use crate::plan::{AccountPromise, EnvironmentPromise, Never, Promised, SessionFate};
use crate::problem::Problem;

pub(super) fn environment(book: &Book<'_>) -> EnvironmentPromise {
    let Some(table) = book.root.table("promise") else { return EnvironmentPromise::default() };
    EnvironmentPromise {
        audit: table.flag("audit").map(promised),
        encrypted: table.flag("encrypted").map(promised),
        password_in_logs: table
            .text("password_in_logs")
            .map(|said| promised(Said { value: Never::Never, place: said.place })),
        orphans: whole(table, "orphans"),
        creates: creates(book, table),
        orphans_before: whole(table, "orphans_before"),
        unanswered: table.number("unanswered").map(promised),
        usable_within: ttl(table, "usable_within"),
        dead_within: ttl(table, "dead_within"),
        sessions_after_revoke: table.text("sessions_after_revoke").and_then(|said| {
            let value = match said.value {
                "survive" => SessionFate::Survive,
                "die" => SessionFate::Die,
                _ => return None,
            };
            Some(promised(Said { value, place: said.place }))
        }),
    }
}

fn whole(table: &Table, key: &str) -> Option<Promised<u64>> {
    let said = table.whole(key)?;
    Some(Promised { value: u64::try_from(said.value).ok()?, origin: said.place.origin() })
}

/// What no name of a group has that is created once and shared: signs of patterns and of Vault's placeholders.
const OF_PATTERNS: [char; 4] = ['*', '?', '{', '}'];

fn creates(book: &Book<'_>, table: &Table) -> Vec<Promised<String>> {
    if let (Some(entry), None) = (table.entry("creates"), table.entry("orphans")) {
        let alone = Problem::at(&entry.at, "`creates` is judged together with `orphans`, and there is none");
        book.add(alone.label("would not be judged").help("add `orphans = 0`"));
    }
    let names = table.texts("creates").into_iter();
    names
        .filter_map(|said| {
            if said.value.is_empty() || said.value.contains(OF_PATTERNS) {
                let problem = format!("`creates` takes names of groups, and `{}` is a pattern", said.value);
                let help = "name each group as the catalog does; a group per credential is no shared one: drop it in \
                            the role's revocation_statements";
                book.add(Problem::at(&said.place, problem).label("expected a name").help(help));
                return None;
            }
            Some(Promised { value: said.value.to_owned(), origin: said.place.origin() })
        })
        .collect()
}

pub(super) fn accounts(book: &Book<'_>) -> Vec<AccountPromise> {
    let mut accounts: Vec<AccountPromise> = book
        .root
        .named("account")
        .map(|(entry, table)| {
            if table.entries.is_empty() {
                let nothing = format!("nothing is promised of account `{}`", entry.key);
                book.add(Problem::at(&entry.node.place, nothing).help("say `superuser = false` or the like"));
            }
            AccountPromise {
                name: entry.key.clone(),
                attributes: table.entries.iter().filter_map(attribute).collect(),
                origin: entry.node.place.origin(),
            }
        })
        .collect();
    accounts.sort_by(|one, other| one.name.cmp(&other.name));
    accounts
}

fn attribute(entry: &Entry) -> Option<(String, Promised<bool>)> {
    match entry.node.value {
        Value::Flag(value) => Some((entry.key.clone(), Promised { value, origin: entry.at.origin() })),
        _ => None,
    }
}

/// The runbook's path from the scenario's folder, once it is known to be there.
pub(super) fn runbook(book: &Book<'_>) -> Option<String> {
    let entry = book.root.entry("runbook")?;
    let name = entry.node.text()?;
    read_named(name, &entry.node.place, Holds::Words, book.noted)?;
    Some(tidy(&Path::new(&entry.node.place.source.from_scenario).join(name)).display().to_string())
}

/// The runbook's text and its name, for what is to be found in it.
pub(super) fn runbook_text(book: &Book<'_>) -> Option<(String, String)> {
    let entry = book.root.entry("runbook")?;
    let source = read_named(entry.node.text()?, &entry.node.place, Holds::Words, &crate::problem::Noted::default())?;
    Some((source.name.clone(), source.text.clone()))
}

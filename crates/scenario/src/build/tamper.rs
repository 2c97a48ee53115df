//! `[[tamper]]`.

use super::{Book, owned};
use crate::near::listed;
use crate::node::{Node, Table};
use crate::plan::{TamperKind, TamperPlan, TamperedRequest};
use crate::problem::Problem;

pub(super) fn tampering(book: &Book<'_>) -> Vec<TamperPlan> {
    let encrypted = book.root.table("vault").and_then(|vault| vault.flag("tls")).is_some_and(|said| said.value);
    if let Some(first) = book.root.list("tamper").first().filter(|_| encrypted) {
        let deaf = Problem::at(&first.place, "[[tamper]] needs a Vault without TLS");
        book.add(deaf.label("the tampering proxy has to read the requests").help("leave `tls = true` out of [vault]"));
    }
    let tables = book.root.list("tamper").iter().filter_map(|node| Some((node, node.table()?)));
    tables.filter_map(|(node, table)| tamper(book, node, table)).collect()
}

fn tamper(book: &Book<'_>, node: &Node, table: &Table) -> Option<TamperPlan> {
    let kind = table.parsed::<TamperKind>("kind")?.value;
    if let Some(role) = table.entry("role") {
        let roles: Vec<&str> = book.root.named("role").map(|(entry, _)| entry.key.as_str()).collect();
        book.refer(&role.node, "promised role", &roles);
    }
    if let Some(delay) = table.entry("delay").filter(|_| kind.default_delay().is_none()) {
        book.add(Problem::at(&delay.at, format!("`{}` does not wait", kind.name())).label("it has no delay"));
    }
    Some(TamperPlan {
        kind,
        share: table.number("share").map_or(1.0, |share| share.value),
        to: targets(book, table, kind),
        role: owned(table, "role"),
        delay: table.parsed("delay").map(|said| said.value).or(kind.default_delay()).unwrap_or_default(),
        origin: node.place.origin(),
    })
}

/// The requests that the file names, or all that the kind applies to.
fn targets(book: &Book<'_>, table: &Table, kind: TamperKind) -> Vec<TamperedRequest> {
    let can = kind.applies_to();
    if table.entry("to").is_none() {
        return can.to_vec();
    }
    let said = table.texts("to");
    for name in said.iter().filter(|name| !can.iter().any(|to| to.name() == name.value)) {
        let never = format!("`{}` never applies to `{}`", kind.name(), name.value);
        let help = format!("it applies to {}", listed(can.iter().map(|to| to.name())));
        book.add(Problem::at(&name.place, never).label("not this one").help(help));
    }
    can.iter().copied().filter(|to| said.iter().any(|name| name.value == to.name())).collect()
}

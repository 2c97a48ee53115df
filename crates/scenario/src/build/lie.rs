//! `[[lie]]`.

use super::{Book, owned};
use crate::near::listed;
use crate::node::{Node, Table};
use crate::plan::{TamperKind, TamperPlan, TamperedRequest};
use crate::problem::Problem;

pub(super) fn lies(book: &Book<'_>) -> Vec<TamperPlan> {
    let encrypted = book.root.table("vault").and_then(|vault| vault.flag("tls")).is_some_and(|said| said.value);
    if let Some(first) = book.root.list("lie").first().filter(|_| encrypted) {
        let deaf = Problem::at(&first.place, "[[lie]] needs a Vault without TLS");
        book.add(deaf.label("the tampering proxy has to read the requests").help("leave `tls = true` out of [vault]"));
    }
    let tables = book.root.list("lie").iter().filter_map(|node| Some((node, node.table()?)));
    tables.filter_map(|(node, table)| lie(book, node, table)).collect()
}

fn lie(book: &Book<'_>, node: &Node, table: &Table) -> Option<TamperPlan> {
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
        to: told_to(book, table, kind),
        role: owned(table, "role"),
        delay: table.parsed("delay").map(|said| said.value).or(kind.default_delay()).unwrap_or_default(),
        origin: node.place.origin(),
    })
}

/// The requests that the file says, or else all that the kind can be told to.
fn told_to(book: &Book<'_>, table: &Table, kind: TamperKind) -> Vec<TamperedRequest> {
    let can = kind.can_be_told_to();
    if table.entry("to").is_none() {
        return can.to_vec();
    }
    let said = table.texts("to");
    for name in said.iter().filter(|name| !can.iter().any(|to| to.name() == name.value)) {
        let never = format!("`{}` is never told to `{}`", kind.name(), name.value);
        let help = format!("it can be told to {}", listed(can.iter().map(|to| to.name())));
        book.add(Problem::at(&name.place, never).label("not this one").help(help));
    }
    can.iter().copied().filter(|to| said.iter().any(|name| name.value == to.name())).collect()
}

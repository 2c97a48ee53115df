//! All privileges of one role, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};
use leaseproof_domain::{ObjectKind, PrivilegeSet, visible};
use schemars::JsonSchema;
use serde::Serialize;

use crate::foreign::shown_names;

/// The version of [`RoleGrants`]'s format.
pub const GRANTS_SCHEMA: &str = "leaseproof/grants/1";

/// All privileges of one role in some databases of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoleGrants {
    /// [`GRANTS_SCHEMA`].
    pub schema: String,
    /// The role.
    pub role: String,
    /// The server, `host:port`.
    pub server: String,
    /// One privilege set per database; attributes and shared objects are the same in each, and so are memberships, except that
    /// of `pg_database_owner`.
    pub databases: Vec<PrivilegeSet>,
}

/// The output of `leaseproof grants --json`.
pub fn grants_json(grants: &RoleGrants) -> String {
    let mut text = serde_json::to_string_pretty(grants).expect("privileges are plain values with text keys");
    text.push('\n');
    text
}

/// The JSON Schema of [`grants_json`].
pub fn grants_schema() -> String {
    let mut schema = schemars::schema_for!(RoleGrants);
    schema.insert("title".into(), GRANTS_SCHEMA.into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// The output of `leaseproof grants`: the role and what it has of the whole cluster, then each database.
pub fn grants_table(grants: &RoleGrants) -> String {
    let mut out = format!("{} on {}\n", visible(&grants.role), visible(&grants.server));
    let mut databases = shown_names(&grants.databases);
    if let Some(shared) = take_shared(&mut databases) {
        role(&mut out, &shared);
        let mut of_cluster = String::new();
        objects(&mut of_cluster, &shared);
        if !of_cluster.is_empty() {
            let _ = write!(out, "\nCLUSTER\n{of_cluster}");
        }
    }
    for set in &databases {
        let _ = writeln!(out, "\nDATABASE {}", set.database);
        memberships(&mut out, set);
        lines(&mut out, "settings", set.settings.iter().map(ToString::to_string));
        objects(&mut out, set);
    }
    out
}

/// Takes out of each database's set what is not of that database and is the same in all of them: the role's own, and what
/// it has on databases, tablespaces and parameters.
fn take_shared(databases: &mut [PrivilegeSet]) -> Option<PrivilegeSet> {
    let mut shared = databases.first()?.clone();
    let of_cluster =
        |kind: ObjectKind| matches!(kind, ObjectKind::Database | ObjectKind::Tablespace | ObjectKind::Parameter);
    shared.held.retain(|granted| of_cluster(granted.grant.object.kind));
    shared.owned.retain(|(object, _)| of_cluster(object.kind));
    shared.escalations.retain(|way| way.object.as_ref().is_none_or(|object| of_cluster(object.kind)));
    shared.future.clear();
    shared.row_security.clear();
    if databases.len() == 1 {
        shared.beyond.clear();
    }
    for set in &*databases {
        shared.memberships.retain(|row| set.memberships.contains(row));
        shared.settings.retain(|row| set.settings.contains(row));
        shared.held.retain(|row| set.held.contains(row));
        shared.owned.retain(|row| set.owned.contains(row));
        shared.escalations.retain(|row| set.escalations.contains(row));
        shared.beyond.retain(|row| set.beyond.contains(row));
    }
    for set in databases {
        set.memberships.retain(|row| !shared.memberships.contains(row));
        set.settings.retain(|row| !shared.settings.contains(row));
        set.held.retain(|row| !shared.held.contains(row));
        set.owned.retain(|row| !shared.owned.contains(row));
        set.escalations.retain(|row| !shared.escalations.contains(row));
        set.beyond.retain(|row| !shared.beyond.contains(row));
    }
    Some(shared)
}

fn role(out: &mut String, set: &PrivilegeSet) {
    let attributes: Vec<&str> =
        set.attributes.named().into_iter().filter_map(|(name, has)| has.then_some(name)).collect();
    let limit = set
        .attributes
        .connection_limit
        .map_or("no connection limit".to_owned(), |limit| format!("CONNECTION LIMIT {limit}"));
    let _ = writeln!(
        out,
        "  attributes: {}; {limit}",
        if attributes.is_empty() { "none".into() } else { attributes.join(", ") }
    );
    memberships(out, set);
    lines(out, "settings", set.settings.iter().map(ToString::to_string));
    if set.attributes.superuser {
        out.push_str("  a superuser has all privileges; none is listed\n");
    }
}

fn memberships(out: &mut String, set: &PrivilegeSet) {
    lines(
        out,
        "memberships",
        set.memberships.iter().map(|membership| {
            let options = [("ADMIN", membership.admin), ("INHERIT", membership.inherit), ("SET", membership.set)];
            let options: Vec<&str> = options.into_iter().filter_map(|(name, has)| has.then_some(name)).collect();
            let through = if membership.direct { "" } else { ", through another group" };
            let options = if options.is_empty() { "no option".to_owned() } else { options.join(", ") };
            format!("{} ({options}{through})", membership.group)
        }),
    );
}

fn objects(out: &mut String, set: &PrivilegeSet) {
    let mut held: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for granted in &set.held {
        held.entry(granted.grant.object.kind).or_default().push(granted);
    }
    for (kind, mut granted) in held {
        granted.sort_by_key(|granted| (&granted.grant.object, granted.grant.privilege));
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([kind.word(), "privilege", "grantable", "why"]);
        for granted in granted {
            let object = granted.grant.object.to_string();
            let name = object.strip_prefix(kind.word()).unwrap_or(&object).trim_start().to_owned();
            let grantable = if granted.grant.grantable { "yes" } else { "" };
            table.add_row([name, granted.grant.privilege.to_string(), grantable.to_owned(), granted.why.to_string()]);
        }
        for line in table.lines() {
            let _ = writeln!(out, "  {}", line.trim_end());
        }
    }
    lines(out, "owns", set.owned.iter().map(|(object, owner)| format!("{object} ({owner})")));
    lines(out, "future", set.future.iter().map(|future| format!("{future} ({})", future.why)));
    lines(
        out,
        "row security",
        set.row_security.iter().map(|guarded| {
            let forced = if guarded.forced { ", forced" } else { "" };
            let policies: Vec<&str> = guarded.policies.iter().map(String::as_str).collect();
            let policies =
                if policies.is_empty() { "no policy: no row is visible".to_owned() } else { policies.join("; ") };
            format!("{}{forced}: {policies}", guarded.table)
        }),
    );
    lines(out, "ways around the ACLs", set.escalations.iter().map(|escalation| escalation.what.clone()));
    lines(out, "beyond", set.beyond.iter().cloned());
}

fn lines(out: &mut String, what: &str, lines: impl Iterator<Item = String>) {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            let _ = writeln!(out, "  {what}:");
        }
        let _ = writeln!(out, "    {line}");
    }
}

#[cfg(test)]
mod tests {
    /// `UPDATE_DOCS=1 cargo test -p leaseproof-report` writes it anew.
    #[test]
    fn the_schema_in_the_docs_is_the_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grants.schema.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, super::grants_schema()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == super::grants_schema(), "docs/grants.schema.json is out of date: run with UPDATE_DOCS=1");
    }
}

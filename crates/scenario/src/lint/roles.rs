//! Roles and connections of Vault's database engine, held against each other.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use leaseproof_domain::Ttl;
use regex::Regex;

use super::{Step, named};
use crate::node::{Entry, Node, Table, Value};
use crate::place::Place;
use crate::plan::{PASSWORD_POLICIES, policy_in};
use crate::problem::{Noted, Problem};
use crate::text::FileWhen;

/// Pairs of parameters of which the first is not to be longer.
const TTLS: [(&str, &str); 4] = [
    ("default_ttl", "max_ttl"),
    ("default_lease_ttl", "max_lease_ttl"),
    ("token_ttl", "token_max_ttl"),
    ("ttl", "max_ttl"),
];

/// Notes roles without a connection, roles that their connection does not allow, and TTLs beyond their maximum.
pub(super) fn lint(root: &Table, steps: &[Step<'_>], mounts: &[String], noted: &Noted) {
    steps.iter().for_each(|step| in_order(step, noted));
    let of = |kind: &'static str| {
        steps.iter().filter_map(move |step| Some((named(step.path()?, kind, mounts)?, step))).collect::<Vec<_>>()
    };
    let connections = of("config");
    let mut written: HashMap<(&str, &str), Vec<&Step<'_>>> = HashMap::new();
    connections.iter().for_each(|(name, step)| written.entry(*name).or_default().push(*step));
    // What scripts do, and what is there already, no file says.
    let all_said = root.entry("attached").is_none() && !steps.iter().any(|step| step.action.key == "script");
    if all_said {
        policies(steps, noted);
        databases(root, steps, noted);
    }
    for ((mount, role), step) in of("roles").into_iter().chain(of("static-roles")) {
        let Some(entry) = step.datum("db_name") else { continue };
        let Some(db_name) = entry.node.text() else { continue };
        let writes = written.get(&(mount, db_name)).map_or(&[][..], Vec::as_slice);
        if writes.is_empty() {
            if all_said {
                let names = connections.iter().filter(|((of, _), _)| *of == mount).map(|((_, name), _)| *name);
                noted.add(no_connection(entry, db_name, mount, &names.collect::<Vec<_>>(), noted));
            }
            continue;
        }
        let allowed = writes.iter().rev().find_map(|write| write.datum("allowed_roles"));
        if let Some(allowed) = allowed.filter(|allowed| !allows(allowed, role)) {
            let what = format!(
                "connection `{db_name}` does not allow role `{role}`: Vault rejects requests for its credentials"
            );
            let help = format!("its `allowed_roles` are at {}", allowed.at.origin());
            noted.add(Problem::warning(&step.action.node.place, what).label("not among them").help(help));
        } else if allowed.is_none() && all_said {
            let what =
                format!("connection `{db_name}` has no `allowed_roles`: Vault rejects requests for any credential");
            noted.add(Problem::warning(&entry.node.place, what).label("of this connection"));
        }
    }
}

/// Notes password policies that no step writes: those of connections, and those in the `credential_config` of a role.
fn policies(steps: &[Step<'_>], noted: &Noted) {
    let written: HashSet<&str> = steps.iter().filter_map(|step| step.path()?.strip_prefix(PASSWORD_POLICIES)).collect();
    let mut names: Vec<&str> = written.iter().copied().collect();
    names.sort_unstable();
    for (place, name) in steps.iter().flat_map(named_policies) {
        if name.is_empty() || written.contains(name.as_str()) {
            continue;
        }
        let what = format!(
            "no step writes the password policy `{PASSWORD_POLICIES}{name}`: Vault fails to generate passwords"
        );
        noted.add(unknown(&place, what, &name, &names, noted));
    }
}

/// The password policies that a step names, and where.
fn named_policies(step: &Step<'_>) -> Vec<(Place, String)> {
    let plain = step.datum("password_policy").and_then(|entry| {
        let name = entry.node.text()?;
        Some((entry.node.place.clone(), name.to_owned()))
    });
    let config = step.datum("credential_config").map(|entry| step.texts(entry, FileWhen::At)).unwrap_or_default();
    let config = config.iter().filter_map(|text| {
        let (name, at) = policy_in(&text.text)?;
        Some((text.part(at), name.to_owned()))
    });
    plain.into_iter().chain(config).collect()
}

static CREATE_DATABASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\bcreate\s+database\s+"?(?<name>[A-Za-z0-9_$-]+)"#).expect("a pattern written here")
});

/// Notes databases of promised roles that no step creates. One that any SQL mentions may be created by a function.
fn databases(root: &Table, steps: &[Step<'_>], noted: &Noted) {
    let sql: Vec<String> = steps
        .iter()
        .filter(|step| step.action.key == "sql")
        .flat_map(|step| step.texts(step.action, FileWhen::Ends(".sql")))
        .map(|text| text.text)
        .collect();
    let created: Vec<&str> = sql
        .iter()
        .flat_map(|text| CREATE_DATABASE.captures_iter(text))
        .filter_map(|found| Some(found.name("name")?.as_str()))
        .collect();
    for (_, role) in root.named("role") {
        let Some(entry) = role.entry("database") else { continue };
        let Some(name) = entry.node.text() else { continue };
        let is_there = matches!(name, "postgres" | "template1") || sql.iter().any(|text| text.contains(name));
        if !is_there && !created.is_empty() {
            noted.add(unknown(
                &entry.node.place,
                format!("no set-up step creates the database `{name}`"),
                name,
                &created,
                noted,
            ));
        }
    }
}

fn unknown(place: &Place, what: String, name: &str, names: &[&str], noted: &Noted) -> Problem {
    let problem = Problem::warning(place, what);
    if noted.is_crowded() {
        return problem;
    }
    problem.among(name, names, "unknown")
}

fn no_connection(entry: &Entry, db_name: &str, mount: &str, names: &[&str], noted: &Noted) -> Problem {
    let what = format!("no step writes the connection `{mount}/config/{db_name}`");
    unknown(&entry.node.place, what, db_name, names, noted)
}

/// Whether `allowed_roles`, a list or a text with commas, has the role; a `*` at either end stands for anything
/// (builtin/logical/database/path_creds_create.go, strutil.StrListContainsGlob).
fn allows(allowed: &Entry, role: &str) -> bool {
    let texts: Vec<&str> = match allowed.node.list() {
        Some(items) => items.iter().filter_map(Node::text).collect(),
        None => allowed.node.text().into_iter().flat_map(|text| text.split(',')).collect(),
    };
    texts.iter().map(|text| text.trim()).any(|pattern| {
        let (begin, end) = (pattern.strip_prefix('*'), pattern.strip_suffix('*'));
        match (begin, end) {
            (Some(_), Some(_)) => role.contains(pattern.trim_matches('*')),
            (Some(end), None) => role.ends_with(end),
            (None, Some(begin)) => role.starts_with(begin),
            (None, None) => role == pattern,
        }
    })
}

fn in_order(step: &Step<'_>, noted: &Noted) {
    for (default, max) in TTLS {
        let (Some(shorter), Some(longer)) = (step.datum(default), step.datum(max)) else { continue };
        if let (Some(seconds), Some(most)) = (seconds(&shorter.node), seconds(&longer.node))
            && most > 0
            && seconds > most
        {
            let what = format!("`{default}` is above `{max}`: {seconds} s and {most} s");
            noted.add(Problem::warning(&shorter.at, what).label(format!("Vault caps it at `{max}`")));
        }
    }
}

/// A duration as Vault takes it: a number of seconds, or a number with a unit.
fn seconds(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Whole(seconds) => u64::try_from(*seconds).ok(),
        Value::Text(text) => text.parse().ok().or_else(|| text.parse::<Ttl>().ok().map(|ttl| ttl.duration().as_secs())),
        _ => None,
    }
}

//! Roles and connections of Vault's database engine, held against each other.

use std::collections::{HashMap, HashSet};

use leaseproof_domain::Ttl;

use super::statements::tokens_of;
use super::{Step, are_complete, named};
use crate::node::{Entry, Node, Table, Value};
use crate::place::Place;
use crate::plan::{PASSWORD_POLICIES, policy_in};
use crate::problem::{Noted, Problem};
use crate::sql::{Kind, Token};
use crate::text::{FileWhen, Text};

/// Pairs of parameters of which the first is not to be longer.
const TTLS: [(&str, &str); 4] = [
    ("default_ttl", "max_ttl"),
    ("default_lease_ttl", "max_lease_ttl"),
    ("token_ttl", "token_max_ttl"),
    ("ttl", "max_ttl"),
];

/// Notes roles without a connection, roles that their connection does not allow, and TTLs beyond their maximum.
pub(super) fn lint(root: &Table, steps: &[Step<'_>], mounts: &HashSet<String>, noted: &Noted) {
    steps.iter().for_each(|step| in_order(step, noted));
    beyond_mount(root, steps, mounts, noted);
    let of = |kind: &'static str| {
        steps.iter().filter_map(move |step| Some((named(step.path()?, kind, mounts)?, step))).collect::<Vec<_>>()
    };
    let connections = of("config");
    let mut written: HashMap<(&str, &str), Vec<&Step<'_>>> = HashMap::new();
    connections.iter().for_each(|(name, step)| written.entry(*name).or_default().push(*step));
    let all_said = are_complete(root, steps);
    if all_said {
        policies(steps, noted);
        databases(root, steps, noted);
        replication(root, steps, noted);
    }
    for ((mount, role), step) in of("roles").into_iter().chain(of("static-roles")) {
        let Some(entry) = step.datum("db_name") else { continue };
        let Some(db_name) = entry.node.text() else { continue };
        let writes = written.get(&(mount, db_name)).map_or(&[][..], Vec::as_slice);
        if writes.is_empty() {
            if all_said {
                let names = connections.iter().filter(|((of, _), _)| *of == mount).map(|((_, name), _)| *name);
                let names: Vec<&str> = if noted.is_crowded() { Vec::new() } else { names.collect() };
                noted.add(no_connection(entry, db_name, mount, &names, noted));
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

/// Notes databases of promised roles that no step creates. One that any SQL mentions may be created by a function.
fn databases(root: &Table, steps: &[Step<'_>], noted: &Noted) {
    let sql = steps.iter().filter(|step| step.action.key == "sql");
    let sql: Vec<Text> = sql.flat_map(|step| step.texts(step.action, FileWhen::Ends(".sql"))).collect();
    let (mut created, mut mentioned) = (Vec::new(), HashSet::new());
    for text in &sql {
        let tokens = tokens_of(&text.text);
        let is = |token: &Token, word: &str| text.text[token.span.clone()].eq_ignore_ascii_case(word);
        let made = tokens.windows(3).filter(|three| is(&three[0], "create") && is(&three[1], "database"));
        created.extend(made.filter_map(|three| identifier(&text.text, &three[2])));
        tokens.iter().for_each(|token| mention(&text.text, token, &mut mentioned));
    }
    let names: Vec<&str> = created.iter().map(String::as_str).collect();
    for (_, role) in root.named("role") {
        let Some(entry) = role.entry("database") else { continue };
        let Some(name) = entry.node.text() else { continue };
        let is_there = matches!(name, "postgres" | "template1") || mentioned.contains(name);
        if !is_there && !created.is_empty() {
            let what = format!("no setup step creates the database `{name}`");
            noted.add(unknown(&entry.node.place, what, name, &names, noted));
        }
    }
}

/// Notes accounts of `replicate_as` that no step lets replicate. SQL that builds its statements may do it: a name in a
/// literal, or in the body of a function, is enough.
fn replication(root: &Table, steps: &[Step<'_>], noted: &Noted) {
    let sql = steps.iter().filter(|step| step.action.key == "sql");
    let sql: Vec<Text> = sql.flat_map(|step| step.texts(step.action, FileWhen::Ends(".sql"))).collect();
    for (_, cluster) in root.named("postgres") {
        let Some(entry) = cluster.entry("replicate_as") else { continue };
        let Some(name) = entry.node.text() else { continue };
        if name == cluster.text("superuser").map_or("postgres", |said| said.value) {
            continue;
        }
        let found: Vec<bool> = sql.iter().filter_map(|text| may_replicate(&text.text, name)).collect();
        let what = match found.iter().any(|may| *may) {
            true => continue,
            false if found.is_empty() => format!("no setup step creates the account `{name}`"),
            false => format!("no setup step gives the account `{name}` REPLICATION"),
        };
        let problem = Problem::warning(&entry.node.place, what).label("standbys cannot replicate with it");
        noted.add(problem.help(format!("add a step with `CREATE ROLE \"{name}\" LOGIN REPLICATION PASSWORD '…'`")));
    }
}

/// Whether a statement about the account may let it replicate; none if the SQL does not mention the account.
fn may_replicate(sql: &str, account: &str) -> Option<bool> {
    let tokens = tokens_of(sql);
    let is_semicolon = |token: &Token| &sql[token.span.clone()] == ";";
    let word = |token: &Token| sql[token.span.clone()].to_ascii_uppercase();
    let about = |statement: &[Token]| {
        let names = statement.iter().any(|token| identifier(sql, token).is_some_and(|name| name == account));
        let mut mentioned = HashSet::new();
        statement.iter().for_each(|token| mention(sql, token, &mut mentioned));
        let hidden = !names && mentioned.contains(account);
        let may = statement.iter().any(|token| matches!(word(token).as_str(), "REPLICATION" | "SUPERUSER"));
        (names || hidden).then_some(hidden || may)
    };
    tokens.split(is_semicolon).filter_map(about).reduce(|one, other| one || other)
}

/// The name that a token is: PostgreSQL folds one without quotes to small letters.
fn identifier(text: &str, token: &Token) -> Option<String> {
    match token.kind {
        Kind::Word => Some(text[token.span.clone()].to_lowercase()),
        Kind::Name => Some(text[token.inner.clone()].replace("\"\"", "\"")),
        _ => None,
    }
}

/// Takes up each name that a token is, or that a text in quotes may have.
fn mention(text: &str, token: &Token, mentioned: &mut HashSet<String>) {
    mentioned.extend(identifier(text, token));
    if matches!(token.kind, Kind::Literal | Kind::Dollar) {
        let is_joint = |sign: char| !(sign.is_alphanumeric() || "_$-".contains(sign));
        for word in text[token.inner.clone()].split(is_joint).filter(|word| !word.is_empty()) {
            mentioned.extend([word.to_owned(), word.to_lowercase()]);
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

/// Notes TTLs of roles above the maximum of their mount: its own, or the system's.
fn beyond_mount(root: &Table, steps: &[Step<'_>], mounts: &HashSet<String>, noted: &Noted) {
    let system = root.table("vault").and_then(|vault| vault.entry("max_lease_ttl"));
    for step in steps {
        let Some((mount, _)) = step.path().and_then(|path| named(path, "roles", mounts)) else { continue };
        let own = steps.iter().rev().find_map(|step| maximum_of(step, mount));
        // A mount whose maximum is 0 has the system's (Vault, "Tune Mount Configuration").
        let is_set = |entry: &&Entry| seconds(&entry.node).is_some_and(|most| most > 0);
        let own = own.filter(is_set);
        let Some(most) = own.or(system.filter(is_set)) else { continue };
        let capped = seconds(&most.node).unwrap_or_default();
        let beyond = ["default_ttl", "max_ttl"].into_iter().filter_map(|key| step.datum(key)).find_map(|entry| {
            let seconds = seconds(&entry.node).filter(|seconds| *seconds > capped)?;
            Some((entry, seconds))
        });
        if let Some((entry, seconds)) = beyond {
            let whose = if own.is_some() { format!("the mount `{mount}`") } else { "[vault]".to_owned() };
            let what = format!("`{}` is above `max_lease_ttl` of {whose}: {seconds} s and {capped} s", entry.key);
            let help = format!("`max_lease_ttl` is at {}", most.at.origin());
            noted.add(Problem::warning(&entry.at, what).label("Vault caps it").help(help));
        }
    }
}

/// The maximum lease TTL that a step gives to a mount.
fn maximum_of<'a>(step: &Step<'a>, mount: &str) -> Option<&'a Entry> {
    let of = step.path()?.strip_prefix("sys/mounts/")?;
    if of.strip_suffix("/tune") == Some(mount) {
        return step.datum("max_lease_ttl");
    }
    let config = step.datum("config").filter(|_| of == mount)?;
    config.node.table()?.entry("max_lease_ttl")
}

/// A duration as Vault takes it: a number of seconds, or a number with a unit.
fn seconds(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Whole(seconds) => u64::try_from(*seconds).ok(),
        Value::Text(text) => text.parse().ok().or_else(|| text.parse::<Ttl>().ok().map(|ttl| ttl.duration().as_secs())),
        _ => None,
    }
}

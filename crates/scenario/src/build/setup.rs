//! `[[setup]]` and `[client]`.

use std::collections::{BTreeMap, HashMap};

use leaseproof_domain::{Origin, Secret, Ttl};

use super::{Book, owned};
use crate::form::Form;
use crate::keys;
use crate::near::nearest;
use crate::node::{Entry, Node, Table, Value};
use crate::place::Holds;
use crate::placeholder::Language;
use crate::plan::{ClientPlan, ExpectedFailure, Setting, SettingValue, SetupAction, SetupStep, Warnings};
use crate::problem::Problem;
use crate::secrets;
use crate::text::{FileWhen, Text};

pub(super) fn steps(book: &Book<'_>) -> Vec<SetupStep> {
    named_once(book, "setup");
    book.root.list("setup").iter().filter_map(|node| step(book, node, node.table()?)).collect()
}

/// What a `[[setup]]` or `[[action]]` table does, and how that has to end.
pub(super) fn step(book: &Book<'_>, node: &Node, table: &Table) -> Option<SetupStep> {
    Some(SetupStep {
        name: owned(table, "name"),
        action: action(book, node, table)?,
        warnings: warnings(table).or(warnings(book.root)).unwrap_or_default(),
        expect: table.entry("expect").and_then(|entry| expected(book, entry)),
        origin: node.place.origin(),
        keys: keys_of(table),
    })
}

/// The lines of what a `write` has under `data`.
fn keys_of(table: &Table) -> BTreeMap<String, Origin> {
    let data = table.table("data").into_iter().flat_map(|data| &data.entries);
    data.map(|entry| (entry.key.clone(), entry.at.origin())).collect()
}

fn warnings(table: &Table) -> Option<Warnings> {
    table.text("warnings").map(|said| if said.value == "fail" { Warnings::Fail } else { Warnings::Report })
}

/// The name of a step or an action is its own: no other one of its array has it, and no other one is found by it.
pub(super) fn named_once(book: &Book<'_>, array: &str) {
    let form = Form::Shape(&keys::ROOT).at(array);
    let (a, what) = if array == "setup" { ("a", "step") } else { ("an", array) };
    let steps = book.root.list(array);
    let mut paths: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        form.identity(step).into_iter().for_each(|path| paths.entry(path).or_default().push(at));
    }
    let mut named: HashMap<&str, Origin> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        let Some(entry) = step.table().and_then(|table| table.entry("name")) else { continue };
        let Some(name) = entry.node.text() else { continue };
        let add = |what: String| book.add(Problem::at(&entry.node.place, what).label("here"));
        if name.trim().is_empty() {
            add(format!("{a} {what}'s name cannot be empty"));
        } else if let Some(first) = named.get(name) {
            add(format!("two {what}s have the name `{name}`; the other one is at {first}"));
        } else if paths.get(name).is_some_and(|others| others.iter().any(|other| *other != at)) {
            add(format!("`{name}` is the path of another {what} already"));
        }
        named.entry(name).or_insert_with(|| entry.node.place.origin());
    }
}

fn action(book: &Book<'_>, node: &Node, table: &Table) -> Option<SetupAction> {
    if let Some(entry) = table.entry("sql") {
        let text = read(book, &entry.node, FileWhen::Ends(".sql"), Language::Ours, Holds::Words)?;
        return Some(SetupAction::Sql {
            file: text.file,
            text: text.text,
            on: book.cluster(table, &node.place),
            database: owned(table, "database").unwrap_or_else(|| "postgres".to_owned()),
            user: owned(table, "user"),
            password: owned(table, "password").map(|password| Setting::Secret(Secret::new(password))),
        });
    }
    if let Some(engine) = owned(table, "enable") {
        let path = table.entry("path").map_or(Some(engine.clone()), |entry| path(book, entry))?;
        return Some(SetupAction::Enable { engine, path });
    }
    if let Some(entry) = table.entry("disable") {
        return Some(SetupAction::Disable { path: path(book, entry)? });
    }
    if let Some(entry) = table.entry("delete") {
        return Some(SetupAction::Delete { path: path(book, entry)? });
    }
    if let Some(entry) = table.entry("revoke_prefix") {
        return Some(SetupAction::RevokePrefix { prefix: path(book, entry)? });
    }
    if let Some(entry) = table.entry("write") {
        let path = path(book, entry)?;
        let data = table.table("data").into_iter().flat_map(|data| &data.entries);
        let data = data.filter_map(|entry| Some((entry.key.clone(), datum(book, entry)?))).collect();
        return Some(SetupAction::Write { path, data });
    }
    if let Some(name) = owned(table, "policy") {
        let rules = read(book, &table.entry("rules")?.node, FileWhen::At, Language::Ours, Holds::Words)?.text;
        return Some(SetupAction::Policy { name, rules });
    }
    let script = &table.entry("script")?.node;
    let text = read(book, script, FileWhen::Ends(".sh"), Language::Shell, Holds::Anything)?;
    Some(SetupAction::Script { file: text.file, text: text.text })
}

/// A path of Vault's, as it stands behind `vault write`.
fn path(book: &Book<'_>, entry: &Entry) -> Option<String> {
    let path = entry.node.text()?;
    let trimmed = path.trim().trim_matches('/');
    let wrong = if trimmed.is_empty() {
        Some("it is empty")
    } else if path.contains("://") {
        Some("it has a host: Vault's address is the environment's")
    } else if trimmed.starts_with("v1/") {
        Some("`v1/` belongs to the HTTP API; the path begins behind it")
    } else if trimmed.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("a part of it is empty or only dots")
    } else {
        path.chars().any(char::is_control).then_some("it has a control character")
    };
    if let Some(wrong) = wrong {
        let problem = Problem::at(&entry.node.place, format!("`{}` takes a path of Vault, and {wrong}", entry.key));
        book.add(problem.label("not a path").help("as in `database/roles/app`"));
        return None;
    }
    Some(path.to_owned())
}

/// A text of the scenario, or of the file it names, its placeholders checked.
fn read(book: &Book<'_>, node: &Node, when: FileWhen, language: Language, holds: Holds) -> Option<Text> {
    let text = Text::read(node.text()?, &node.place, when, holds, book.noted)?;
    book.places.check(&text, language, book.noted);
    Some(text)
}

fn datum(book: &Book<'_>, entry: &Entry) -> Option<SettingValue> {
    let secret = secrets::is_secret_key(&entry.key);
    let holds = if secret { Holds::Anything } else { Holds::Words };
    let setting = |node: &Node| {
        let text = read(book, node, FileWhen::At, Language::Ours, holds)?.text;
        Some(if secret { Setting::Secret(Secret::new(text)) } else { Setting::Text(text) })
    };
    match &entry.node.value {
        _ if secret && entry.node.text().is_some() => setting(&entry.node).map(SettingValue::Text),
        Value::Flag(flag) => Some(SettingValue::Bool(*flag)),
        _ if secret => {
            let text = format!("`{}` is a secret: write it as a text, in quotes", entry.key);
            book.add(Problem::at(&entry.at, text).label("here"));
            None
        }
        Value::Whole(number) => Some(SettingValue::Number(*number)),
        Value::List(items) => Some(SettingValue::List(items.iter().filter_map(setting).collect())),
        _ => setting(&entry.node).map(SettingValue::Text),
    }
}

fn expected(book: &Book<'_>, entry: &Entry) -> Option<ExpectedFailure> {
    let table = entry.node.table()?;
    if table.entries.is_empty() {
        let problem = Problem::at(&entry.node.place, "`expect` says which failure").label("empty");
        book.add(problem.help("as in `expect = { status = 400, says = \"…\" }` or `{ sqlstate = \"42501\" }`"));
    }
    if let (Some(_), Some(sqlstate)) = (table.entry("status"), table.entry("sqlstate")) {
        let both = "a step fails with an HTTP status or with an SQLSTATE, not with both";
        book.add(Problem::at(&sqlstate.at, both).label("one of them"));
    }
    Some(ExpectedFailure {
        status: table.whole("status").and_then(|status| u16::try_from(status.value).ok()),
        sqlstate: owned(table, "sqlstate"),
        says: owned(table, "says"),
        origin: entry.at.origin(),
    })
}

pub(super) fn client(book: &Book<'_>) -> ClientPlan {
    let empty = Table::default();
    let table = book.root.table("client").unwrap_or(&empty);
    policies_exist(book, table);
    has_policies(book, table);
    ClientPlan {
        policies: table.texts("policies").into_iter().map(|said| said.value.to_owned()).collect(),
        forbidden: owned(table, "forbidden").unwrap_or_else(|| "sys/policies/acl".to_owned()),
        timeout: table.parsed::<Ttl>("timeout").map_or(Ttl::from_secs(10), |said| said.value),
        in_flight: table.whole("in_flight").and_then(|said| u32::try_from(said.value).ok()).unwrap_or(500),
    }
}

/// Vault gives a token without policies those of its maker, and the run's token is never to be root's.
fn has_policies(book: &Book<'_>, client: &Table) {
    for root in client.list("policies").iter().filter(|policy| policy.text() == Some("root")) {
        book.add(Problem::at(&root.place, "the run's token is never root's").label("name a policy of its own"));
    }
    let none = client.entry("policies").is_none_or(|entry| entry.node.list().is_some_and(<[Node]>::is_empty));
    // A table that is none, or whose name has a slip, was noted for itself.
    let is_table = book.root.entry("client").is_none_or(|entry| entry.node.table().is_some());
    let slip = book
        .root
        .entries
        .iter()
        .any(|entry| keys::ROOT.key(&entry.key).is_none() && nearest(&entry.key, ["client"]).is_some());
    let none = none && is_table && !slip;
    if let Some((lifecycle, _)) = book.root.named("lifecycle").next().filter(|_| none) {
        let place = book.root.entry("client").map_or(&lifecycle.node.place, |entry| &entry.node.place);
        let problem = Problem::at(place, "the token that credentials are asked for with has no policy");
        book.add(
            problem
                .label("no policies")
                .help("write a [[setup]] step with `policy`, and name it: `policies = [\"…\"]` in [client]"),
        );
    }
}

/// Each policy of the client, or of a live server's agent, is made by a step; what scripts make is not known.
pub(super) fn policies_exist(book: &Book<'_>, client: &Table) {
    let steps = || book.root.list("setup").iter().filter_map(Node::table);
    // An environment that already stands has policies of its own.
    if steps().any(|step| step.entry("script").is_some()) || book.root.entry("attached").is_some() {
        return;
    }
    let made: BTreeMap<&str, ()> = steps()
        .filter_map(|step| {
            let policy = step.text("policy").map(|said| said.value);
            policy.or_else(|| {
                let path = step.text("write")?.value;
                path.strip_prefix("sys/policies/acl/").or_else(|| path.strip_prefix("sys/policy/"))
            })
        })
        .chain(["default", "root"])
        .map(|name| (name, ()))
        .collect();
    let names: Vec<&str> = made.into_keys().collect();
    client.list("policies").iter().for_each(|policy| book.refer(policy, "policy", &names));
}

//! `[pdns]`.

use std::collections::BTreeMap;
use std::ops::Range;

use leaseproof_domain::Ttl;

use super::setup::policies_exist;
use super::{Book, owned, promised, role_mount, ttl};
use crate::node::{Entry, Table};
use crate::place::Holds;
use crate::placeholder::Language;
use crate::plan::{AfterRendering, PdnsPlan, Promised};
use crate::problem::Problem;
use crate::secrets;
use crate::text::{FileWhen, Text};
use crate::value::Rate;

/// How long an answer is waited for, where the scenario does not say.
const TIMEOUT: Ttl = Ttl::from_secs(1);

/// What a question can ask for.
const TYPES: [&str; 10] = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

/// The response codes that a promise can be about (RFC 1035, 4.1.1), as the field writes them.
const CODES: [&str; 6] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

pub(super) fn pdns(book: &Book<'_>) -> Option<PdnsPlan> {
    let entry = book.root.entry("pdns")?;
    let table = entry.node.table()?;
    if book.root.entry("attached").is_some() {
        let theirs = "a live PowerDNS is a server that leaseproof starts itself";
        book.add(Problem::at(&entry.at, theirs).label("the environment is attached"));
    }
    let roles: Vec<&str> = book.root.named("role").map(|(role, _)| role.key.as_str()).collect();
    table.entry("role").into_iter().for_each(|role| book.refer(&role.node, "role", &roles));
    policies_exist(book, table);
    policies_are_its_own(book, table);
    // All of them first: one mistake hides no other.
    let question = table.entry("query").and_then(|query| question(book, query));
    let zone = table.entry("zone").and_then(|zone| zone_of(book, zone, question.as_ref()));
    let template = template(book, table);
    let env = env(book, table);
    let answers = answers(book, table, entry);
    let (name, record_type) = question?;
    Some(PdnsPlan {
        role: owned(table, "role")?,
        template: template?,
        env,
        policies: Promised {
            value: table.texts("policies").into_iter().map(|said| said.value.to_owned()).collect(),
            origin: table.entry("policies")?.at.origin(),
        },
        forbidden: table.texts("forbidden").into_iter().map(|said| said.value.to_owned()).collect(),
        after_rendering: table.parsed::<AfterRendering>("after_rendering").map(|said| said.value).unwrap_or_default(),
        zone: zone?,
        name,
        record_type,
        answers,
        rate: table.parsed::<Rate>("rate")?.value.0,
        timeout: table.parsed::<Ttl>("timeout").map_or(TIMEOUT, |said| said.value),
        cycle_within: promised(table.parsed::<Ttl>("cycle_within")?),
        write_every: ttl(table, "write_every"),
        origin: entry.node.place.origin(),
    })
}

/// The template, which has to take a credential of the role.
fn template(book: &Book<'_>, table: &Table) -> Option<String> {
    let entry = table.entry("template")?;
    let template = Text::read(entry.node.text()?, &entry.node.place, FileWhen::OneLine, Holds::Words, book.noted)?;
    let promised =
        book.root.named("role").find(|(role, _)| Some(role.key.as_str()) == table.text("role").map(|said| said.value));
    if let Some((role, of)) = promised {
        let path = format!("{}/creds/{}", role_mount(of), role.key);
        if !template.text.contains(&format!("\"{path}\"")) {
            let other = format!("the template takes no credential of `{}`", role.key);
            book.add(match other_mount(&template.text, &role.key) {
                // `mount` of the role may be the wrong one of the two.
                Some(place) => {
                    let at = of.entry("mount").map_or(&role.at, |mount| &mount.at).origin();
                    let problem = Problem::at(&template.part(place), other);
                    problem
                        .nearest(Some(&path))
                        .help(format!("`{path}` is at the `mount` of [role.{}], {at}", role.key))
                }
                None => Problem::at(&entry.node.place, other).label(format!("expected `secret \"{path}\"` in it")),
            });
        }
    }
    Some(template.text)
}

/// Where a template takes a credential of a role, at whichever mount: `"mount/creds/role"`, without the quotes.
fn other_mount(template: &str, role: &str) -> Option<Range<usize>> {
    let end = template.find(&format!("/creds/{role}\""))? + "/creds/".len() + role.len();
    let begin = template[..end].rfind('"')? + 1;
    (!template[begin..end].contains(char::is_whitespace)).then_some(begin..end)
}

/// A token without policies of its own would get those of its maker, and root's can do everything.
fn policies_are_its_own(book: &Book<'_>, table: &Table) {
    for root in table.list("policies").iter().filter(|policy| policy.text() == Some("root")) {
        book.add(Problem::at(&root.place, "the agent's token is never root's").label("name a policy of its own"));
    }
    if let Some(entry) = table.entry("policies").filter(|entry| entry.node.list().is_some_and(<[_]>::is_empty)) {
        book.add(Problem::at(&entry.node.place, "the agent's token has no policy").label("name one"));
    }
}

/// `www.example.test A`: the name, fully qualified, and the type.
fn question(book: &Book<'_>, entry: &Entry) -> Option<(String, String)> {
    let text = entry.node.text()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [name, record_type] if TYPES.contains(&record_type) && is_name(&qualified(name)) => {
            Some((qualified(name), record_type.to_owned()))
        }
        [_, record_type] if !TYPES.contains(&record_type) => {
            let unknown = format!("`{record_type}` is no type that can be asked for");
            book.add(Problem::at(&entry.node.place, unknown).label(format!("expected one of {}", TYPES.join(", "))));
            None
        }
        _ => {
            let problem = Problem::at(&entry.node.place, format!("`{text}` is no question"));
            book.add(problem.label("expected a name and a type, as in \"www.example.test A\""));
            None
        }
    }
}

fn zone_of(book: &Book<'_>, entry: &Entry, question: Option<&(String, String)>) -> Option<String> {
    let zone = qualified(entry.node.text()?);
    if !is_name(&zone) {
        book.add(Problem::at(&entry.node.place, format!("`{zone}` is no name of a zone")).label("here"));
        return None;
    }
    if let Some((name, _)) = question.filter(|(name, _)| *name != zone && !name.ends_with(&format!(".{zone}"))) {
        let outside = format!("the question's name `{name}` is not in the zone `{zone}`");
        book.add(Problem::at(&entry.node.place, outside).label("here"));
    }
    Some(zone)
}

/// Names are compared in lower case (RFC 4343), and PowerDNS keeps them so.
fn qualified(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}

/// A fully qualified name of labels of 1 to 63 characters, 253 together (RFC 1035, 2.3.4).
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 254 && name.strip_suffix('.').is_some_and(|name| name.split('.').all(label))
}

fn answers(book: &Book<'_>, table: &Table, of: &Entry) -> Promised<String> {
    let Some(said) = table.entry("answers") else {
        return Promised { value: CODES[0].to_owned(), origin: of.at.origin() };
    };
    let code = said.node.text().unwrap_or_default();
    if !CODES.contains(&code) {
        let unknown = Problem::at(&said.node.place, format!("`{code}` is no response code"));
        book.add(unknown.label(format!("expected one of {}", CODES.join(", "))));
    }
    Promised { value: code.to_owned(), origin: said.at.origin() }
}

fn env(book: &Book<'_>, table: &Table) -> BTreeMap<String, String> {
    let entries = table.table("env").into_iter().flat_map(|env| &env.entries);
    entries
        .filter_map(|entry| {
            let word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
            if entry.key.is_empty() || !entry.key.chars().all(word) {
                let none = format!("`{}` is no name of a variable", entry.key.escape_debug());
                book.add(Problem::at(&entry.at, none).label("expected letters, digits and `_`"));
            }
            let holds = if secrets::is_secret_key(&entry.key) { Holds::Anything } else { Holds::Words };
            let text = Text::read(entry.node.text()?, &entry.node.place, FileWhen::At, holds, book.noted)?;
            book.places.check(&text, Language::Ours, book.noted);
            Some((entry.key.clone(), text.text))
        })
        .collect()
}

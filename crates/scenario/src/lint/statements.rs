//! SQL: of steps, and of what Vault runs for its roles.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Step, named};
use crate::near::nearest;
use crate::problem::{Noted, Problem};
use crate::sql::{Kind, Token, tokens};
use crate::text::{FileWhen, Text};

/// What Vault fills in (plugins/database/postgresql/postgresql.go: newUserPassword, updateUserPassword, defaultDeleteUser).
const TEMPLATES: [&str; 5] = ["name", "username", "password", "expiration", "public_key"];

static TEMPLATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\s*(?<name>[A-Za-z_]*)\s*\}\}").expect("a pattern written here"));
/// What keeps Vault from cutting a text at its semicolons (the same file, `\bEND\b`).
static END: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bEND\b").expect("a pattern written here"));

/// The SQL of a step.
pub(super) fn sql(text: &Text, noted: &Noted) {
    let tokens = tokens(&text.text);
    closed(text, &tokens, noted);
    backslashes(text, &tokens, noted);
}

/// The statements of a role.
pub(super) fn of_role(step: &Step<'_>, mounts: &[String], noted: &Noted) {
    let path = step.path().unwrap_or_default();
    if named(path, "roles", mounts).is_none() {
        return;
    }
    let password = step.datum("credential_type").is_none_or(|entry| entry.node.text() == Some("password"));
    for key in ["creation_statements", "revocation_statements", "renew_statements"] {
        let Some(entry) = step.datum(key) else { continue };
        let texts = step.texts(entry, FileWhen::At);
        let all: String = texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n");
        for text in &texts {
            let tokens = tokens(&text.text);
            closed(text, &tokens, noted);
            backslashes(text, &tokens, noted);
            cut(text, &tokens, noted);
            templates(text, &tokens, noted);
        }
        let has = |names: &[&str]| TEMPLATE.captures_iter(&all).any(|found| names.contains(&&found["name"]));
        let lacks = |what: String, why: &str| noted.add(Problem::warning(&entry.at, what).label(why));
        if !all.trim().is_empty() && !has(&["name", "username"]) {
            lacks(format!("`{key}` has no `{{{{name}}}}`"), "it is the same for every credential");
        }
        if key == "creation_statements" && password && logs_in(&tokens_of(&all), &all) {
            if !has(&["password"]) {
                lacks(
                    format!("`{key}` has no `{{{{password}}}}`"),
                    "its roles log in, but with another password than the one that Vault returns",
                );
            }
            if !has(&["expiration"]) {
                lacks(
                    format!("`{key}` has no `{{{{expiration}}}}`"),
                    "its roles never expire if Vault cannot revoke them",
                );
            }
        }
    }
}

fn tokens_of(text: &str) -> Vec<Token> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

/// Whether the statements make a role that logs in: `LOGIN`, `CREATE USER`.
fn logs_in(tokens: &[Token], text: &str) -> bool {
    let word = |token: &Token| text[token.span.clone()].to_ascii_uppercase();
    let words: Vec<String> = tokens.iter().filter(|token| token.kind == Kind::Word).map(word).collect();
    words.iter().any(|word| word == "LOGIN") || words.windows(2).any(|pair| pair[0] == "CREATE" && pair[1] == "USER")
}

/// Every quote that is opened is closed.
fn closed(text: &Text, tokens: &[Token], noted: &Noted) {
    for token in tokens.iter().filter(|token| !token.closed) {
        let what = match token.kind {
            Kind::Name => "this `\"` is never closed",
            Kind::Dollar => "this dollar quote is never closed",
            Kind::Comment => "this comment is never closed",
            _ => "this `'` is never closed",
        };
        let open = token.span.start..token.inner.start.max(token.span.start + 1);
        noted.add(Problem::warning(&text.part(open), what).label("opened here"));
    }
}

/// A line that begins with a backslash is psql's own.
fn backslashes(text: &Text, tokens: &[Token], noted: &Noted) {
    let begins_line = |at: usize| text.text[..at].rsplit('\n').next().is_none_or(|before| before.trim().is_empty());
    let is = |token: &&Token| token.kind == Kind::Sign && text.text[token.span.clone()] == *"\\";
    for token in tokens.iter().filter(is).filter(|token| begins_line(token.span.start)) {
        let word = text.text[token.span.start..].split(char::is_whitespace).next().unwrap_or("\\");
        let what = format!("`{word}` is a command of psql, not SQL");
        let place = text.part(token.span.start..token.span.start + word.len());
        noted.add(Problem::warning(&place, what).label("PostgreSQL rejects it").help("call psql in a `script` step"));
    }
}

/// Vault cuts statements at each semicolon, those within `$$ … $$` too, unless the text has the word END in capitals.
fn cut(text: &Text, tokens: &[Token], noted: &Noted) {
    if END.is_match(&text.text) {
        return;
    }
    let has_semicolon =
        |token: &&Token| token.kind == Kind::Dollar && token.closed && text.text[token.inner.clone()].contains(';');
    if let Some(token) = tokens.iter().find(has_semicolon) {
        let what = "Vault splits this text at each `;`, also inside dollar quotes: END is not in capitals";
        let problem = Problem::warning(&text.part(token.span.start..token.inner.start), what).label("cut in pieces");
        noted.add(problem.help("write END in capitals; then Vault does not split the text"));
    }
}

/// Each `{{…}}` is one that Vault fills in, in the quotes that it needs.
fn templates(text: &Text, tokens: &[Token], noted: &Noted) {
    for found in TEMPLATE.captures_iter(&text.text) {
        let (place, name) = (found.get_match().range(), &found["name"]);
        if within(tokens, &place, |kind| kind == Kind::Comment) {
            continue;
        }
        if !TEMPLATES.contains(&name) {
            let problem = Problem::warning(&text.part(place), format!("Vault does not replace `{{{{{name}}}}}`"));
            noted.add(match nearest(name, TEMPLATES) {
                Some(near) => problem.label(format!("did you mean `{{{{{near}}}}}`?")),
                None => problem.label("it is not replaced"),
            });
            continue;
        }
        let is_name = matches!(name, "name" | "username");
        // In a literal or a body of dollars the text decides itself what it does with it.
        if within(tokens, &place, |kind| {
            matches!(kind, Kind::Literal | Kind::Dollar) || (is_name && kind == Kind::Name)
        }) {
            continue;
        }
        let (what, quoted) = if is_name {
            ("a generated name has capitals and hyphens, and needs double quotes", format!("\"{{{{{name}}}}}\""))
        } else {
            ("this is a text, and needs single quotes", format!("'{{{{{name}}}}}'"))
        };
        noted.add(Problem::warning(&text.part(place), what).label(format!("expected `{quoted}`")));
    }
}

fn within(tokens: &[Token], place: &Range<usize>, so: impl Fn(Kind) -> bool) -> bool {
    // Tokens come in order: only one can hold the place.
    let token = tokens.get(tokens.partition_point(|token| token.span.end <= place.start));
    token.is_some_and(|token| so(token.kind) && token.span.start <= place.start && place.end <= token.span.end)
}

//! SQL: of steps, and of what Vault runs for its roles.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::splitting::{END, Sent, items, sent};
use super::{Step, named};
use crate::node::Entry;
use crate::problem::{Noted, Problem};
use crate::sql::{Kind, Token, tokens};
use crate::text::{FileWhen, Text};

/// The texts of statements that Vault has, and what it fills in in each
/// (plugins/database/postgresql/postgresql.go: NewUser, customDeleteUser, changeUserExpiration, changeUserPassword).
const FILLED_IN: [(&str, &[&str]); 5] = [
    ("creation_statements", &["name", "username", "password", "expiration"]),
    ("revocation_statements", &["name", "username"]),
    ("renew_statements", &["name", "username", "expiration"]),
    ("rotation_statements", &["name", "username", "password"]),
    ("root_rotation_statements", &["name", "username", "password"]),
];

static TEMPLATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{(?<name>[ \t]*[A-Za-z_]*[ \t]*)\}\}").expect("a pattern written here"));

/// The SQL of a step.
pub(super) fn sql(text: &Text, noted: &Noted) {
    let tokens = tokens(&text.text);
    closed(text, &tokens, noted);
    backslashes(text, &tokens, noted);
}

/// The statements of a role, of a static one, or of a connection.
pub(super) fn of_vault(step: &Step<'_>, mounts: &HashSet<String>, noted: &Noted) {
    let path = step.path().unwrap_or_default();
    let is = |kind| named(path, kind, mounts).is_some();
    if !["roles", "static-roles", "config"].into_iter().any(is) {
        return;
    }
    for (key, filled_in) in FILLED_IN {
        let Some(entry) = step.datum(key) else { continue };
        let mut all = String::new();
        for text in step.texts(entry, FileWhen::At) {
            let (sent, mut texts) = sent(&text);
            if sent == Sent::Whole
                && let Some(items) = items(&text.text)
            {
                texts = text.decoded(items);
                let what = "Vault sends this text as it is written, and PostgreSQL rejects JSON: it has the word END";
                let problem = Problem::warning(&text.part(0..text.text.len()), what).label("not decoded");
                noted.add(problem.help("write the statements as a list of the scenario: `[\"…\", \"…\"]`"));
            }
            for text in &texts {
                let tokens = tokens(&text.text);
                closed(text, &tokens, noted);
                backslashes(text, &tokens, noted);
                if sent == Sent::Split {
                    cut(text, &tokens, noted);
                }
                templates(text, &tokens, key, filled_in, noted);
                all.push_str(&text.text);
                all.push('\n');
            }
        }
        if is("roles") {
            lacks(step, entry, &all, noted);
        }
    }
}

/// What the statements of a role need to be about one credential.
fn lacks(step: &Step<'_>, entry: &Entry, all: &str, noted: &Noted) {
    let key = &entry.key;
    let has = |names: &[&str]| TEMPLATE.captures_iter(all).any(|found| names.contains(&found["name"].trim()));
    let lacks = |name: &str, why: &str| {
        noted.add(Problem::warning(&entry.at, format!("`{key}` has no `{{{{{name}}}}}`")).label(why));
    };
    if !all.trim().is_empty() && !has(&["name", "username"]) {
        lacks("name", "it is the same for every credential");
    }
    let password = step.datum("credential_type").is_none_or(|entry| entry.node.text() == Some("password"));
    if key == "creation_statements" && password && logs_in(&tokens_of(all), all) {
        if !has(&["password"]) {
            lacks("password", "its roles log in, but with another password than the one that Vault returns");
        }
        if !has(&["expiration"]) {
            lacks("expiration", "its roles never expire if Vault cannot revoke them");
        }
    }
}

/// The tokens of a text without its comments.
pub(super) fn tokens_of(text: &str) -> Vec<Token> {
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

/// Outside of quotes and comments a backslash begins a command of psql, up to the end of the line, and a colon before a
/// quote a variable of psql.
fn backslashes(text: &Text, tokens: &[Token], noted: &Noted) {
    let warn = |at: Range<usize>, what: &str| {
        let what = format!("`{}` is a {what} of psql, not SQL", &text.text[at.clone()]);
        let problem = Problem::warning(&text.part(at), what).label("PostgreSQL rejects it");
        noted.add(problem.help("call psql in a `script` step"));
    };
    let is = |token: &Token, sign: &str| token.kind == Kind::Sign && text.text[token.span.clone()] == *sign;
    let mut command_ends = 0;
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| !token.span.is_empty()) {
        let start = token.span.start;
        if start < command_ends {
            continue;
        }
        let before = place.checked_sub(1).map(|before| &tokens[before]);
        let touches = |one: &Token, other: &Token| one.span.end == other.span.start;
        if is(token, "\\") {
            let rest = &text.text[start..];
            let word = rest.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or("\\");
            warn(start..start + word.len(), "command");
            command_ends = start + rest.find('\n').unwrap_or(rest.len());
        } else if is(token, ":")
            && !before.is_some_and(|before| is(before, ":") && touches(before, token))
            && let Some(next) = tokens.get(place + 1).filter(|next| touches(token, next) && next.closed)
            && matches!(next.kind, Kind::Name | Kind::Literal)
        {
            warn(start..next.span.end, "variable");
        }
    }
}

/// Vault splits a text without an END at each semicolon, also one within quotes, a comment or `$$ … $$`.
fn cut(text: &Text, tokens: &[Token], noted: &Noted) {
    let Some(token) = tokens.iter().find(|token| token.closed && is_cut(&text.text[token.inner.clone()], token.kind))
    else {
        return;
    };
    let list = "write each statement as an item of a list of JSON: Vault does not split those";
    let (within, help) = match token.kind {
        Kind::Dollar if tokens.iter().any(|token| END.is_match(&text.text[token.span.clone()])) => {
            ("dollar quotes: its END stands between two quotes of one line, where Vault does not look for it", list)
        }
        Kind::Dollar => {
            ("dollar quotes: END is not in capitals", "write END in capitals; then Vault does not split the text")
        }
        Kind::Comment => ("comments", "write the comment without `;`"),
        _ => ("quotes", list),
    };
    let open = token.span.start..token.inner.start.max(token.span.start + 1);
    let what = format!("Vault splits this text at each `;`, also inside {within}");
    noted.add(Problem::warning(&text.part(open), what).label("cut in pieces").help(help));
}

/// Whether a piece of SQL does not survive a cut. Of a comment to the end of its line, only the words behind a semicolon
/// are sent.
fn is_cut(inner: &str, kind: Kind) -> bool {
    match kind {
        Kind::Comment if inner.starts_with("--") => inner.split(';').skip(1).any(|rest| {
            let rest = rest.trim();
            !rest.is_empty() && !rest.starts_with("--")
        }),
        Kind::Dollar | Kind::Literal | Kind::Name | Kind::Comment => inner.contains(';'),
        Kind::Word | Kind::Sign => false,
    }
}

/// Each `{{…}}` is one that Vault fills in there, in the quotes that it needs.
fn templates(text: &Text, tokens: &[Token], key: &str, filled_in: &[&str], noted: &Noted) {
    for found in TEMPLATE.captures_iter(&text.text) {
        let (place, name) = (found.get_match().range(), &found["name"]);
        if within(tokens, &place, |kind| kind == Kind::Comment) {
            continue;
        }
        if !filled_in.contains(&name) {
            let what = format!("Vault does not replace `{{{{{name}}}}}` in `{key}`");
            let problem = Problem::warning(&text.part(place), what);
            noted.add(match noted.nearest(name.trim(), filled_in.iter().copied()) {
                Some(near) => problem.label(format!("did you mean `{{{{{near}}}}}`?")),
                None => problem.label("it is not replaced"),
            });
            continue;
        }
        let is_name = matches!(name, "name" | "username");
        if is_name && let Some(literal) = misquoted(text, tokens, &place) {
            let what = "a role's name is an identifier, and needs double quotes: PostgreSQL rejects a literal here";
            let problem = Problem::warning(&text.part(literal), what);
            noted.add(problem.label(format!("expected `\"{{{{{name}}}}}\"`")));
            continue;
        }
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

/// The literal that is nothing but a name, where PostgreSQL expects a role: `GRANT … TO '{{name}}'`, `DROP ROLE '{{name}}'`.
fn misquoted(text: &Text, tokens: &[Token], place: &Range<usize>) -> Option<Range<usize>> {
    let at = tokens.iter().position(|token| token.kind == Kind::Literal && token.inner == *place)?;
    let word = |token: &Token| text.text[token.span.clone()].to_ascii_uppercase();
    let is_end = |token: &Token| token.kind == Kind::Sign && &text.text[token.span.clone()] == ";";
    let begin = tokens[..at].iter().rposition(is_end).map_or(0, |end| end + 1);
    let before: Vec<String> = tokens[begin..at].iter().filter(|token| token.kind != Kind::Comment).map(word).collect();
    let has = |words: &[&str]| before.iter().any(|word| words.contains(&word.as_str()));
    let (last, earlier) = before.split_last()?;
    let previous = earlier.last().map_or("", String::as_str);
    let expects_role = match last.as_str() {
        // `SET ROLE 'name'` takes a literal.
        "ROLE" | "USER" | "GROUP" => previous != "SET",
        "TO" => has(&["GRANT", "REASSIGN"]) || matches!(previous, "OWNER" | "RENAME"),
        "FROM" => has(&["REVOKE"]),
        "BY" => matches!(previous, "OWNED" | "GRANTED"),
        _ => false,
    };
    expects_role.then(|| tokens[at].span.clone())
}

fn within(tokens: &[Token], place: &Range<usize>, so: impl Fn(Kind) -> bool) -> bool {
    // Tokens come in order: only one can hold the place.
    let token = tokens.get(tokens.partition_point(|token| token.span.end <= place.start));
    token.is_some_and(|token| so(token.kind) && token.span.start <= place.start && place.end <= token.span.end)
}

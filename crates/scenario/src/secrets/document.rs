//! Where a scenario's own text holds what had better not be shown.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::looks_secret;
use super::text::{in_order, spans};

/// Tables whose keys are names that people give: `[role.token-service]` is about no secret.
const NAMED: [&str; 5] = ["account", "life", "postgres", "profile", "role"];

/// A line that gives a secret its value, in a text that could not be read whole.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    const PASSWORD: &str = r#"(?:passw(?:or)?d|passphrase)[\w."-]*'?[ \t]*[=:]?"#;
    const OTHER: &str = r#"(?:pass|pwd|secret|token|key|cred|bearer|jwt)[\w."' -]*[=:]"#;
    Regex::new(&format!(r"(?im)(?:{PASSWORD}|{OTHER})[ \t]*(?<value>.+)$"))
        .expect("a pattern written here and tested below")
});

/// Where the text of a scenario file holds secrets, in order: whole values under keys that look secret, whole scripts,
/// and what other values and comments show of passwords.
pub(crate) fn of_scenario(text: &str) -> Vec<Range<usize>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found = spans(text);
    of_table(text, table.get_ref(), Under::default(), &mut found);
    if !errors.is_empty() {
        found.extend(unread(text));
    }
    in_order(found)
}

/// Where `path=value` of the command line does.
pub(crate) fn of_argument(text: &str) -> Vec<Range<usize>> {
    let mut found = spans(text);
    let start =
        text.find('=').map_or_else(|| text.find(char::is_whitespace).map(|blank| blank + 1), |equals| Some(equals + 1));
    let path = &text[..start.unwrap_or(text.len())];
    let secret = path.split(['.', '=']).any(looks_secret) || path.contains("script");
    match start {
        Some(start) if secret => found.push(start..text.len()),
        Some(start) => {
            let value = of_scenario(&format!("v={}", &text[start..]));
            found.extend(value.into_iter().map(|span| start + span.start.max(2) - 2..start + span.end.max(2) - 2));
        }
        None => {}
    }
    found.retain(|span| !span.is_empty());
    in_order(found)
}

/// What stands above a value.
#[derive(Clone, Copy, Default)]
struct Under {
    /// A key that looks secret.
    secret: bool,
    /// A table whose keys are names.
    names: bool,
}

fn of_table(text: &str, table: &DeTable<'_>, under: Under, found: &mut Vec<Range<usize>>) {
    for (key, value) in table.iter() {
        let key = key.get_ref();
        let looks = !under.names && (looks_secret(key) || (*key == "script" && !names_a_file(value.get_ref())));
        let below = Under { secret: under.secret || looks, names: NAMED.contains(&key.as_ref()) };
        of_value(text, value, below, found);
    }
}

/// Whether a script is the name of its file: words of a shell, and so secrets among them, need other characters.
fn names_a_file(script: &DeValue<'_>) -> bool {
    let DeValue::String(said) = script else { return false };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '@');
    (said.starts_with('@') || said.ends_with(".sh")) && said.chars().all(plain)
}

fn of_value(text: &str, value: &Spanned<DeValue<'_>>, under: Under, found: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => of_table(text, table, under, found),
        DeValue::Array(items) => items.iter().for_each(|item| of_value(text, item, under, found)),
        DeValue::Boolean(_) => {}
        _ if under.secret => found.push(value.span()),
        DeValue::String(said) => of_text(text, said, value.span(), found),
        _ => {}
    }
}

/// A text that shows secrets: these, where it is written as it is; all of it, where it is written with escapes.
fn of_text(text: &str, said: &str, at: Range<usize>, found: &mut Vec<Range<usize>>) {
    let shown = spans(said);
    if shown.is_empty() {
        return;
    }
    match text.get(at.clone()).and_then(|written| written.find(said)) {
        Some(start) => {
            let start = at.start + start;
            found.extend(shown.into_iter().map(|span| start + span.start..start + span.end));
        }
        None => found.push(at),
    }
}

/// In a text that is no TOML: what seems to be given to a secret, to the end of its line, or of its several lines.
fn unread(text: &str) -> Vec<Range<usize>> {
    let values = GIVEN.captures_iter(text).filter_map(|found| found.name("value"));
    let whole = |value: regex::Match<'_>| {
        let fence = ["\"\"\"", "'''"].into_iter().find(|fence| value.as_str().starts_with(fence));
        let end = fence.map(|fence| {
            let open = value.start() + fence.len();
            text[open..].find(fence).map_or(text.len(), |end| open + end)
        });
        value.start()..end.unwrap_or(value.end()).max(value.end())
    };
    values.map(whole).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{of_argument, of_scenario};

    fn without(text: &str, spans: Vec<std::ops::Range<usize>>) -> String {
        let mut text = text.to_owned();
        for span in spans.into_iter().rev() {
            text.replace_range(span, "*");
        }
        text
    }

    #[test]
    fn values_of_secrets_are_found_however_they_are_written() {
        for (text, shown) in [
            ("passphrase = 'S'", "passphrase = *"),
            ("\"password\" = \"a\\\"S\"", "\"password\" = *"),
            ("password = \"\"\"\nS\nS\"\"\"\nx = 1", "password = *\nx = 1"),
            ("password = 777", "password = *"),
            ("a.password = 'S'", "a.password = *"),
            ("data = { secret_id = 'S', n = 1 }", "data = { secret_id = *, n = 1 }"),
            ("tokens = ['S', 'T']", "tokens = [*, *]"),
            ("[data.password]\nvalue = 'S'", "[data.password]\nvalue = *"),
            ("pasword = 'S'", "pasword = *"),
            ("script = 'anything'", "script = *"),
            ("script = 'steps/rotate-root.sh'", "script = 'steps/rotate-root.sh'"),
            ("script = '@rotate'", "script = '@rotate'"),
            ("script = 'TOKEN=S ./rotate.sh'", "script = *"),
            ("script = \"S\\nrotate.sh\"", "script = *"),
            ("sql = \"CREATE ROLE a PASSWORD 'S'\"", "sql = \"CREATE ROLE a PASSWORD '*'\""),
            ("sql = \"x PASSWORD\\t'S'\"", "sql = *"),
            ("u = 'postgresql://a:S@h/d' # token=T", "u = 'postgresql://a:*@h/d' # token=*"),
            ("[role.token-service]\ndatabase = 'shop'", "[role.token-service]\ndatabase = 'shop'"),
            ("bind_secret_id = true", "bind_secret_id = true"),
            ("password = \"S\nx = 1", "password = *\nx = 1"),
            ("password = \"\"\"\nS\nx = 1", "password = *"),
            ("x = 'PASSWORD ''S'", "x = 'PASSWORD *"),
        ] {
            assert_eq!(without(text, of_scenario(text)), shown, "{text}");
        }
        for (text, shown) in [
            ("postgres.target.password=S", "postgres.target.password=*"),
            ("postgres.target.password S", "postgres.target.password *"),
            ("setup.write.x.data={ token = 'S' }", "setup.write.x.data={ token = * }"),
            ("seed=7", "seed=7"),
        ] {
            assert_eq!(without(text, of_argument(text)), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn places_are_within_the_text(text in r#"[a-z="'\[\]{}.,\n #:@/é$-]{0,60}(password ?= ?)?[a-z"'=\n]{0,9}"#) {
            for span in of_scenario(&text).into_iter().chain(of_argument(&text)) {
                prop_assert!(text.get(span).is_some());
            }
        }
    }
}

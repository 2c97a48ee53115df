//! Where a scenario's own text holds what had better not be shown.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use leaseproof_domain::is_common_word;
use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::found::in_order;
use super::key::looks_secret;
use super::text::{doubtful_spans, values};

/// Tables whose keys are names that people give: `[role.token-service]` is about no secret.
const NAMED: [&str; 5] = ["account", "lifecycle", "postgres", "profile", "role"];

/// A line that gives a secret its value, in a text that could not be read whole.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    const PASSWORD: &str = r#"(?:passw(?:or)?d|passphrase)[\w."-]*'?[ \t]*[=:]?"#;
    const OTHER: &str = r#"(?:pass|pwd|secret|token|key|cred|bearer|jwt)[\w."' -]*[=:]"#;
    Regex::new(&format!(r"(?im)(?:{PASSWORD}|{OTHER})[ \t]*(?<value>.+)$"))
        .expect("a pattern written here and tested below")
});

/// Shorter secrets are hidden where they stand, and not looked for elsewhere: they would match by chance. So would words
/// of few letters.
const SHORTEST: usize = 6;
const SHORTEST_WORD: usize = 8;
/// Keys whose values are names, which stay readable also where one is somebody's password.
const NAMES: [&str; 9] = ["user", "username", "superuser", "name", "role", "database", "on", "write", "policy"];

/// What of a text had better not be shown.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Where, in order, without overlaps.
    pub(crate) spans: Vec<Range<usize>>,
    /// Finds what is known as a secret, wherever it stands.
    known: Option<AhoCorasick>,
}

impl Secrets {
    /// `values` are known as secrets, `names` are none.
    fn new(text: &str, mut spans: Vec<Range<usize>>, mut values: Vec<String>, names: &HashSet<String>) -> Self {
        values.retain(|value| is_distinctive(value) && !names.contains(value));
        values.sort();
        values.dedup();
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values);
        let known = search.ok().filter(|_| !values.is_empty());
        for hit in known.iter().flat_map(|known| known.find_iter(text)) {
            if is_apart(text, hit.range()) {
                spans.push(hit.range());
            }
        }
        spans.retain(|span| !span.is_empty());
        Self { spans: in_order(spans), known }
    }

    /// All of the text.
    pub(crate) fn all(text: &str) -> Self {
        Self::new(text, std::iter::once(0..text.len()).collect(), values(text), &HashSet::new())
    }

    /// A text that speaks of this one, without the secrets.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let Some(known) = &self.known else { return text.to_owned() };
        let hits = known.find_iter(text).map(|hit| hit.range()).filter(|hit| is_apart(text, hit.clone()));
        let mut text = text.to_owned();
        for hit in in_order(hits.collect()).into_iter().rev() {
            text.replace_range(hit, "***");
        }
        text
    }
}

/// Whether a value is found by chance nowhere.
fn is_distinctive(value: &str) -> bool {
    let word = value.chars().all(char::is_alphabetic);
    let length = value.chars().count();
    length >= if word { SHORTEST_WORD } else { SHORTEST } && value.trim() == value && !is_common_word(value)
}

/// Whether it is no part of a longer word. What has other signs than letters is a part of none by chance.
fn is_apart(text: &str, span: Range<usize>) -> bool {
    let joins = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    let inside = &text[span.clone()];
    if !inside.chars().all(char::is_alphabetic) {
        return true;
    }
    !(joins(text[..span.start].chars().next_back()) && joins(inside.chars().next())
        || joins(text[span.end..].chars().next()) && joins(inside.chars().next_back()))
}

/// Where the text of a scenario file holds secrets, in order: whole values under keys that look secret, whole scripts,
/// what other values and comments show of passwords, and each of those wherever else it stands.
pub(crate) fn of_scenario(text: &str) -> Secrets {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading { text, spans: doubtful_spans(text), values: Vec::new(), names: HashSet::new() };
    reading.table(table.get_ref(), Under::default());
    if !errors.is_empty() {
        reading.spans.extend(unread(text));
    }
    Secrets::new(text, reading.spans, reading.values, &reading.names)
}

/// Where a text does that a scenario names.
pub(crate) fn of_text(text: &str) -> Secrets {
    let spans = doubtful_spans(text);
    let known = spans.iter().map(|span| text[span.clone()].to_owned()).chain(values(text)).collect();
    Secrets::new(text, spans, known, &HashSet::new())
}

/// Where `path=value` of the command line does.
pub(crate) fn of_argument(text: &str) -> Secrets {
    let mut found = doubtful_spans(text);
    let start =
        text.find('=').map_or_else(|| text.find(char::is_whitespace).map(|blank| blank + 1), |equals| Some(equals + 1));
    let path = &text[..start.unwrap_or(text.len())];
    let secret = path.split(['.', '=']).any(looks_secret) || path.contains("script");
    let mut known = Vec::new();
    match start {
        Some(start) if secret => {
            found.push(start..text.len());
            known.push(text[start..].trim_matches(['"', '\'', ' ']).to_owned());
        }
        Some(start) => {
            let value = of_scenario(&format!("v={}", &text[start..])).spans;
            found.extend(value.into_iter().map(|span| start + span.start.max(2) - 2..start + span.end.max(2) - 2));
        }
        None => {}
    }
    Secrets::new(text, found, known, &HashSet::new())
}

/// What stands above a value.
#[derive(Clone, Copy, Default)]
struct Under {
    /// A key that looks secret.
    secret: bool,
    /// A table whose keys are names.
    names: bool,
}

/// What is found while a scenario file is walked through.
struct Reading<'a> {
    text: &'a str,
    spans: Vec<Range<usize>>,
    values: Vec<String>,
    names: HashSet<String>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, under: Under) {
        for (key, value) in table.iter() {
            let key = key.get_ref();
            let observations =
                !under.names && (looks_secret(key) || (*key == "script" && !names_a_file(value.get_ref())));
            let below = Under { secret: under.secret || observations, names: NAMED.contains(&key.as_ref()) };
            self.names.insert(key.clone().into_owned());
            if NAMES.contains(&key.as_ref())
                && let DeValue::String(name) = value.get_ref()
            {
                self.names.insert(name.clone().into_owned());
            }
            self.value(value, below);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, under: Under) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, under),
            DeValue::Array(items) => items.iter().for_each(|item| self.value(item, under)),
            DeValue::Boolean(_) => {}
            DeValue::String(said) if under.secret => {
                self.spans.push(value.span());
                self.values.push(said.clone().into_owned());
                self.values.extend(values(said));
            }
            _ if under.secret => self.spans.push(value.span()),
            DeValue::String(said) => self.shown(said, value.span()),
            _ => {}
        }
    }

    /// A text that shows secrets: these, where it is written as it is; all of it, where it is written with escapes.
    fn shown(&mut self, said: &str, at: Range<usize>) {
        let shown = doubtful_spans(said);
        if shown.is_empty() {
            return;
        }
        self.values.extend(values(said));
        match self.text.get(at.clone()).and_then(|written| written.find(said)) {
            Some(start) => {
                let start = at.start + start;
                self.spans.extend(shown.into_iter().map(|span| start + span.start..start + span.end));
            }
            None => {
                // A message may say it without the escapes.
                self.values.extend(shown.into_iter().map(|span| said[span].to_owned()));
                self.spans.push(at);
            }
        }
    }
}

/// Whether a script is the name of its file: words of a shell, and so secrets among them, need other characters.
fn names_a_file(script: &DeValue<'_>) -> bool {
    let DeValue::String(said) = script else { return false };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '@');
    (said.starts_with('@') || said.ends_with(".sh")) && said.chars().all(plain)
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

    fn without(text: &str, secrets: super::Secrets) -> String {
        let mut text = text.to_owned();
        for span in secrets.spans.into_iter().rev() {
            text.replace_range(span, "*");
        }
        text
    }

    #[test]
    fn values_of_secrets_are_found_however_they_are_written() {
        for (text, shown) in [
            ("passphrase = 'S'", "passphrase = *"),
            ("x = 'echo S | vault login -' # echo S > token", "x = 'echo * | vault login -' # echo * > token"),
            ("title = 'vault write x password=@- <<<S'", "title = 'vault write x password=@- <<<*'"),
            ("x = \"vault login - <<E\\nS\\nE\"\ny = 1", "x = *\ny = 1"),
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
            ("password = 'Hush-4711' # xHush-4711x", "password = * # x*x"),
            ("password = 'correcthorse'\nx = 'incorrecthorses correcthorse'", "password = *\nx = 'incorrecthorses *'"),
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
            for span in of_scenario(&text).spans.into_iter().chain(of_argument(&text).spans) {
                prop_assert!(text.get(span).is_some());
            }
        }
    }
}

//! `${…}` where nothing is replaced.

use std::sync::LazyLock;

use regex::Regex;

use crate::node::{Node, Table, Value};
use crate::problem::{Noted, Problem};
use crate::text::Text;

/// Keys whose texts are checked where they are read, or are words for people.
const ELSEWHERE: [&str; 9] = ["sql", "rules", "script", "data", "env", "connection_url", "title", "because", "says"];

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{(?:postgres|vault|environment)\.[^}\n]*\}?").expect("a pattern written here"));

/// Notes placeholders in texts that are used as they are written.
pub(super) fn lint(table: &Table, noted: &Noted) {
    for entry in table.entries.iter().filter(|entry| !ELSEWHERE.contains(&entry.key.as_str())) {
        node(&entry.node, &entry.key, noted);
    }
}

fn node(said: &Node, key: &str, noted: &Noted) {
    match &said.value {
        Value::Table(table) => lint(table, noted),
        Value::List(items) => items.iter().for_each(|item| node(item, key, noted)),
        Value::Text(text) => {
            for found in PLACEHOLDER.find_iter(text) {
                let place = Text::written(text, &said.place).part(found.range());
                let problem = Problem::warning(&place, format!("placeholders are not replaced in `{key}`"));
                noted.add(problem.label("used as it is written"));
            }
        }
        _ => {}
    }
}

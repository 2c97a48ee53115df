//! Settings of postgresql.conf, and other texts that are written into one line of a file.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use leaseproof_domain::Origin;
use regex::Regex;

use super::Book;
use crate::node::{Entry, Table, Value};
use crate::problem::Problem;

/// A setting's name, an extension's too (src/backend/utils/misc/guc-file.l: ID and QUALIFIED_ID).
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)?$").expect("a pattern written here")
});

/// What is no setting there, but reads another file (the same, ParseConfigFp).
const DIRECTIVES: [&str; 3] = ["include", "include_dir", "include_if_exists"];

/// `settings` of a cluster. What could become more than one setting is a problem.
pub(super) fn of(book: &Book<'_>, table: &Table) -> BTreeMap<String, String> {
    let entries = table.table("settings").map(|settings| settings.entries.as_slice()).unwrap_or_default();
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = HashSet::new();
    for entry in entries {
        let add = |what: String, label: &str| book.add(Problem::at(&entry.at, what).label(label));
        if !NAME.is_match(&entry.key) {
            let none = format!("`{}` is no name of a PostgreSQL setting", entry.key.escape_debug());
            add(none, "expected letters, digits and `_`");
        } else if DIRECTIVES.iter().any(|word| word.eq_ignore_ascii_case(&entry.key)) {
            add(format!("`{}` is no setting: it reads another file", entry.key), "write the settings themselves");
        } else if !seen.insert(entry.key.to_ascii_lowercase()) {
            add(format!("`{}` is set twice: PostgreSQL's names have no case", entry.key), "say it once");
        }
        one_line(book, entry);
        settings.insert(entry.key.clone(), text(entry));
    }
    settings
}

/// The lines of `hba` and of each setting.
pub(super) fn lines(table: &Table) -> BTreeMap<String, Origin> {
    let settings = table.table("settings").map(|settings| settings.entries.as_slice()).unwrap_or_default();
    settings.iter().chain(table.entry("hba")).map(|entry| (entry.key.clone(), entry.at.origin())).collect()
}

/// Texts that are lines of files, or words of commands.
pub(super) fn in_one_line(book: &Book<'_>, table: &Table, keys: &[&str]) {
    keys.iter().filter_map(|key| table.entry(key)).for_each(|entry| one_line(book, entry));
}

fn one_line(book: &Book<'_>, entry: &Entry) {
    if entry.node.text().is_some_and(|text| text.chars().any(|sign| sign.is_control() && sign != '\t')) {
        let problem = Problem::at(
            &entry.node.place,
            format!("`{}` has a line break or control character in it", entry.key.escape_debug()),
        );
        book.add(problem.label("expected one line of text"));
    }
}

fn text(entry: &Entry) -> String {
    match &entry.node.value {
        Value::Text(text) => text.clone(),
        Value::Flag(true) => "on".to_owned(),
        Value::Flag(false) => "off".to_owned(),
        Value::Whole(number) => number.to_string(),
        _ => entry.node.place.text().to_owned(),
    }
}

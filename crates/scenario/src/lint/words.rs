//! Passwords that are words: they cannot be distinguished from other text.

use std::collections::HashSet;

use leaseproof_domain::is_common_word;

use crate::node::{Entry, Node, Table, Value};
use crate::problem::{Noted, Problem};

/// Notes each password that is a common word, once.
pub(super) fn lint(root: &Table, noted: &Noted) {
    let mut reported = HashSet::new();
    root.entries.iter().for_each(|entry| of_entry(entry, &mut reported, noted));
}

fn of_entry<'a>(entry: &'a Entry, reported: &mut HashSet<&'a str>, noted: &Noted) {
    if entry.key.ends_with("password")
        && let Some(password) = entry.node.text().filter(|text| is_common_word(text))
        && reported.insert(password)
    {
        let what = "this password is a common word: it is hidden only where it stands as a password";
        let help = "use one that occurs in no other text, for example with digits";
        noted.add(Problem::warning(&entry.node.place, what).label("not hidden in other text").help(help));
    }
    of_node(&entry.node, reported, noted);
}

fn of_node<'a>(node: &'a Node, reported: &mut HashSet<&'a str>, noted: &Noted) {
    match &node.value {
        Value::Table(table) => table.entries.iter().for_each(|entry| of_entry(entry, reported, noted)),
        Value::List(items) => items.iter().for_each(|item| of_node(item, reported, noted)),
        _ => {}
    }
}

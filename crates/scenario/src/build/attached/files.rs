//! Files and secrets that `[attached]` names.

use std::path::PathBuf;

use crate::build::Book;
use crate::node::Table;
use crate::plan::{AttachedInput, SecretSource};
use crate::problem::Problem;

/// A file, from the folder of the file that names it.
pub(super) fn file(table: &Table, key: &str) -> Option<PathBuf> {
    let said = table.text(key)?;
    Some(said.place.source.folder.join(said.value))
}

/// `<name>_file`, or `<name>_env`.
pub(super) fn secret(book: &Book<'_>, table: &Table, name: &str) -> Option<SecretSource> {
    let in_file = file(table, &format!("{name}_file")).map(SecretSource::File);
    let in_environment = table.text(&format!("{name}_env"));
    if let (Some(_), Some(said)) = (&in_file, &in_environment) {
        let both = format!("`{name}_file` and `{name}_env` are two places for one secret");
        book.add(Problem::at(&said.place, both).label("one of them"));
    }
    in_file.or_else(|| in_environment.map(|said| SecretSource::Variable(said.value.to_owned())))
}

/// The files and environment variables that a table names, and those below it.
pub(super) fn inputs(prefix: &str, table: &Table) -> Vec<AttachedInput> {
    let mut all = Vec::new();
    for entry in &table.entries {
        let key = format!("{prefix}.{}", entry.key);
        if let Some(below) = entry.node.table() {
            all.extend(inputs(&key, below));
            continue;
        }
        let is_file = entry.key.ends_with("_file") || matches!(entry.key.as_str(), "ca" | "cert" | "key");
        let source = match entry.node.text() {
            Some(name) if is_file => SecretSource::File(entry.node.place.source.folder.join(name)),
            Some(name) if entry.key.ends_with("_env") => SecretSource::Variable(name.to_owned()),
            _ => continue,
        };
        all.push(AttachedInput { key, source, origin: entry.node.place.origin() });
    }
    all
}

pub(super) fn client(book: &Book<'_>, table: &Table) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (file(table, "cert"), file(table, "key"));
    if let (Some(alone), true) = (table.entry("cert").or(table.entry("key")), certificate.is_some() != key.is_some()) {
        book.add(Problem::at(&alone.at, "`cert` and `key` go together").label("the other one is missing"));
    }
    certificate.zip(key)
}

pub(super) fn idle(book: &Book<'_>, table: &Table, key: &str, why: &str) {
    if let Some(entry) = table.entry(key) {
        book.add(Problem::at(&entry.at, format!("`{key}` {why}")).label("here"));
    }
}

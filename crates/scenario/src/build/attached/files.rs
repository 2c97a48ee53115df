//! Files and secrets that `[attached]` names.

use std::path::PathBuf;

use crate::build::Book;
use crate::node::Table;
use crate::plan::SecretSource;
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

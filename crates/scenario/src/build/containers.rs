//! `[containers]`.

use super::Book;
use crate::node::{Entry, Table};
use crate::plan::{ContainersPlan, Image};
use crate::problem::Problem;

pub(super) fn containers(book: &Book<'_>) -> ContainersPlan {
    let Some(table) = book.root.table("containers") else { return ContainersPlan::default() };
    let named = |key: &str| table.entry(key).and_then(|entry| image(book, entry));
    let versions: Vec<&str> = book.root.named("postgres").map(|(_, cluster)| version(cluster)).collect();
    let entries = table.table("postgres").into_iter().flat_map(|images| &images.entries);
    let of_postgres = entries.filter_map(|entry| {
        if !versions.contains(&entry.key.as_str()) {
            let other = Problem::at(&entry.at, format!("no cluster is a PostgreSQL {}", entry.key));
            book.add(other.label(format!("the scenario has {}", crate::near::listed(versions.iter().copied()))));
        }
        Some((entry.key.clone(), image(book, entry)?))
    });
    ContainersPlan {
        vault: named("vault"),
        haproxy: named("haproxy"),
        pdns: named("pdns"),
        postgres: of_postgres.collect(),
    }
}

fn version(cluster: &Table) -> &str {
    cluster.text("version").map_or(super::environment::VERSION, |said| said.value)
}

/// An image's name; the engine knows none that is empty or has blanks.
fn image(book: &Book<'_>, entry: &Entry) -> Option<Image> {
    let name = entry.node.text()?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        let none = Problem::at(&entry.node.place, format!("`{name}` is no image"));
        book.add(none.label("expected a name as in \"registry.example/postgres:15\""));
    }
    Some(Image { name: name.to_owned(), origin: entry.node.place.origin() })
}

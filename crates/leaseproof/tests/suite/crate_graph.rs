//! The dependencies between the crates: a crate imports only what ARCHITECTURE.md's table of crates allows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate → the crates that it may import; none if it may import all.
type Table = BTreeMap<String, Option<BTreeSet<String>>>;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Reads the table whose header has a "May import" column; the crates' names are in backticks.
fn table(markdown: &str) -> Table {
    let cells = |line: &str| line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let mut lines = markdown.lines().skip_while(|line| !line.contains("May import"));
    let header: Vec<String> = lines.next().map(cells).expect("ARCHITECTURE.md has a table with a column `May import`");
    let column = header.iter().position(|cell| cell == "May import").unwrap();
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(|line| -> Vec<String> { cells(line) });
    let allowed = |cell: &str| match cell {
        "all" => None,
        "–" => Some(BTreeSet::new()),
        crates => Some(crates.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()),
    };
    rows.map(|row| (row[0].trim_matches('`').to_owned(), allowed(&row[column]))).collect()
}

/// Crate → the crates that it imports, without development dependencies.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let name = |package: &str| match package.strip_prefix("leaseproof-") {
        Some(name) => Some(name.to_owned()),
        None => (package == "leaseproof").then(|| package.to_owned()),
    };
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let packages = metadata.packages.iter();
    packages
        .filter_map(|package| {
            let imports = package.dependencies.iter().filter(|dep| dep.kind != DependencyKind::Development);
            Some((name(&package.name)?, imports.filter_map(|dependency| name(&dependency.name)).collect()))
        })
        .collect()
}

#[test]
fn no_crate_imports_what_the_table_does_not_allow() {
    let table = table(&std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    for (name, imports) in arrows() {
        let allowed = table.get(&name).unwrap_or_else(|| panic!("ARCHITECTURE.md's table of crates lacks `{name}`"));
        for import in imports {
            let may = allowed.as_ref().is_none_or(|allowed| allowed.contains(&import));
            assert!(may, "`{name}` imports `{import}`: ARCHITECTURE.md's table of crates does not allow it");
        }
    }
}

#[test]
fn every_crate_of_the_table_exists_in_a_folder_of_its_name() {
    let table = table(&std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let crates = arrows();
    for name in table.keys() {
        assert!(crates.contains_key(name), "ARCHITECTURE.md's table has `{name}`, and there is no such crate");
        assert!(root().join("crates").join(name).join("Cargo.toml").is_file(), "crates/{name}");
    }
}

#[test]
fn a_table_is_read() {
    let text =
        "| Crate | May import | Never |\n|---|---|---|\n| `a` | – | I/O |\n| `b` | a, c | x |\n| `d` | all | |\n\nend";
    let set = |crates: &[&str]| Some(crates.iter().map(|name| (*name).to_owned()).collect());
    let expected = Table::from([("a".into(), set(&[])), ("b".into(), set(&["a", "c"])), ("d".into(), None)]);
    assert_eq!(table(text), expected);
}

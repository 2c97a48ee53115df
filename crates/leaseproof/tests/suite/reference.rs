//! The pages that are made from the program are what it prints. `UPDATE_DOCS=1 ci/tests reference::`
//! writes them anew.

use std::process::Command;

fn compare(page: &str, file: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_leaseproof")).args(["reference", page]).output().unwrap();
    assert!(output.status.success());
    let now = String::from_utf8(output.stdout).unwrap();
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "docs/{file} is out of date: run with UPDATE_DOCS=1");
}

#[test]
fn the_page_of_commands_is_what_the_arguments_say() {
    compare("cli", "cli.md");
}

#[test]
fn the_page_of_checks_is_what_the_catalogue_says() {
    compare("checks", "checks.md");
}

#[test]
fn the_page_of_facts_is_what_the_catalogue_says() {
    compare("facts", "facts.md");
}

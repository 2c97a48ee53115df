//! Scenario files: what is read from them, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod plans;
mod probes;
mod problems;
mod schema;
mod secrets;
mod start;
mod statements;

use leaseproof_scenario::{LoadOptions, Plan, Problems, check};

/// The plan of a scenario with this text and its warnings, or its problems.
fn checked(scenario: &str) -> Result<(Plan, Problems), Problems> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, scenario).unwrap();
    check(&file, &LoadOptions::default())
}

/// The warnings of a valid scenario with this text.
fn warnings_of(scenario: &str) -> String {
    match checked(scenario) {
        Ok((_, warnings)) => warnings.render(false),
        Err(problems) => panic!("not valid: {problems}"),
    }
}

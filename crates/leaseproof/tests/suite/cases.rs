//! The documented cases with their defects, and the siblings that have the cure: the defects are found and named, and
//! the cures are wholly green.

use crate::support::{Desk, assert_kept, text, workspace};

#[test]
fn the_defects_of_the_dashboard_are_named() {
    as_declared("delphi", &["GRA-1", "REV-1", "EXP-1", "RUN-2", "INV-11"]);
}

#[test]
fn the_dashboard_with_a_group_role_is_green() {
    as_declared("delphi-group-role", &[]);
}

#[test]
fn the_defects_of_the_wizard_are_named() {
    as_declared("wizard", &["REV-1", "EXP-1", "PWD-1", "RUN-2", "INV-10", "INV-11"]);
}

#[test]
fn the_wizard_that_drops_its_roles_is_green() {
    as_declared("wizard-drop-role", &[]);
}

/// Runs a scenario: the checks that its document's defects make fail are those, and no other.
fn as_declared(name: &str, known: &[&str]) {
    let desk = Desk::new();
    let fewer = ["--set", "phase.steady.for=4s", "--set", "lifecycle.dashboard.lease=5s"];
    let fewer = if name.starts_with("delphi") { &fewer[..] } else { &fewer[..2] };
    let output = desk.run(&workspace().join("scenarios").join(name), fewer);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let checks = verdicts["checks"].as_array().unwrap();
    assert!(checks.len() >= 20, "{name}: {} checks", checks.len());
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check["verdict"] != "pass")
        .inspect(|check| assert!(check["known_issue"]["because"].is_string(), "{name}: {check:#}"))
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(failed, known, "{name}: {}", text(&output));
    desk.assert_nothing_left();
}

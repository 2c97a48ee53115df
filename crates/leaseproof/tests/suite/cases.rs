//! The documented cases with their defects, and the siblings that have the cure: the defects are found and named, and
//! the cures are wholly green.

use crate::support::{Desk, assert_kept, text, workspace};

/// A scenario and the checks that its document's defects make fail.
const CASES: &[(&str, &[&str])] = &[
    ("delphi", &["GRA-1", "REV-1", "EXP-1", "RUN-2", "INV-11"]),
    ("delphi-group-role", &[]),
    ("wizard", &["REV-1", "EXP-1", "PWD-1", "RUN-2", "INV-10", "INV-11"]),
    ("wizard-drop-role", &[]),
];

#[test]
fn each_defect_is_named_and_each_cure_is_green() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, known)) = CASES.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    as_declared(name, known);
                }
            });
        }
    });
}

fn as_declared(name: &str, known: &[&str]) {
    let desk = Desk::new();
    let fewer = ["--set", "phase.steady.for=4s", "--set", "life.dashboard.lease=5s"];
    let fewer = if name.starts_with("delphi") { &fewer[..] } else { &fewer[..2] };
    let output = desk.run(&workspace().join("scenarios").join(name), fewer);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let checks = verdicts["checks"].as_array().unwrap();
    assert!(checks.len() >= 20, "{name}: {} checks", checks.len());
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check["verdict"] != "pass")
        .inspect(|check| assert!(check["known"]["because"].is_string(), "{name}: {check:#}"))
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(failed, known, "{name}: {}", text(&output));
    desk.assert_nothing_left();
}

//! Sabotaged environments on real servers: each must fail the checks that are meant to catch it, and no other than those
//! that follow from it; the environments they are made of have to be sound. `ci/mutants` runs it.

mod scenario;
mod table;

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Desk, failed, text, workspace};
use scenario::{Change, DELPHI, NONE, POWERDNS, Parent, TWO_CLUSTERS, WIZARD};
use table::{MUTANTS, Mutant};

/// How many environments stand at once: more would keep the generator from its schedule on a small machine.
const AT_ONCE: usize = 3;
/// How often a mutant is run where the measurement was invalid: that says nothing of the environment.
const TRIES: usize = 3;
const INVALID: i32 = 4;

/// In so few lifecycles every one keeps a session, so that there is one to be judged.
const KEEP: &str = "hold_session = { share = 1.0 }\n";

/// Environments that have to be wholly green. A tampering proxy that changes nothing is one of them.
static SOUND: &[(&str, &Parent, Change)] = &[
    ("sound-powerdns", &POWERDNS, Change { lifecycle: KEEP, ..NONE }),
    ("sound-delphi-group-role", &DELPHI, NONE),
    ("sound-wizard-drop-role", &WIZARD, NONE),
    ("sound-two-clusters", &TWO_CLUSTERS, NONE),
    (
        "sound-behind-an-honest-impostor",
        &POWERDNS,
        Change { toml: "[[tamper]]\nkind = \"drop-before\"\nshare = 0\n", lifecycle: KEEP, ..NONE },
    ),
];

/// Only these are run, where the variable names some: `LEASEPROOF_MUTANTS=twin,nologin`.
const CHOICE: &str = "LEASEPROOF_MUTANTS";

#[test]
fn the_page_lists_the_table() {
    let path = workspace().join("docs/mutants.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page(), "docs/mutants.md is not the table: `ci/mutants --write` writes it");
}

#[test]
fn names_are_unique_and_checks_exist() {
    let checks = std::fs::read_to_string(workspace().join("docs/checks.md")).unwrap();
    let mut names: Vec<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), MUTANTS.len());
    for mutant in MUTANTS {
        assert!(!mutant.by.is_empty(), "{} is caught by nothing", mutant.name);
        for check in mutant.by.iter().chain(mutant.also) {
            assert!(checks.contains(&format!("## {check}\n")), "{}: there is no {check}", mutant.name);
        }
    }
}

#[test]
#[ignore = "it starts more than a hundred environments: `ci/mutants` runs it"]
fn every_mutant_is_caught_and_every_sound_environment_passes() {
    let choice = std::env::var(CHOICE).ok();
    let chosen = |name: &str| choice.as_ref().is_none_or(|choice| choice.split(',').any(|one| one == name));
    let mut work: Vec<Box<dyn Fn() -> Result<String, String> + Send + Sync>> = Vec::new();
    for (name, parent, change) in SOUND.iter().filter(|(name, ..)| chosen(name)) {
        work.push(Box::new(move || sound(name, parent, change)));
    }
    for mutant in MUTANTS.iter().filter(|mutant| chosen(mutant.name)) {
        work.push(Box::new(move || caught(mutant)));
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(one) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match one() {
                        Ok(line) => say(&line),
                        Err(line) => {
                            say(&line);
                            wrong.lock().unwrap().push(line);
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    say(&format!("{} environments, {} not as they have to be", work.len(), wrong.len()));
    assert!(!work.is_empty(), "{CHOICE} names no mutant that there is");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[allow(clippy::print_stdout, reason = "it is what the script's user reads")]
fn say(line: &str) {
    println!("{line}");
}

/// Runs a scenario; again where the machine kept the generator from its schedule.
fn run(name: &str, parent: &Parent, change: &Change) -> Result<(i32, serde_json::Value, String), String> {
    for tries in 1.. {
        let desk = Desk::new();
        let output = desk.run(&parent.write(name, change, desk.path()), &["--quiet", "--keep-going"]);
        let code = output.status.code().unwrap_or(-1);
        if code == INVALID && tries < TRIES {
            continue;
        }
        if !desk.run_folder().join("verdicts.json").exists() {
            return Err(format!("WRONG     {name}: exit {code} without a verdict\n{}", text(&output)));
        }
        desk.assert_nothing_left();
        return Ok((code, desk.verdicts(), text(&output)));
    }
    unreachable!("the last try returns")
}

fn sound(name: &str, parent: &Parent, change: &Change) -> Result<String, String> {
    let (code, verdicts, shown) = run(name, parent, change)?;
    // A measurement that stayed invalid is the machine's doing; its promises were kept all the same.
    let kept = matches!(code, 0 | INVALID);
    let green = verdicts["checks"].as_array().unwrap().iter().all(|check| check["verdict"] == "pass");
    if kept && green { Ok(format!("sound     {name}")) } else { Err(format!("WRONG     {name}: exit {code}\n{shown}")) }
}

fn caught(mutant: &Mutant) -> Result<String, String> {
    let Mutant { name, parent, change, by, also, .. } = mutant;
    let (code, verdicts, shown) = run(name, parent, change)?;
    let failed = failed(&verdicts);
    let missing: Vec<_> = by.iter().filter(|check| !failed.iter().any(|failed| failed == *check)).collect();
    // Where not one role goes, INV-11 says so too; what the catalog shows wrong, a lifecycle that tries it sees as well.
    let has = |check: &str| failed.iter().any(|failed| failed == check);
    let follows = |check: &str| match check {
        "INV-11" => has("REV-1") || has("EXP-1"),
        "PRB-1" => has("GRA-1") || has("LOG-1"),
        _ => false,
    };
    let known = |check: &str| by.iter().chain(*also).any(|known| *known == check) || follows(check);
    let stray: Vec<_> = failed.iter().filter(|check| !known(check)).collect();
    let line = format!("{name}: {}", failed.join(" "));
    if code != 1 || !missing.is_empty() {
        return Err(format!("SURVIVED  {line}; exit {code}; not by {missing:?}\n{shown}"));
    }
    if stray.is_empty() {
        Ok(format!("caught    {line}"))
    } else {
        Err(format!("ACCUSED   {line}; {stray:?} is no consequence\n{shown}"))
    }
}

/// docs/mutants.md.
fn page() -> String {
    let mut page = String::from(
        "# Sabotaged environments\n\nEach row is a passing scenario to which one defect was added. `ci/mutants` runs all of them on real servers: the run must fail \
         every check under *caught by*; only the checks under *may follow* may also fail. The scenarios without \
         the defect, and one with a tampering proxy that changes nothing, must pass.\n\n\
         This page is generated from the table in `crates/leaseproof/tests/mutants/table.rs` by `ci/mutants --write`.\n\n\
         | Mutant | Scenario | Defect | Caught by | May follow |\n|---|---|---|---|---|\n",
    );
    for Mutant { name, says, parent, by, also, .. } in MUTANTS {
        let also: Vec<&str> = also.iter().filter(|check| !by.contains(check)).copied().collect();
        let _ = writeln!(page, "| `{name}` | `{}` | {says} | {} | {} |", parent.name, by.join(", "), also.join(", "));
    }
    page
}

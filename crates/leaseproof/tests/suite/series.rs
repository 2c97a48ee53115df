//! Several scenarios in one command: each is run, one table and one exit code come of them, and a signal stops the
//! rest.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Desk, text, wait, workspace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SHORT: [&str; 2] = ["--set", "phase.steady.for=4s"];

fn verdicts(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("verdicts.json")).unwrap()).unwrap()
}

#[test]
fn a_folder_of_scenarios_is_validated_whole() {
    let desk = Desk::new();
    let output = desk.output(["validate", "scenarios/"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let shown = text(&output);
    for name in ["delphi", "powerdns"] {
        assert!(shown.contains(&format!("scenarios/{name}: valid")), "{shown}");
    }
}

#[test]
fn a_folder_of_scenarios_is_run_whole() {
    let desk = Desk::new();
    let folder = desk.path().join("of-scenarios");
    std::fs::create_dir(&folder).unwrap();
    for (name, lifecycle) in [("delphi", "dashboard"), ("powerdns", "app")] {
        std::fs::create_dir(folder.join(name)).unwrap();
        let parent = workspace().join("scenarios").join(name);
        let text = format!(
            "extends = {parent:?}\ntitle = \"{name}, a few lifecycles\"\n[lifecycle.{lifecycle}]\nlease = \"5s\"\n"
        );
        std::fs::write(folder.join(name).join("scenario.toml"), text).unwrap();
    }
    let output = desk.run(&folder, &SHORT);
    let shown = text(&output);
    // A busy machine may keep the generator from its schedule; it says nothing of the promises.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{shown}");
    let row = |name: &str| shown.lines().rfind(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
    assert!(row("delphi").contains("known issues: GRA-1 REV-1"), "the known findings are named: {shown}");
    assert!(row("powerdns").contains("passed") || row("powerdns").contains("invalid measurement"), "{shown}");
    assert!(shown.contains(" of 2 scenarios passed"), "{shown}");
    let out = desk.run_folder();
    for name in ["delphi", "powerdns"] {
        let verdicts = verdicts(&out.join(name));
        assert_eq!((verdicts["scenario"].as_str(), verdicts["verdict"].as_str()), (Some(name), Some("pass")));
    }
    assert_eq!(std::fs::read_to_string(out.join("junit.xml")).unwrap().matches("<testsuite ").count(), 2);
    assert!(std::fs::read_to_string(out.join("summary.md")).unwrap().contains(" of 2 scenarios passed"));

    // What is there stays as it is: the next series has a folder of its own.
    let before = std::fs::read(out.join("junit.xml")).unwrap();
    let again =
        desk.command(["run"]).arg(&folder).arg("--output").arg(&out).env("VAULT_BIN", "/nowhere").output().unwrap();
    assert_eq!(again.status.code(), Some(5), "{}", text(&again));
    assert!(
        text(&again).contains("is not empty: the run is in ") && text(&again).contains("run-2"),
        "{}",
        text(&again)
    );
    assert_eq!(std::fs::read(out.join("junit.xml")).unwrap(), before);
    assert!(desk.path().join("run-2/powerdns/verdicts.json").exists(), "{}", text(&again));
    desk.assert_nothing_left();
}

#[test]
fn nothing_starts_unless_all_can() {
    let desk = Desk::new();
    let output = desk.run(&workspace().join("scenarios"), &["--set", "lifecycle.dashboard.lease=5s"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    let folders = std::fs::read_dir(workspace().join("scenarios")).unwrap();
    let all = folders.filter(|entry| entry.as_ref().unwrap().path().join("scenario.toml").exists()).count();
    // Only the two of the dashboard, and the migration that extends one of them, have that lifecycle.
    let reported = format!("nothing was started: {} of {all} scenarios are invalid", all - 3);
    assert!(shown.contains(&reported), "{reported}: {shown}");
    assert!(!desk.run_folder().exists());
    let output = desk.run(&workspace().join("scenarios"), &["--only", "THR-1"]);
    assert!(text(&output).contains("the scenario wizard has no promise that adds THR-1"), "{}", text(&output));
    assert_eq!(output.status.code(), Some(2));
    desk.assert_nothing_left();
}

#[test]
fn a_signal_stops_the_rest() {
    let desk = Desk::new();
    let scenarios = workspace().join("scenarios");
    let delphi = scenarios.join("delphi-group-role");
    let child = desk.start(&scenarios.join("powerdns"), &[delphi.to_str().unwrap(), "--quiet"]);
    // Its history is there from the moment it stands its servers up.
    let history = desk.run_folder().join("powerdns/history.jsonl.zst");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !history.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = wait(child, Duration::from_secs(60));
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(130), "{shown}");
    let row = shown.lines().rfind(|line| line.starts_with("delphi-group-role ")).unwrap();
    assert!(row.contains("not run"), "{shown}");
    assert!(!desk.run_folder().join("delphi-group-role").exists());
    desk.assert_nothing_left();
}

//! What ended a run early comes first in every report, and `judge` ends with the run's own exit code.

use std::path::Path;

use crate::support::{Desk, text, variant, workspace};

/// Every form in which a run is reported.
fn reports(folder: &Path) -> Vec<(&'static str, String)> {
    ["verdicts.json", "junit.xml", "summary.md"]
        .map(|name| (name, std::fs::read_to_string(folder.join(name)).unwrap()))
        .into()
}

fn judged(desk: &Desk, folder: &Path) -> (Option<i32>, String) {
    let output = desk.command(["judge"]).arg(folder).output().unwrap();
    (output.status.code(), text(&output))
}

#[test]
fn a_rejected_setup_step_is_the_cause_in_every_report() {
    let desk = Desk::new();
    let scenario = desk.path().join("wrong-database");
    std::fs::create_dir(&scenario).unwrap();
    let parent = workspace().join("scenarios/powerdns");
    let sql = "title = \"a table that is not there\"\n[[setup]]\nsql = \"SELECT * FROM nowhere_to_be_found;\"\n";
    std::fs::write(scenario.join("scenario.toml"), format!("extends = {parent:?}\n{sql}")).unwrap();
    let output = desk.run(&scenario, &[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let line = "scenario.toml:3:";
    let words = "relation \"nowhere_to_be_found\" does not exist";
    assert!(shown.contains(words) && shown.contains(line) && shown.contains("setup rejected · "), "{shown}");
    let folder = desk.run_folder();
    let before = reports(&folder);
    for (name, report) in &before {
        // Quotes are written in each form's own way.
        assert!(report.contains("nowhere_to_be_found") && report.contains("does not exist"), "{name}: {report}");
    }
    let verdicts = desk.verdicts();
    assert_eq!((verdicts["outcome"].as_str(), verdicts["verdict"].as_str()), (Some("setup_rejected"), Some("fail")));
    assert!(verdicts["cause"]["what"].as_str().unwrap().contains(words), "{}", verdicts["cause"]);
    assert_eq!(verdicts["cause"]["origin"]["line"], 3);
    assert!(verdicts["checks"].as_array().unwrap().iter().all(|check| check["not_run"] == true));
    assert!(before[1].1.contains(r#"failures="1" errors="0""#), "{}", before[1].1);
    assert_eq!(judged(&desk, &folder).0, Some(1));
    assert_eq!(reports(&folder), before, "judged again, the same bytes");
    desk.assert_nothing_left();
}

/// Vault reads the policy only when it generates a password.
#[test]
fn a_password_policy_that_is_not_there_is_blamed_on_the_step_that_names_it() {
    let desk = Desk::new();
    let scenario = desk.path().join("no-such-policy");
    std::fs::create_dir(&scenario).unwrap();
    let parent = workspace().join("scenarios/powerdns");
    let steps = "title = \"a slip\"\n[[setup]]\nwrite = \"database/config/powerdns-database\"\n\
                 data = { password_policy = \"shpo\" }\n\
                 [[setup]]\nwrite = \"database/rotate-root/powerdns-database\"\n";
    std::fs::write(scenario.join("scenario.toml"), format!("extends = {parent:?}\n{steps}")).unwrap();
    let output = desk.run(&scenario, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let cause = &desk.verdicts()["cause"];
    let what = cause["what"].as_str().unwrap();
    assert!(what.starts_with("`password_policy` of setup step 5 (write database/config/powerdns-database)"), "{what}");
    assert!(what.ends_with("names `shpo`, a password policy that no earlier step writes"), "{what}");
    assert_eq!(cause["origin"]["line"], 5, "{cause}");
    let met = cause["details"][0].as_str().unwrap();
    assert!(met.contains("scenario.toml:6:1: setup step 8 (write database/rotate-root/powerdns-database)"), "{met}");
    assert!(met.contains("no password policy found"), "{met}");
    desk.assert_nothing_left();
}

#[test]
fn without_servers_run_and_judge_end_with_5() {
    let desk = Desk::new();
    let mut run = desk.command(["run"]);
    run.arg(variant("short")).arg("--output").arg(desk.run_folder());
    let output = run.env("VAULT_BIN", "/nowhere/vault").output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(
        text(&output).contains("/nowhere/vault") && text(&output).contains("no environment · "),
        "{}",
        text(&output)
    );
    for (name, report) in reports(&desk.run_folder()) {
        assert!(report.contains("/nowhere/vault"), "{name}: {report}");
    }
    assert_eq!(judged(&desk, &desk.run_folder()).0, Some(5));
}

#[test]
fn judge_ends_as_the_run_did() {
    let desk = Desk::new();
    let output = desk.run(&variant("short"), &["--set", "phase.steady.for=3s", "--only", "ISS-2,POL-1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let folder = desk.run_folder();
    assert_eq!(judged(&desk, &folder).0, Some(0));
    // The same run with another end, as its history would tell it.
    let history = folder.join("history.jsonl.zst");
    let whole = String::from_utf8(zstd::decode_all(std::fs::File::open(&history).unwrap()).unwrap()).unwrap();
    let completed = r#""reason":"completed""#;
    assert_eq!(whole.matches(completed).count(), 1);
    for (reason, more, code) in [
        ("setup_failed", "", 1),
        ("refused", "", 2),
        ("interrupted", "", 3),
        ("aborted", "", 3),
        ("harness_failed", "", 4),
        ("environment_lost", "", 5),
        ("completed", r#","left_behind":"the role x""#, 1),
    ] {
        let cause = if reason == "completed" { "" } else { r#","cause":{"what":"it ended"}"# };
        let ended = whole.replace(completed, &format!(r#""reason":"{reason}"{cause}{more}"#));
        std::fs::write(&history, zstd::encode_all(ended.as_bytes(), 3).unwrap()).unwrap();
        let (exit, shown) = judged(&desk, &folder);
        assert_eq!(exit, Some(code), "{reason}: {shown}");
    }
    desk.assert_nothing_left();
}

#[test]
fn an_undecided_run_is_judged_undecided() {
    let desk = Desk::new();
    // Nothing expires while it lasts, so that EXP-1 cannot be said.
    let more = ["phase.steady.for=2s", "phase.steady.drain=1s", "lifecycle.app.lease=300s"];
    let sets: Vec<&str> = more.iter().flat_map(|set| ["--set", set]).collect();
    let output = desk.run(&variant("short"), &[&sets[..], &["--only", "EXP-1"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("undecided · "), "{}", text(&output));
    assert_eq!(judged(&desk, &desk.run_folder()).0, Some(3));
    desk.assert_nothing_left();
}

//! Actions that a scenario's operator takes during the load, on real servers: each scenario passes, and each fails where
//! the same action does more than it declares.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{Desk, assert_kept, failed, text, variant, wait, workspace};

fn scenario(name: &str) -> PathBuf {
    workspace().join("scenarios").join(name)
}

fn actions(verdicts: &Value) -> &Vec<Value> {
    verdicts["actions"].as_array().unwrap()
}

fn check<'v>(verdicts: &'v Value, id: &str) -> &'v Value {
    verdicts["checks"].as_array().unwrap().iter().find(|check| check["check"] == id).unwrap()
}

/// The actions that the first cause with that check names.
fn before(verdicts: &Value, id: &str) -> Vec<String> {
    let causes = verdicts["causes"].as_array().unwrap();
    let cause = causes.iter().find(|cause| cause["check"] == id).unwrap_or_else(|| panic!("{id}: {causes:#?}"));
    let named = cause["after"].as_array().into_iter().flatten();
    named.map(|action| action["what"].as_str().unwrap().to_owned()).collect()
}

/// A run that passes, and whose actions all ended as they had to.
fn passes(name: &str) -> Value {
    let desk = Desk::new();
    let output = desk.run(&scenario(name), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    for action in actions(&verdicts) {
        assert_eq!(action["expected"], true, "{action:#}");
    }
    assert_eq!(check(&verdicts, "ACT-1")["samples"], actions(&verdicts).len());
    let summary = std::fs::read_to_string(desk.run_folder().join("summary.md")).unwrap();
    assert!(summary.contains("## Actions\n") && summary.contains("## Timeline\n"), "{summary}");
    assert!(text(&output).contains("action 1: "), "{}", text(&output));
    desk.assert_nothing_left();
    verdicts
}

fn fails(desk: &Desk, path: &std::path::Path, more: &[&str]) -> (Value, String) {
    let output = desk.run(path, more);
    let verdicts = desk.verdicts();
    // ACT-2 rests on timing: on a busy machine such a measurement is invalid.
    assert!(matches!(output.status.code(), Some(1 | 4)), "{}", text(&output));
    (verdicts, text(&output))
}

#[test]
fn rotating_vaults_own_password_may_fail_requests_in_flight_only() {
    let verdicts = passes("rotate-root");
    // Requests that Vault sends with the old password while it changes it may fail, and no others.
    assert!(actions(&verdicts)[0]["window"]["until"].as_u64().is_some(), "{verdicts:#}");
    assert_eq!(actions(&verdicts)[1]["outcome"]["code"], "28P01");
}

#[test]
fn a_rotation_that_postgresql_never_gets_is_found_and_named() {
    let desk = Desk::new();
    let broken = "setup.write.database/config/powerdns-database.root_rotation_statements=SELECT 1";
    let (verdicts, text) = fails(&desk, &scenario("rotate-root"), &["--set", broken]);
    let failed = failed(&verdicts);
    assert!(failed.contains(&"ISS-1".to_owned()) && failed.contains(&"ACT-1".to_owned()), "{failed:?}");
    let rotated = "rotate the password: write database/rotate-root/powerdns-database";
    assert!(before(&verdicts, "ISS-1").contains(&rotated.to_owned()), "{text}");
    let finding = &check(&verdicts, "ACT-1")["findings"][0];
    let what = finding["what"].as_str().unwrap();
    assert!(what.contains("did not fail as the scenario expects: expected SQLSTATE 28P01"), "{what}");
    assert!(finding["promised"]["file"].as_str().unwrap().ends_with("rotate-root/scenario.toml"), "{finding:#}");
}

#[test]
fn a_wrong_password_in_vaults_connection_fails_only_what_is_declared() {
    let verdicts = passes("connection-rewritten");
    let window = &actions(&verdicts)[0]["window"];
    let errors = window["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error[0] == "issue" && error[1] == "500"), "{window:#}");
    assert!(window["recovered"].as_u64().is_some(), "{window:#}");
}

#[test]
fn a_wrong_password_that_nobody_declared_fails_the_run() {
    let desk = Desk::new();
    let (verdicts, text) = fails(&desk, &variant("undeclared-rewrite"), &["--only", "ISS-1,ACT-1"]);
    assert_eq!(failed(&verdicts), ["ISS-1"], "{text}");
    assert_eq!(before(&verdicts, "ISS-1"), ["wrong password: write database/config/powerdns-database"], "{text}");
    assert!(text.contains("action 1 began ") && text.contains(" s before that: wrong password"), "{text}");
}

/// The right password is written before anything is revoked: with the wrong one Vault could revoke nothing.
#[test]
fn a_signal_while_vault_has_a_wrong_password_leaves_nothing() {
    let desk = Desk::new();
    let longer = ["--set", "action.right password.at=50s", "--set", "phase.steady.for=60s"];
    let child = desk.start(&scenario("connection-rewritten"), &longer);
    let give_up = Instant::now() + Duration::from_secs(120);
    // A request of a client fails, and no password is right yet.
    let is_wrong = |history: &str| history.contains("SQLSTATE 28P01");
    while !is_wrong(&desk.history_so_far()) {
        assert!(Instant::now() < give_up, "no request failed");
        std::thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = wait(child, Duration::from_secs(120));
    let (shown, verdicts) = (text(&output), desk.verdicts());
    assert_eq!(output.status.code(), Some(130), "{shown}");
    assert!(shown.contains("exit 130: interrupted, cleaned up"), "{shown}");
    let right = &actions(&verdicts)[1];
    assert!(
        right["what"].as_str().unwrap().starts_with("right password") && right["outcome"]["is"] == "ok",
        "{right:#}"
    );
    let residue = desk.history_so_far();
    let last = residue.lines().rfind(|line| line.contains(r#""event":"residue""#)).unwrap_or_default();
    assert!(last.contains(r#""released":true,"roles":[],"leases":[]"#), "{last}\n{shown}");
    desk.assert_nothing_left();
}

#[test]
fn a_disabled_mount_ends_its_credentials_and_a_new_one_issues_again() {
    let verdicts = passes("mount-disabled");
    let disabled = &actions(&verdicts)[0];
    assert!(disabled["ends"]["credentials"].as_u64().unwrap() > 0, "{disabled:#}");
    assert!(check(&verdicts, "ACT-2")["samples"].as_u64().unwrap() > 0, "{verdicts:#}");
}

#[test]
fn credentials_that_outlive_their_mount_are_found() {
    let desk = Desk::new();
    let kept = "setup.write.database/roles/powerdns-role.revocation_statements=SELECT 1";
    let (verdicts, text) = fails(
        &desk,
        &scenario("mount-disabled"),
        &["--set", kept, "--set", "action.disable the mount.dead_within=1s", "--only", "ACT-2"],
    );
    assert_eq!(failed(&verdicts), ["ACT-2"], "{text}");
    let what = check(&verdicts, "ACT-2")["findings"][0]["what"].as_str().unwrap();
    assert!(what.contains("after action 1 (disable the mount: disable database) ended it"), "{what}");
}

#[test]
fn a_migration_under_load_changes_no_promise_and_its_owner_can_be_revoked() {
    let verdicts = passes("schema-migration");
    assert_eq!(actions(&verdicts).len(), 3);
}

#[test]
fn a_credential_that_owns_a_table_and_cannot_be_dropped_is_found() {
    let desk = Desk::new();
    let (verdicts, text) = fails(&desk, &variant("migration-not-reassigned"), &["--only", "REV-1,ACT-1"]);
    assert_eq!(failed(&verdicts), ["REV-1"], "{text}");
    assert!(before(&verdicts, "REV-1")[0].starts_with("a credential creates a table: sql "), "{text}");
}

#[test]
fn a_grant_by_hand_and_a_rejected_statement_are_found() {
    let desk = Desk::new();
    let by_hand =
        "action.grant to others.sql=GRANT DELETE ON alerts TO delphi_readers; GRANT SELECT ON nothing TO PUBLIC";
    let (verdicts, text) = fails(&desk, &scenario("schema-migration"), &["--set", by_hand, "--only", "GRA-1,ACT-1"]);
    assert_eq!(failed(&verdicts), ["GRA-1", "ACT-1"], "{text}");
    let finding = &check(&verdicts, "ACT-1")["findings"][0];
    let what = finding["what"].as_str().unwrap();
    assert!(what.contains("was rejected: SQLSTATE 42P01: relation \"nothing\" does not exist"), "{what}");
    assert_eq!(finding["code"], "42P01");
    assert!(before(&verdicts, "GRA-1")[0].starts_with("grant to others: sql"), "{text}");
}

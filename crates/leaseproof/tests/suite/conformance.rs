//! The command that proves facts: what it prints, what it ends with, and that it leaves nothing.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Desk, text, wait, wait_for_handlers};
use leaseproof_conformance::{CATALOGUE, Ground};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Facts of the shared servers that wait for an expiry, a backlog or a rotation, for 4 s and more.
const WAITING: [&str; 13] = [
    "CON-1", "CON-2", "DOW-7", "EXP-1", "EXP-3", "LOG-3", "LOG-5", "LOG-6", "REV-5", "REV-6", "ROT-3", "TTL-3", "TTL-4",
];

/// Nearly half of the catalogue: what Vault answers, what PostgreSQL's catalog shows then, and who is rejected, on the
/// servers that facts share, a second each. What is left breaks servers or waits, and takes a quarter of an hour:
/// parts of `ci/nightly` test all facts, on each version of PostgreSQL.
#[test]
fn facts_that_neither_break_servers_nor_wait_are_confirmed() {
    let quick = CATALOGUE.iter().filter(|fact| matches!(fact.ground, Ground::Shared) && !fact.slow);
    let quick = quick.filter(|fact| !WAITING.contains(&fact.id));
    let quick: Vec<&str> = quick.map(|fact| fact.id).collect();
    assert!(quick.len() * 3 >= CATALOGUE.len(), "a third of the facts at least: {quick:?}");
    let desk = Desk::new();
    let output = desk.output(["conformance", "--at-once", "3", "--only", &quick.join(",")]);
    // A line for each, with its time: .config/nextest.toml has it shown.
    println!("{}", text(&output));
    assert_eq!(output.status.code(), Some(0));
    desk.assert_nothing_left();
}

#[test]
fn facts_are_confirmed_with_what_was_expected_and_what_came() {
    let desk = Desk::new();
    let output = desk.output(["conformance", "--only", "iss-7,DOW-1", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], "leaseproof-facts/1");
    let proofs = document["runs"][0]["proofs"].as_array().unwrap();
    let standings: Vec<_> = proofs.iter().map(|proof| (&proof["id"], &proof["standing"])).collect();
    assert_eq!(format!("{standings:?}").matches("confirmed").count(), 2, "{standings:?}");
    let step = &proofs[0]["steps"][0];
    assert_eq!(step["expected"], "400 `unknown role: nobody`");
    assert!(step["got"].as_str().unwrap().starts_with("400 `unknown role: nobody"), "{step}");
    desk.assert_nothing_left();
}

#[test]
fn what_is_otherwise_behind_haproxy_is_an_exception_with_its_reason() {
    let desk = Desk::new();
    let output = desk.output(["conformance", "--layout", "haproxy-ha", "--only", "DOW-1,DOW-6", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &document["runs"][0];
    assert_eq!(run["layout"], "haproxy-ha");
    assert_eq!((&run["proofs"][0]["id"], &run["proofs"][0]["standing"]), (&"DOW-1".into(), &"confirmed".into()));
    assert_eq!((&run["proofs"][1]["id"], &run["proofs"][1]["standing"]), (&"DOW-6".into(), &"excepted".into()));
    assert!(run["proofs"][1]["why"].as_str().unwrap().contains("HAProxy"), "{run:#}");
    desk.assert_nothing_left();
}

/// PostgreSQL as some packages have it.
#[test]
fn a_standby_is_copied_without_pg_basebackup() {
    let installed = std::env::var_os("PG_BIN_DIR").map_or("/usr/lib/postgresql/15/bin".into(), PathBuf::from);
    let bin = tempfile::tempdir().unwrap();
    std::fs::set_permissions(bin.path(), Permissions::from_mode(0o755)).unwrap();
    for entry in std::fs::read_dir(&installed).unwrap().map(Result::unwrap) {
        if entry.file_name() != "pg_basebackup" {
            symlink(entry.path(), bin.path().join(entry.file_name())).unwrap();
        }
    }
    let desk = Desk::new();
    let output = desk.command(["conformance", "--only", "PGF-2"]).env("PG_BIN_DIR", bin.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    desk.assert_nothing_left();
}

#[test]
fn a_fact_that_does_not_exist_is_reported_with_those_that_do() {
    let desk = Desk::new();
    let output = desk.output(["conformance", "--only", "ISS-77"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("there is no fact `ISS-77`; the facts are ISS-1, "), "{}", text(&output));
}

#[test]
fn a_version_that_is_not_there_is_reported_with_how_to_get_it() {
    let desk = Desk::new();
    let output = desk.output(["conformance", "--only", "ISS-7", "--postgres", "9"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("PostgreSQL 9"), "{}", text(&output));
    desk.assert_nothing_left();
}

#[test]
fn an_interrupt_and_a_kill_leave_nothing() {
    for (signal, code) in [(Signal::SIGINT, Some(130)), (Signal::SIGKILL, None)] {
        let desk = Desk::new();
        let mut command = desk.command(["conformance", "--only", "DOW-1,RUN-4,DOW-5"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for_handlers(&mut child);
        std::thread::sleep(Duration::from_millis(2500));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let output = wait(child, Duration::from_secs(30));
        assert_eq!(output.status.code(), code, "{}", text(&output));
        if signal == Signal::SIGINT {
            assert_eq!(desk.temporary(), Vec::<std::path::PathBuf>::new(), "before clean");
        }
        desk.assert_nothing_left();
    }
}

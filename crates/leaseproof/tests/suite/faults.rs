//! Faults that a scenario asks for, on real servers: what they may cause is reported and not judged, what was acknowledged
//! and lost is found, and a fault that lasts is healed whatever ends the run.

use std::ffi::OsStr;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{Desk, assert_kept, failed, text, variant, wait, workspace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn faults(verdicts: &Value) -> &Vec<Value> {
    verdicts["faults"].as_array().unwrap()
}

fn count(fault: &Value, op: &str, code: &str) -> u64 {
    let errors = fault["errors"].as_array().unwrap().iter();
    errors.filter(|error| error[0] == op && error[1] == code).filter_map(|error| error[2].as_u64()).sum()
}

#[test]
fn an_environment_whose_servers_end_freeze_and_are_sealed_keeps_what_it_acknowledged() {
    let desk = Desk::new();
    let output = desk.run(&variant("struck"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let faults = faults(&verdicts);
    let what: Vec<&str> = faults.iter().map(|fault| fault["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["kill on postgres.target", "freeze on postgres.target", "restart on vault", "seal on vault"]);
    for fault in faults {
        assert_eq!(fault["steps"].as_array().unwrap().last().unwrap()[1], "healed", "{fault:#}");
        assert!(fault["recovered"].as_u64().is_some(), "{fault:#}");
    }
    // While PostgreSQL was killed for a second Vault answered 500, and while it was sealed 503.
    assert!(count(&faults[0], "issue", "500") > 0, "{:#}", faults[0]);
    assert!(count(&faults[3], "issue", "503") > 0, "{:#}", faults[3]);
    desk.assert_nothing_left();
}

#[test]
fn links_that_are_disturbed_and_a_quota_have_an_impact_and_are_healed() {
    let desk = Desk::new();
    let output = desk.run(&variant("disturbed"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let faults = faults(&verdicts);
    let what: Vec<&str> = faults.iter().map(|fault| fault["what"].as_str().unwrap()).collect();
    let expected = [
        "partition between vault and postgres.target",
        "cut between vault and postgres.target",
        "cut between client and postgres.target",
        "partition between client and vault",
        "quota on vault",
        "flood on postgres.target",
        "token-expiry on vault",
    ];
    assert_eq!(what, expected);
    for fault in faults {
        assert_eq!(fault["steps"].as_array().unwrap().last().unwrap()[1], "healed", "{fault:#}");
    }
    // Vault cannot reach PostgreSQL, whatever it is asked for; clients cannot log in; Vault lets one request a second pass;
    // PostgreSQL is full.
    let of_vault = [("issue", "500"), ("renew", "400"), ("revoke", "400")];
    assert!(of_vault.iter().any(|(op, code)| count(&faults[1], op, code) > 0), "{:#}", faults[1]);
    assert!(count(&faults[2], "login", "no answer") > 0, "{:#}", faults[2]);
    assert!(count(&faults[4], "issue", "429") > 0, "{:#}", faults[4]);
    assert!(count(&faults[5], "login", "53300") > 0, "{:#}", faults[5]);
    // Vault knows the token no more.
    assert!(count(&faults[6], "issue", "403") > 0, "{:#}", faults[6]);
    // What was asked for while nothing was handed on came when it was again: after at least a second of the two.
    let issue = verdicts["operations"].as_array().unwrap().iter().find(|row| row["op"] == "issue").unwrap();
    assert!(issue["service"]["max"].as_u64().unwrap() > 1_000_000, "{issue:#}");
    desk.assert_nothing_left();
}

#[test]
fn terminated_sessions_are_opened_again_and_no_credential_is_lost() {
    let desk = Desk::new();
    let output = desk.run(&variant("sessions-terminated"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let fault = &faults(&verdicts)[0];
    assert_eq!(fault["what"], "terminate-sessions on postgres.target");
    let steps: Vec<&str> = fault["steps"].as_array().unwrap().iter().filter_map(|step| step[1].as_str()).collect();
    // Vault keeps a connection, and a pool of one account: it is among them.
    let count =
        steps[0].strip_prefix("postgres.target: ").and_then(|words| words.split(' ').next()?.parse::<u64>().ok());
    assert!(count.is_some_and(|count| count > 0), "{fault:#}");
    assert_eq!(steps[1..], ["healed"], "{fault:#}");
    assert!(fault["recovered"].as_u64().is_some(), "{fault:#}");
    desk.assert_nothing_left();
}

#[test]
fn a_full_disk_ends_postgresql_and_nothing_that_was_acknowledged_is_lost() {
    let desk = Desk::new();
    let output = desk.run(&variant("full-disk"), &[]);
    let verdicts = desk.verdicts();
    if !may_mount() {
        return assert_no_mount(&output);
    }
    assert_kept(&output, &verdicts);
    let fault = &faults(&verdicts)[0];
    let steps: Vec<&str> = fault["steps"].as_array().unwrap().iter().filter_map(|step| step[1].as_str()).collect();
    let again = "postgres.target had ended, and is started again with room";
    assert_eq!(steps, ["the disk of postgres.target is full", again, "healed"], "{fault:#}");
    assert!(count(fault, "issue", "500") > 0, "{fault:#}");
    let log = std::fs::read_to_string(desk.run_folder().join("logs/postgres.target.log")).unwrap();
    assert!(log.contains("No space left on device"), "{log}");
    desk.assert_nothing_left();
    assert_eq!(desk.mounts(), Vec::<String>::new());
}

#[test]
fn a_small_file_system_that_a_killed_run_left_is_unmounted_by_clean() {
    if !may_mount() {
        // There is none then: the test above shows what comes instead.
        return;
    }
    let desk = Desk::new();
    let mut run = desk.start(&variant("full-disk"), &["--quiet"]);
    let begun = Instant::now();
    while !desk.run_folder().join("logs/postgres.target.log").exists() || desk.mounts().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing was mounted");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(desk.mounts().len(), 1);
    desk.assert_nothing_left();
    assert_eq!(desk.mounts(), Vec::<String>::new());
}

#[test]
fn without_the_right_to_mount_a_disk_that_is_to_be_filled_is_one_clear_error() {
    let desk = Desk::new();
    let run = desk.command(["run"]);
    let mut without = Command::new("setpriv");
    if may_mount() {
        without.args(["--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]);
    }
    let named = |(name, value): (&OsStr, Option<&OsStr>)| Some((name.to_owned(), value?.to_owned()));
    without.arg(run.get_program()).args(run.get_args()).envs(run.get_envs().filter_map(named));
    without.arg(variant("full-disk")).arg("--output").arg(desk.run_folder()).current_dir(workspace());
    assert_no_mount(&without.output().unwrap());
    desk.assert_nothing_left();
}

/// Whether this account may mount a file system: the bit of CAP_SYS_ADMIN, 21, is set (capabilities(7)).
fn may_mount() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap().trim();
    u64::from_str_radix(effective, 16).unwrap() & (1 << 21) != 0
}

fn assert_no_mount(output: &Output) {
    assert_eq!(output.status.code(), Some(5), "{}", text(output));
    let words = text(output);
    assert!(words.contains("postgres.target cannot have a small file system of its own"), "{words}");
    assert!(words.contains("Run leaseproof as root"), "{words}");
}

#[test]
fn a_link_that_is_slow_makes_each_statement_of_vault_wait() {
    let desk = Desk::new();
    let output = desk.run(&variant("slow-link"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    // An issue is several statements, each of which goes there and back: 0.1 s a time, for half of the run.
    let issue = verdicts["operations"].as_array().unwrap().iter().find(|row| row["op"] == "issue").unwrap();
    assert!(issue["service"]["p90"].as_u64().unwrap() > 500_000, "{issue:#}");
    desk.assert_nothing_left();
}

#[test]
fn a_link_that_loses_packets_makes_vault_slow_and_breaks_nothing() {
    let desk = Desk::new();
    let output = desk.run(&variant("lossy-link"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let fault = &faults(&verdicts)[0];
    let step = fault["steps"][0][1].as_str().unwrap();
    assert_eq!(step, "the link between vault and postgres.target loses 10 % of what passes", "{fault:#}");
    // What is lost is sent again after a fifth of a second at the earliest.
    let issue = verdicts["operations"].as_array().unwrap().iter().find(|row| row["op"] == "issue").unwrap();
    assert!(issue["service"]["max"].as_u64().unwrap() > 200_000, "{issue:#}");
    desk.assert_nothing_left();
}

#[test]
fn what_a_standby_that_lags_never_got_is_lost_and_named() {
    let desk = Desk::new();
    let output = desk.run(&variant("lagging-standby"), &[]);
    let verdicts = desk.verdicts();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let checks: Vec<&Value> = verdicts["checks"].as_array().unwrap().iter().collect();
    let lost: Vec<&Value> = checks
        .iter()
        .filter(|check| check["check"] == "INV-2" && check["verdict"] == "fail")
        .flat_map(|check| check["findings"].as_array().unwrap())
        .collect();
    assert!(!lost.is_empty(), "{}", text(&output));
    for finding in &lost {
        assert!(finding["lease"].as_str().unwrap().starts_with("database/creds/"), "{finding:#}");
        assert!(finding["username"].as_str().unwrap().starts_with("v-token-le-"), "{finding:#}");
    }
    // A revocation that the standby never got is undone: its role is there again, without a lease.
    assert!(failed(&verdicts).iter().any(|check| check == "RUN-2"), "{}", text(&output));
    // The recovery itself is what was promised.
    let recovery = checks.iter().find(|check| check["check"] == "FLT-1").unwrap();
    assert_eq!(recovery["verdict"], "pass", "{recovery:#}");
    desk.assert_nothing_left();
}

#[test]
fn an_interrupted_run_ends_while_a_server_is_frozen() {
    let desk = Desk::new();
    let run = desk.start(&variant("struck"), &["--set", "phase.steady.for=60s", "--quiet"]);
    let begun = Instant::now();
    let frozen = || desk.processes(None).into_iter().any(is_stopped);
    while !frozen() {
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing was frozen");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(i32::try_from(run.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = wait(run, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    desk.assert_nothing_left();
}

/// Whether the kernel shows the process as stopped.
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

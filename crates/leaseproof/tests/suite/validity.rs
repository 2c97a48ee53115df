//! A load that shows nothing new ends early, and what fails on the harness's own side accuses nobody.

use std::process::Command;
use std::time::{Duration, Instant};

use leaseproof_domain::{Event, Operation};
use leaseproof_history::History;

use crate::support::{Desk, failed, text, variant};

#[test]
fn credentials_that_nobody_can_have_end_the_load_early() {
    let desk = Desk::new();
    let output = desk.run(&variant("cannot-issue"), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let verdicts = desk.verdicts();
    assert_eq!(verdicts["end"], "repeated", "{verdicts:#}");
    let cause = verdicts["cause"]["what"].as_str().unwrap();
    assert!(cause.contains("issuing a credential failed 10 consecutive times"), "{cause}");
    assert!(verdicts["cause"].to_string().contains("group_that_nobody_made"), "{verdicts:#}");
    assert!(text(&output).contains("--keep-going"), "{}", text(&output));
    assert!(failed(&verdicts).iter().any(|check| check == "ISS-1"), "{verdicts:#}");
    // Of two hundred arrivals.
    assert!(verdicts["totals"]["arrivals"].as_u64().unwrap() < 100, "{:#}", verdicts["totals"]);
    let judged = desk.output(["judge", desk.run_folder().to_str().unwrap(), "--quiet"]);
    assert_eq!(judged.status.code(), Some(1), "{}", text(&judged));
    desk.assert_nothing_left();
}

#[test]
fn a_harness_without_file_descriptors_accuses_nobody() {
    lacks_descriptors("8", Some("1024"));
    lacks_descriptors("20", None);
}

/// Has a run's harness do with so many file descriptors, to the end or until it gets more.
fn lacks_descriptors(few: &str, more: Option<&str>) {
    let desk = Desk::new();
    let mut child = desk.start(&variant("short"), &["--quiet", "--set", "phase.steady.for=12s"]);
    let until = Instant::now() + Duration::from_secs(120);
    while logins(&desk) < 3 {
        assert!(Instant::now() < until && child.try_wait().unwrap().is_none(), "the load did not begin");
        std::thread::sleep(Duration::from_millis(100));
    }
    let limit = |files: &str| {
        let pid = child.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={files}:")]).status().unwrap();
        assert!(done.success());
    };
    limit(few);
    if let Some(more) = more {
        std::thread::sleep(Duration::from_secs(3));
        limit(more);
    }
    let output = child.wait_with_output().unwrap();
    let verdicts = desk.verdicts();
    assert_eq!(output.status.code(), Some(4), "{}\n{verdicts:#}", text(&output));
    assert_eq!(failed(&verdicts), Vec::<String>::new(), "{}", text(&output));
    let why = verdicts["validity"]["why"].as_str().unwrap();
    assert!(why.contains("file descriptors") && why.contains("ulimit -n"), "{why}");
    let judged = desk.output(["judge", desk.run_folder().to_str().unwrap(), "--quiet"]);
    assert_eq!(judged.status.code(), Some(4), "{}", text(&judged));
    desk.assert_nothing_left();
}

/// How many credentials have logged in, as far as the history of a run under way is written.
fn logins(desk: &Desk) -> usize {
    let is_login = |event: &Event| matches!(event, Event::Operation(record) if record.op == Operation::Login && record.outcome.is_ok());
    History::open(&desk.run_folder().join("history.jsonl.zst")).map_or(0, |history| history.filter(is_login).count())
}

//! The harness is killed with SIGKILL: its servers end by themselves, and `clean` removes the rest.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, marked, plan};
use leaseproof_environment::{CleanOutcome, clean_in};

/// Set in the process that is to be killed: the file that it makes when its environment stands.
const VICTIM: &str = "LEASEPROOF_TEST_VICTIM";

/// No test by itself: what the process that is to be killed does.
#[tokio::test(flavor = "multi_thread")]
async fn victim() {
    let Some(reported) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let place = Place::new();
    std::fs::write(reported.join("run"), format!("{}\n{}", place.run, place.folder.path().display())).unwrap();
    let _environment = place.start(&plan()).await.unwrap();
    std::fs::write(reported.join("stands"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
}

fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Kills a harness some time after it began (none: once its environment stands) and sees to what is left.
fn kill_after(moment: Option<Duration>) {
    let reported = tempfile::tempdir().unwrap();
    let mut harness = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::victim", "--nocapture"])
        .env(VICTIM, reported.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the harness begins", || reported.path().join("run").exists());
    let text = || std::fs::read_to_string(reported.path().join("run")).unwrap();
    until("the run is reported", || text().lines().count() == 2);
    let text = text();
    let (run, folder) = text.split_once('\n').unwrap();
    let (run, index) = (run.to_owned(), Path::new(folder).join("index"));
    match moment {
        Some(moment) => std::thread::sleep(moment),
        None => {
            until("the environment stands", || reported.path().join("stands").exists());
            let report = clean_in(&index, false);
            assert_eq!(report.runs[0].outcome, CleanOutcome::Living { pid: harness.id() });
            assert!(marked(&run).len() >= 2);
        }
    }
    harness.kill().unwrap();
    harness.wait().unwrap();
    if moment.is_none() {
        until("the servers end by themselves", || marked(&run).is_empty());
    }
    let report = clean_in(&index, false);
    assert!(report.is_clean(), "{report:?}");
    assert!(matches!(report.runs[0].outcome, CleanOutcome::Cleaned { .. }), "{report:?}");
    assert!(marked(&run).is_empty());
    assert!(!Path::new(folder).join(format!("leaseproof-{run}")).exists());
    let ledger = std::fs::read_to_string(Path::new(folder).join("ledger.jsonl")).unwrap();
    for line in ledger.lines().filter(|line| line.contains("/tmp/.s.PGSQL")) {
        let path = line.split('"').find(|part| part.starts_with("/tmp/")).unwrap();
        assert!(!Path::new(path).exists(), "{path}");
    }
    assert!(clean_in(&index, false).runs.is_empty(), "the ledger is closed");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_killed_harness_takes_its_servers_with_it_and_clean_removes_the_rest() {
    kill_after(None);
}

#[test]
fn a_harness_killed_while_it_stands_its_environment_up_leaves_nothing_after_clean() {
    for millis in [30, 250, 800, 1400] {
        kill_after(Some(Duration::from_millis(millis)));
    }
}

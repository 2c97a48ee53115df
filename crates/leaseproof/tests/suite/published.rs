//! The published runs are whole, and come to the same verdicts when they are judged again. After a change of the checks or
//! of a report `UPDATE_DOCS=1 ci/tests published::` judges them anew; `ci/published` runs them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What `leaseproof judge` reads, and what the run itself kept of its machine.
const RECORDED: [&str; 4] = ["plan.json", "history.jsonl.zst", "run.json", "ledger.jsonl"];
/// What `leaseproof judge` writes.
const JUDGED: [&str; 5] = ["verdicts.json", "junit.xml", "summary.md", "latency.hlog", "seconds.csv"];

fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/published")
}

fn runs() -> Vec<PathBuf> {
    let entries = fs::read_dir(published()).unwrap().map(|entry| entry.unwrap().path());
    let mut runs: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    runs.sort();
    runs
}

#[test]
fn every_published_run_is_whole_and_judged_again_to_the_same_bytes() {
    let runs = runs();
    assert!(!runs.is_empty(), "no run is published");
    let mut differ = Vec::new();
    for run in &runs {
        let name = run.file_name().unwrap().to_str().unwrap();
        let copy = TempDir::new().unwrap();
        for file in RECORDED {
            fs::copy(run.join(file), copy.path().join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
        }
        let judged = Command::new(env!("CARGO_BIN_EXE_leaseproof")).arg("judge").arg(copy.path()).output().unwrap();
        for file in JUDGED {
            let now = fs::read(copy.path().join(file))
                .unwrap_or_else(|_| panic!("{name}: no {file}: {}", String::from_utf8_lossy(&judged.stderr)));
            if std::env::var_os("UPDATE_DOCS").is_some() {
                fs::write(run.join(file), &now).unwrap();
            }
            if fs::read(run.join(file)).unwrap_or_default() != now {
                differ.push(format!("{name}/{file}"));
            }
        }
    }
    assert!(differ.is_empty(), "judged otherwise than published: {differ:#?}; UPDATE_DOCS=1 writes them anew");
}

#[test]
fn every_published_run_is_cited_and_every_cited_run_is_published() {
    let page = fs::read_to_string(published().join("../../docs/failover.md")).unwrap();
    let mut cited: Vec<&str> = page
        .split("../reports/published/")
        .skip(1)
        .map(|rest| rest.split(['/', ')']).next().unwrap())
        .filter(|name| !name.is_empty())
        .collect();
    cited.sort_unstable();
    cited.dedup();
    let runs = runs();
    let names: Vec<&str> = runs.iter().map(|run| run.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(cited, names);
}

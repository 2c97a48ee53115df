//! A real run's history, cut off at every byte of its lines and at every byte of its file: it is read up to there and
//! judged, and it neither passes nor accuses.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use leaseproof_checker::judge;
use leaseproof_domain::{Event, RunVerdicts, Verdict};
use leaseproof_history::{History, ReadEnd};
use leaseproof_scenario::Plan;
use support::{Desk, assert_kept, variant};

/// Few lives, so that every byte can be tried.
const FEW: [&str; 6] = ["--set", "phase.steady.for=3s", "--set", "phase.steady.rate=1/s", "--set", "life.app.lease=3s"];
/// How many cuts are tried at a time.
const THREADS: usize = 2;

#[test]
fn a_history_cut_off_at_any_byte_neither_passes_nor_accuses() {
    let desk = Desk::new();
    let output = desk.run(&variant("short"), &FEW);
    assert_kept(&output, &desk.verdicts());
    let plan = Plan::from_json(&fs::read_to_string(desk.run_folder().join("plan.json")).unwrap()).unwrap();
    let file = fs::read(desk.run_folder().join("history.jsonl.zst")).unwrap();
    let lines = zstd::decode_all(&file[..]).unwrap();
    let whole = |written: &[u8]| judged(&plan, written, &desk.path().join("whole"));
    assert_eq!(whole(&file).0, ReadEnd::Complete);
    assert_eq!(whole(&file).1.verdict, Verdict::Pass);
    assert_eq!(whole(&compressed(&lines)).1.checks, whole(&file).1.checks);

    let cut_file = |length: usize| file[..length].to_vec();
    every_cut(&plan, &desk, file.len(), cut_file);
    let cut_lines = |length: usize| compressed(&lines[..length]);
    every_cut(&plan, &desk, lines.len(), cut_lines);
    println!("{} cuts of the file, {} of its lines", file.len(), lines.len());
}

fn compressed(lines: &[u8]) -> Vec<u8> {
    zstd::encode_all(lines, 1).unwrap()
}

/// Tries every length short of the whole. A cut within a line leaves the same events as one at its beginning: they are
/// judged once.
fn every_cut(plan: &Plan, desk: &Desk, whole: usize, cut: impl Fn(usize) -> Vec<u8> + Sync) {
    assert!(whole > 1_000, "{whole} bytes are no run");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cut, next, path) = (&cut, &next, desk.path().join(format!("cut-{thread}")));
            scope.spawn(move || {
                let mut judged_at = None;
                for length in std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|n| *n < whole)
                {
                    let (end, events) = read(&cut(length), &path);
                    assert!(matches!(end, ReadEnd::CutOff { .. }), "{length} of {whole} bytes: {end:?}");
                    if judged_at != Some(events.len()) {
                        judged_at = Some(events.len());
                        says_nothing(&judge(plan, events.into_iter(), || end).verdicts, length);
                    }
                }
            });
        }
    });
}

fn says_nothing(verdicts: &RunVerdicts, length: usize) {
    assert_eq!(verdicts.verdict, Verdict::Unknown, "at {length} bytes");
    assert!(!verdicts.checks.is_empty());
    for judgment in &verdicts.checks {
        assert_eq!(judgment.verdict, Verdict::Unknown, "at {length} bytes: {judgment:#?}");
        assert!(judgment.reason.is_some(), "at {length} bytes: {judgment:#?}");
        let crashed = judgment.reason.iter().any(|reason| reason.contains("crashed"));
        assert!(!crashed, "at {length} bytes: {judgment:#?}");
    }
}

fn judged(plan: &Plan, written: &[u8], path: &Path) -> (ReadEnd, RunVerdicts) {
    let (end, events) = read(written, path);
    (end.clone(), judge(plan, events.into_iter(), || end).verdicts)
}

fn read(written: &[u8], path: &Path) -> (ReadEnd, Vec<Event>) {
    fs::write(path, written).unwrap();
    let history = History::open(path).unwrap();
    let ending = history.ending();
    let events = history.collect();
    (ending(), events)
}

//! A real run's history, cut off at any byte of its lines and of its compressed file: it is read up to there and judged,
//! and it neither passes nor accuses.

use std::fs;
use std::path::Path;

use crate::support::{Desk, assert_kept, variant};
use leaseproof_checker::judge;
use leaseproof_domain::{Event, RunVerdicts, Verdict};
use leaseproof_history::{History, ReadEnd};
use leaseproof_scenario::Plan;

/// Few lifecycles, so that every byte can be tried.
const FEW: [&str; 8] = [
    "--set",
    "phase.steady.for=3s",
    "--set",
    "phase.steady.rate=1/s",
    "--set",
    "lifecycle.app.lease=4s",
    "--set",
    "lifecycle.app.renew.share=1",
];

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

    every_line(&plan, &lines, &desk);
    every_byte_of_a_line(&lines, &desk);
    the_file(&plan, &file, &desk);
    println!("{} bytes in lines, {} in the file", lines.len(), file.len());
}

/// Judges what is left where the cut falls between two lines, or anywhere in the line after them.
fn every_line(plan: &Plan, lines: &[u8], desk: &Desk) {
    let path = desk.path().join("cut-at-a-line");
    let ends = lines.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
    let cuts: Vec<usize> = std::iter::once(0).chain(ends).filter(|length| *length < lines.len()).collect();
    assert!(cuts.len() > 50, "{} lines are no run", cuts.len());
    for (events, length) in cuts.into_iter().enumerate() {
        for length in [length, length + 1] {
            let (end, read) = read(&compressed(&lines[..length]), &path);
            assert_eq!(read.len(), events, "at {length} bytes");
            says_nothing(plan, read, end, length);
        }
    }
}

/// What is read of a line depends on the line alone: each is cut at each of its bytes behind the header.
fn every_byte_of_a_line(lines: &[u8], desk: &Desk) {
    let path = desk.path().join("cut-in-a-line");
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let before: &[u8] = if number == 0 { b"" } else { lines[0] };
        for length in 0..line.len() {
            let (end, read) = read(&compressed(&[before, &line[..length]].concat()), &path);
            assert!(matches!(end, ReadEnd::CutOff { .. }), "line {number}, {length} bytes: {end:?}");
            assert_eq!(read.len(), usize::from(number > 0), "line {number}, {length} bytes");
        }
    }
}

/// Cuts the file as it was written: at every eleventh byte, and at each of the last ones.
fn the_file(plan: &Plan, file: &[u8], desk: &Desk) {
    let path = desk.path().join("cut-file");
    let mut judged = None;
    for length in (0..file.len()).filter(|length| length % 11 == 0 || length + 64 > file.len()) {
        let (end, read) = read(&file[..length], &path);
        assert!(matches!(end, ReadEnd::CutOff { .. }), "{length} bytes: {end:?}");
        // The same events come to the same verdicts.
        if judged.replace(read.len()) != Some(read.len()) {
            says_nothing(plan, read, end, length);
        }
    }
}

fn compressed(lines: &[u8]) -> Vec<u8> {
    zstd::encode_all(lines, 1).unwrap()
}

fn says_nothing(plan: &Plan, events: Vec<Event>, end: ReadEnd, length: usize) {
    assert!(matches!(end, ReadEnd::CutOff { .. }), "at {length} bytes: {end:?}");
    let verdicts = judge(plan, events.into_iter(), || end).verdicts;
    assert!(!verdicts.checks.is_empty());
    for judgment in &verdicts.checks {
        assert_eq!(judgment.verdict, Verdict::Unknown, "at {length} bytes: {judgment:#?}");
        assert!(judgment.reason.is_some(), "at {length} bytes: {judgment:#?}");
        let crashed = judgment.reason.iter().any(|reason| reason.contains("crashed"));
        assert!(!crashed, "at {length} bytes: {judgment:#?}");
    }
    assert_eq!(verdicts.verdict, Verdict::Unknown, "at {length} bytes");
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

//! How much a judgment keeps of each lifecycle that has ended.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a test sets up may break the test, and its figures are its output"
)]

use std::alloc::System;
use std::cell::Cell;

use leaseproof_checker::judge;
use leaseproof_domain::{Event, Micros, Operation, OperationRecord, Outcome, Span, Verdict};
use leaseproof_history::ReadEnd;
use leaseproof_testkit::{crowd, story};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The bytes that stand on the heap.
fn standing() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.bytes_allocated - stats.bytes_deallocated) as u64
}

/// The bytes that a judgment of so many lifecycles holds after the last event, and before it is closed.
fn kept(lifecycles: u64) -> u64 {
    let plan = story::plan();
    let before = standing();
    let kept = Cell::new(0);
    let judged = judge(&plan, crowd::events(lifecycles), || {
        kept.set(standing() - before);
        ReadEnd::Complete
    });
    for judgment in &judged.verdicts.checks {
        // Nobody here expires, keeps a session or tries a privilege out.
        let unasked = ["EXP-1", "INV-6b", "PRB-1", "PRB-2", "PWD-2"].contains(&judgment.check.as_str());
        let expected = if unasked { Verdict::Unknown } else { Verdict::Pass };
        assert_eq!(judgment.verdict, expected, "{judgment:#?}");
    }
    assert_eq!(judged.verdicts.totals.revoked, lifecycles);
    kept.get()
}

/// Nothing else runs in this process, and the allocations of a judgment are the same every time. One test counts after the
/// other.
#[test]
fn what_is_kept_is_bounded_by_a_lifecycle_that_has_ended_and_by_a_second() {
    println!("{}", at_most_64_bytes_are_kept_of_a_lifecycle_that_has_ended());
    println!("{}", at_most_64_bytes_are_kept_of_a_second_and_operation());
}

/// The figures in words.
fn at_most_64_bytes_are_kept_of_a_lifecycle_that_has_ended() -> String {
    // Fewer would measure distributions that are still filling.
    let (few, many) = (50_000, 150_000);
    let (less, more) = (kept(few), kept(many));
    let each = (more - less) as f64 / (many - few) as f64;
    assert!(each <= 64.0, "{each:.1} bytes are kept of each lifecycle that has ended");
    format!("{each:.1} bytes a lifecycle; {less} bytes at {few} lifecycles, {more} at {many}")
}

/// One request of each of six operations in every second.
fn load(seconds: u64) -> impl Iterator<Item = Event> {
    let header = crowd::events(0).take(1);
    let operations = (0..seconds).flat_map(|second| {
        Operation::ALL[..6].iter().map(move |op| {
            let at = Micros(second * story::S);
            let span = Span { intended: at, start: at, end: Micros(at.0 + story::MS) };
            // Of no credential: rows are made all the same.
            Event::Operation(OperationRecord::new(0, story::ROLE, "steady", *op, span, Outcome::Ok))
        })
    });
    header.chain(operations)
}

/// The figures in words.
fn at_most_64_bytes_are_kept_of_a_second_and_operation() -> String {
    let plan = story::plan();
    let kept = |seconds: u64| {
        let before = standing();
        let kept = Cell::new(0);
        let judged = judge(&plan, load(seconds), || {
            kept.set(standing() - before);
            ReadEnd::Complete
        });
        assert_eq!(judged.seconds.len() as u64, 6 * seconds);
        kept.get()
    };
    let (hour, more) = (kept(3_600), kept(4 * 3_600));
    let each = (more - hour) as f64 / (6 * 3 * 3_600) as f64;
    assert!(each <= 64.0, "{each:.1} bytes are kept of each second and operation");
    format!("{each:.1} bytes a second and operation; {more} bytes for four hours of six operations")
}

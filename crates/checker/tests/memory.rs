//! How much a judgment keeps of each life that has ended.

#![allow(clippy::unwrap_used, reason = "what a test sets up may break the test")]

use std::alloc::System;
use std::cell::Cell;

use leaseproof_checker::judge;
use leaseproof_domain::Verdict;
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

/// The bytes that a judgment of so many lives holds after the last event, and before it is closed.
fn kept(lives: u64) -> u64 {
    let plan = story::plan();
    let before = standing();
    let kept = Cell::new(0);
    let judged = judge(&plan, crowd::events(lives), || {
        kept.set(standing() - before);
        ReadEnd::Complete
    });
    for judgment in &judged.verdicts.checks {
        // Nobody here expires, keeps a session or tries a privilege out.
        let unasked = ["EXP-1", "INV-6b", "PRB-1", "PRB-2", "PWD-2"].contains(&judgment.check.as_str());
        let expected = if unasked { Verdict::Unknown } else { Verdict::Pass };
        assert_eq!(judgment.verdict, expected, "{judgment:#?}");
    }
    assert_eq!(judged.verdicts.totals.revoked, lives);
    kept.get()
}

/// Nothing else runs in this process, and the allocations of a judgment are the same every time.
#[test]
fn at_most_64_bytes_are_kept_of_a_life_that_has_ended() {
    let (few, many) = (50_000, 150_000);
    let (less, more) = (kept(few), kept(many));
    let each = (more - less) as f64 / (many - few) as f64;
    println!("{each:.1} bytes a life; {less} bytes at {few} lives, {more} at {many}");
    assert!(each <= 64.0, "{each:.1} bytes are kept of each life that has ended");
}

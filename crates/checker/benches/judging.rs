//! How many events a second are judged, and how many are read from a history's lines.

#![allow(clippy::unwrap_used, reason = "what a bench sets up may break the bench")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use leaseproof_checker::judge;
use leaseproof_domain::Event;
use leaseproof_history::ReadEnd;
use leaseproof_testkit::{crowd, story};

/// Enough for lifecycles to be judged and let go while others begin.
const LIFECYCLES: u64 = 10_000;

fn judging(criterion: &mut Criterion) {
    let plan = story::plan();
    let events: Vec<Event> = crowd::events(LIFECYCLES).collect();
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(events.len() as u64)).sample_size(20);
    group.bench_function("judge", |bencher| {
        let decoded = || events.clone();
        let judged = |events: Vec<Event>| judge(&plan, black_box(events).into_iter(), || ReadEnd::Complete).verdicts;
        bencher.iter_batched(decoded, judged, BatchSize::PerIteration);
    });
    let lines: Vec<Vec<u8>> = events.iter().map(|event| serde_json::to_vec(event).expect("an event is JSON")).collect();
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            let read = |line: &Vec<u8>| serde_json::from_slice::<Event>(line).is_ok();
            black_box(&lines).iter().filter(|line| read(line)).count()
        });
    });
    group.finish();
}

criterion_group!(benches, judging);
criterion_main!(benches);

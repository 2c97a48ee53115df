//! How many arrivals a second the schedule of a phase gives: when each is due, and what it chooses.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use leaseproof_scenario::{Choices, Schedule};

fn scheduling(criterion: &mut Criterion) {
    let schedule = Schedule::new(5_000.0, Duration::from_secs(60));
    let mut group = criterion.benchmark_group("schedule");
    group.throughput(Throughput::Elements(schedule.arrivals()));
    group.bench_function("when arrivals are due", |bencher| {
        bencher.iter(|| black_box(schedule).moments().map(|due| due.subsec_micros() & 1).sum::<u32>());
    });
    group.bench_function("what arrivals choose", |bencher| {
        let seed = black_box(7);
        bencher.iter(|| (1..=schedule.arrivals()).filter(|number| Choices::of(seed, *number).probes(0.1)).count());
    });
    group.finish();
}

criterion_group!(benches, scheduling);
criterion_main!(benches);

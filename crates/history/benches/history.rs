//! How many events a second the recorder takes from the run, how many reach the disk, and how many are read again.

#![allow(clippy::unwrap_used, reason = "what a bench sets up may break the bench")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use leaseproof_domain::Event;
use leaseproof_history::{History, NewRun, Recorder, Recording};
use leaseproof_testkit::crowd;

/// Fewer events than the recorder's queue holds, so that recording does not wait for the disk.
const LIFECYCLES: u64 = 2_000;

fn recorder(path: &std::path::Path) -> (Recorder, Recording) {
    let run = NewRun { run: "bench".into(), scenario: "bench".into(), seed: 1, leaseproof: "0".into() };
    Recorder::create(path, run).unwrap()
}

fn histories(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let events: Vec<Event> = crowd::events(LIFECYCLES).collect();
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(events.len() as u64)).sample_size(20);
    group.bench_function("record", |bencher| {
        let ready = || (recorder(&path), events.clone());
        bencher.iter_batched(
            ready,
            |((recorder, recording), events)| {
                events.into_iter().for_each(|event| recorder.record(event));
                recording
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("record and close", |bencher| {
        let ready = || (recorder(&path), events.clone());
        bencher.iter_batched(
            ready,
            |((recorder, recording), events)| {
                events.into_iter().for_each(|event| recorder.record(event));
                recording.close().unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    // What is read is the whole history that the last bench left.
    group.bench_function("read", |bencher| {
        bencher.iter(|| History::open(black_box(&path)).unwrap().count());
    });
    group.finish();
}

criterion_group!(benches, histories);
criterion_main!(benches);

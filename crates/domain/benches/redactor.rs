//! How much text a second is searched for secrets: the servers' log lines, with as many known passwords as a long run has.

#![allow(clippy::unwrap_used, reason = "what a bench sets up may break the bench")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use leaseproof_domain::{Redactor, Secret, Username};

/// The recorder of a run keeps this many passwords at most.
const PASSWORDS: usize = 4_096;
const LINES: usize = 1_000;

fn redactor() -> Redactor {
    let redactor = Redactor::new();
    for number in 0..PASSWORDS {
        let username = Username::new(format!("v-approle-app-{number:020}-1764500000"));
        redactor.add_password(username, Secret::new(format!("{number:04}-xK7qPz0wLmNb3RtY")));
    }
    redactor
}

fn redacting(criterion: &mut Criterion) {
    let redactor = redactor();
    let plain = |number: usize| {
        format!(
            "2026-11-30 12:00:00.{:03} UTC [4711] LOG:  connection authorized: user=vaultuser database=shop",
            number % 1_000
        )
    };
    let secret = |number: usize| {
        format!(
            "STATEMENT:  CREATE ROLE \"v-{number}\" LOGIN PASSWORD '{number:04}-xK7qPz0wLmNb3RtY' VALID UNTIL '2026'"
        )
    };
    let mut group = criterion.benchmark_group("redactor");
    for (name, lines) in [
        ("lines without a secret", (0..LINES).map(plain).collect::<Vec<_>>()),
        ("lines with a password", (0..LINES).map(secret).collect()),
    ] {
        group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64).sum()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(&lines).iter().filter(|line| redactor.scrub(line).found).count());
        });
    }
    group.finish();
}

criterion_group!(benches, redacting);
criterion_main!(benches);

use std::time::{Duration, Instant};

use leaseproof_estate::Storage;
use serde_json::json;
use tokio::task::JoinSet;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-6",
    says: "While many leases expire at once, issuing waits behind their revocations; fewer revocation workers cure it",
    shown: "150 leases that end within the same seconds, and one client that issues meanwhile, with Vault's default of 200 workers and again with VAULT_LEASE_REVOCATION_WORKERS=2: the median issue of the first takes at least three times the second's.",
    source: "Vault, vault/expiration.go: a fair-share pool of 200 workers; one mutex a connection config; measured 5.1 s against 34 ms",
    ground: Ground::Own(|bare| bare.storage = Storage::File),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const LEASES: usize = 150;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let many = drained(bench).await?;
    bench.estate().stop("vault").await;
    bench.estate().set_vault_env(vec![("VAULT_LEASE_REVOCATION_WORKERS".to_owned(), "2".to_owned())]);
    bench.estate().start_again("vault").await?;
    let few = drained(bench).await?;
    let got = format!("{} ms with 200 workers, {} ms with 2", many.as_millis(), few.as_millis());
    bench.holds(
        "the median issue during the drain",
        "at least three times as long with 200 workers",
        got,
        many >= few * 3,
    );
    Ok(())
}

/// The median time of an issue while all leases expire.
async fn drained(bench: &Bench) -> Result<Duration, Obstacle> {
    let ttl = 12;
    bench.role("short", json!({ "default_ttl": format!("{ttl}s") })).await?;
    let mut asked = JoinSet::new();
    let turns = std::sync::Arc::new(tokio::sync::Semaphore::new(16));
    let begun = Instant::now();
    for _ in 0..LEASES {
        let (vault, mount, turns) = (bench.vault(), bench.mount().to_owned(), turns.clone());
        asked.spawn(async move {
            let _turn = turns.acquire_owned().await;
            vault.issue(&mount, "short").await
        });
    }
    for issued in asked.join_all().await {
        issued?;
    }
    let leases = bench.leases("short").await?;
    if leases.len() < LEASES {
        return Err(Obstacle::of(format!(
            "issuing took {:.1} s, and {} of {LEASES} leases had ended before the last was made",
            begun.elapsed().as_secs_f64(),
            LEASES - leases.len()
        )));
    }
    let first_end = begun + Duration::from_secs(ttl);
    tokio::time::sleep(first_end.saturating_duration_since(Instant::now())).await;
    let mut times = Vec::new();
    while !bench.leases("short").await?.is_empty() && begun.elapsed() < Duration::from_secs(90) {
        let sent = Instant::now();
        bench.issue("reader").await?;
        times.push(sent.elapsed());
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied().ok_or_else(|| Obstacle::of("no issue fell into the drain"))
}

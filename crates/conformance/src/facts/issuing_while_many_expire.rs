use std::sync::Arc;
use std::time::{Duration, Instant};

use leaseproof_environment::Storage;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-6",
    says: "While many leases expire at the same time, issues wait behind their revocations; fewer revocation workers fix it",
    shown: "150 leases are renewed to end within a second, and one client issues until they are gone, with Vault's default of 200 workers and again with VAULT_LEASE_REVOCATION_WORKERS=2: on average an issue of the first takes at least three times as long as one of the second.",
    source: "Vault, vault/expiration.go: a fair-share pool of 200 workers; one mutex per connection config; measured 5.1 s against 34 ms",
    ground: Ground::Own(|bare| bare.storage = Storage::File),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const LEASES: usize = 150;
const CLIENTS: usize = 8;
/// Seconds.
const TTL: u64 = 4;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.role("short", json!({})).await?;
    let many = drained(context).await?;
    context.environment().stop("vault").await;
    context.environment().set_vault_env(vec![("VAULT_LEASE_REVOCATION_WORKERS".to_owned(), "2".to_owned())]);
    context.environment().start_again("vault").await?;
    let few = drained(context).await?;
    let got = format!("{} ms with 200 workers, {} ms with 2", many.as_millis(), few.as_millis());
    context.holds(
        "an issue during the drain, on average",
        "at least three times as long with 200 workers",
        got,
        many >= few * 3,
    );
    Ok(())
}

/// The mean time of an issue while all leases expire.
async fn drained(context: &FactContext) -> Result<Duration, Obstacle> {
    let mut asked = JoinSet::new();
    let turns = Arc::new(Semaphore::new(CLIENTS));
    for _ in 0..LEASES {
        let (vault, mount, turns) = (context.vault(), context.mount().to_owned(), Arc::clone(&turns));
        asked.spawn(async move {
            let _turn = turns.acquire_owned().await;
            vault.issue(&mount, "short").await
        });
    }
    let mut leases = Vec::new();
    for issued in asked.join_all().await {
        leases.push(issued?.lease);
    }
    // Renewing is much faster than issuing: so they end together.
    let mut renewed = JoinSet::new();
    for lease in leases {
        let (vault, turns) = (context.vault(), Arc::clone(&turns));
        renewed.spawn(async move {
            let _turn = turns.acquire_owned().await;
            vault.renew(&lease, Some(TTL)).await
        });
    }
    for done in renewed.join_all().await {
        done?;
    }
    tokio::time::sleep(Duration::from_secs(TTL - 1)).await;
    let (begun, mut times) = (Instant::now(), Vec::new());
    while !context.leases("short").await?.is_empty() && begun.elapsed() < Duration::from_secs(60) {
        let sent = Instant::now();
        context.issue("reader").await?;
        times.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    times.into_iter().sum::<Duration>().checked_div(count).ok_or_else(|| Obstacle::of("no issue fell into the drain"))
}

use std::time::Duration;

use leaseproof_estate::Storage;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-2",
    says: "The revocation of a lease that expires while PostgreSQL is down is retried with backoff, and its role is dropped after the recovery without intervention",
    shown: "Ten leases of 3 s; PostgreSQL is stopped before they end and restarted 20 s later. Roles and leases are counted until both are gone; the time from the recovery to each is reported.",
    source: "Vault, vault/expiration.go: retries after 10 s, doubled each time, plus or minus half of that",
    ground: Ground::Own(|bare| bare.storage = Storage::Inmem),
    slow: true,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const LEASES: u64 = 10;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let postgres = bench.server();
    bench.reader().await?;
    bench.role("reader", json!({ "default_ttl": "3s" })).await?;
    for _ in 0..LEASES {
        bench.issue("reader").await?;
    }
    bench.estate().stop(&postgres).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let listed = bench.leases("reader").await?.len() as u64;
    bench.equals("leases that are still kept 17 s after their end", LEASES, listed);
    bench.start_again(&postgres).await?;
    let there = bench.roles_like("v-%").await?;
    bench.equals("roles at recovery", LEASES, there);
    let gone = bench.until(Duration::from_secs(300), || async { Ok(bench.roles_like("v-%").await? == 0) }).await?;
    let got = gone.map_or("roles are left after 300 s".to_owned(), |took| format!("after {:.1} s", took.as_secs_f64()));
    bench.holds("all roles are dropped", "within 300 s of recovery", got, gone.is_some());
    let leases =
        bench.until(Duration::from_secs(10), || async { Ok(bench.leases("reader").await?.is_empty()) }).await?;
    bench.equals("a lease is left", false, leases.is_none());
    Ok(())
}

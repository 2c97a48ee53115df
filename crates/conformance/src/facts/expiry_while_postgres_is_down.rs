use std::time::Duration;

use leaseproof_environment::Storage;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-2",
    says: "The revocation of a lease that expires while PostgreSQL is down is retried with backoff, and its role is dropped after the recovery without intervention",
    shown: "Ten leases of 3 s; PostgreSQL is stopped before they end and restarted 20 s later. Roles and leases are counted until both are gone; the time from the recovery to each is reported.",
    source: "Vault, vault/expiration.go: retries after 10 s, doubled each time, plus or minus half of that",
    ground: Ground::Own(|bare| bare.storage = Storage::Inmem),
    slow: true,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const LEASES: u64 = 10;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let postgres = context.server();
    context.reader().await?;
    context.role("reader", json!({ "default_ttl": "3s" })).await?;
    for _ in 0..LEASES {
        context.issue("reader").await?;
    }
    context.environment().stop(&postgres).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let listed = context.leases("reader").await?.len() as u64;
    context.equals("leases that are still kept 17 s after their end", LEASES, listed);
    context.start_again(&postgres).await?;
    let there = context.roles_like("v-%").await?;
    context.equals("roles at recovery", LEASES, there);
    let gone = context.until(Duration::from_secs(300), || async { Ok(context.roles_like("v-%").await? == 0) }).await?;
    let got = gone.map_or("roles are left after 300 s".to_owned(), |took| format!("after {:.1} s", took.as_secs_f64()));
    context.holds("all roles are dropped", "within 300 s of recovery", got, gone.is_some());
    let leases =
        context.until(Duration::from_secs(10), || async { Ok(context.leases("reader").await?.is_empty()) }).await?;
    context.equals("a lease is left", false, leases.is_none());
    Ok(())
}

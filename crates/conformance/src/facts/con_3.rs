use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-3",
    says: "Hundreds of leases that expire together are all revoked, Vault answers other requests meanwhile, and no role is left",
    shown: "200 leases of 10 s made within a few seconds and left to expire; health and a secret are asked for throughout; roles and leases are counted until there are none. The drain's length is told.",
    source: "Vault, vault/expiration.go",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const LEASES: usize = 200;
const TTL: u64 = 10;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.role("reader", json!({ "default_ttl": format!("{TTL}s") })).await?;
    let vault = bench.vault();
    vault.enable_engine("kv", "kv").await?;
    vault.write("kv/one", &json!({ "word": "one" })).await?;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (vault, mount) = (bench.vault(), bench.mount().to_owned());
        clients.spawn(async move {
            for _ in 0..LEASES / 8 {
                vault.issue(&mount, "reader").await?;
            }
            Ok::<_, leaseproof_vault::Error>(())
        });
    }
    for done in clients.join_all().await {
        done?;
    }
    let first_end = Instant::now();
    let mut slowest = Duration::ZERO;
    let patience = Duration::from_secs(TTL + 120);
    let mut left = u64::MAX;
    while left > 0 && first_end.elapsed() < patience {
        let begun = Instant::now();
        vault.health().await?;
        vault.read("kv/one").await?;
        slowest = slowest.max(begun.elapsed());
        left = bench.roles_like("v-%").await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = first_end.elapsed().saturating_sub(Duration::from_secs(TTL));
    let got = format!("{left} left {:.1} s after the last one's end", took.as_secs_f64());
    bench.holds("roles", "0, within 120 s", got, left == 0);
    let leases =
        bench.until(Duration::from_secs(10), || async { Ok(bench.leases("reader").await?.is_empty()) }).await?;
    bench.equals("a lease is left", false, leases.is_none());
    let got = format!("{} ms at most", slowest.as_millis());
    bench.holds("health and a secret, meanwhile", "within 2 s", got, slowest < Duration::from_secs(2));
    Ok(())
}

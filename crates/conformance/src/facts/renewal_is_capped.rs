use std::time::Duration;

use serde_json::json;

use crate::moments::seconds;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-3",
    says: "A renewal beyond max_ttl is capped at issue time + max_ttl, with a warning that states the remaining time, and VALID UNTIL as well",
    shown: "A lease with a maximum of 60 s is renewed by 600 s when it is 3 s old: its seconds, its expire_time against its issue_time, rolvaliduntil.",
    source: "Vault, sdk/framework/lease.go (CalculateTTL); vault/expiration.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

/// Its max_ttl, in seconds.
const MOST: f64 = 60.0;
/// How old the lease is at its renewal.
const AGE: Duration = Duration::from_secs(3);

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    bench.role("capped", json!({ "default_ttl": "10s", "max_ttl": "60s" })).await?;
    let before = bench.now().await?;
    let issued = bench.issue("capped").await?;
    let issuing = bench.now().await? - before;
    // Long enough that a maximum counted from the renewal would show.
    tokio::time::sleep(AGE).await;
    let renewed = bench.vault().renew(&issued.lease, Some(600)).await;
    let warning = "TTL of \"10m\" exceeded the effective max_ttl of \"";
    bench.answers("a renewal by 600 s", &renewed, Expect::status(200).says(warning));
    let lease = bench.vault().lookup_lease(&issued.lease).await?;
    let until = bench.valid_until(&issued.username).await?;
    let after = bench.now().await?;

    let past = after - before;
    let end = seconds(lease.expire_time.ok_or_else(|| Obstacle::of("its lease never ends"))?);
    let issue = seconds(lease.issue_time);
    // Vault counts the rest of max_ttl in whole seconds.
    bench.between("the end of the lease minus its issue", MOST - 1.0, MOST + 1.0, end - issue);
    bench.between("VALID UNTIL minus the moment before the issue", MOST + 3.0, MOST + 6.0 + issuing, until - before);
    let Ok(renewed) = renewed else { return Ok(()) };
    let got = f64::from(u32::try_from(renewed.lease_seconds).unwrap_or(u32::MAX));
    bench.between("the lease's seconds in the answer", MOST - past - 1.0, MOST - AGE.as_secs_f64() + 1.0, got);
    Ok(())
}

use std::time::Duration;

use serde_json::json;

use crate::moments::seconds;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-3",
    says: "A renewal beyond max_ttl is capped at issue time + max_ttl, with a warning that states the remaining time, and VALID UNTIL as well",
    shown: "A lease with a maximum of 60 s is renewed by 600 s when it is 3 s old: its seconds, its expire_time against its issue_time, rolvaliduntil.",
    source: "Vault, sdk/framework/lease.go (CalculateTTL); vault/expiration.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Its max_ttl, in seconds.
const MOST: f64 = 60.0;
/// How old the lease is at its renewal.
const AGE: Duration = Duration::from_secs(3);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("capped", json!({ "default_ttl": "10s", "max_ttl": "60s" })).await?;
    let before = context.now().await?;
    let issued = context.issue("capped").await?;
    let issuing = context.now().await? - before;
    // Long enough that a maximum counted from the renewal would show.
    tokio::time::sleep(AGE).await;
    let renewed = context.vault().renew(&issued.lease, Some(600)).await;
    let warning = "TTL of \"10m\" exceeded the effective max_ttl of \"";
    context.answers("a renewal by 600 s", &renewed, Expect::status(200).says(warning));
    let lease = context.vault().lookup_lease(&issued.lease).await?;
    let until = context.valid_until(&issued.username).await?;
    let after = context.now().await?;

    let past = after - before;
    let end = seconds(lease.expire_time.ok_or_else(|| Obstacle::of("its lease never ends"))?);
    let issue = seconds(lease.issue_time);
    // Vault counts the rest of max_ttl in whole seconds.
    context.between("the end of the lease minus its issue", MOST - 1.0, MOST + 1.0, end - issue);
    context.between("VALID UNTIL minus the moment before the issue", MOST + 3.0, MOST + 6.0 + issuing, until - before);
    let Ok(renewed) = renewed else { return Ok(()) };
    let got = f64::from(u32::try_from(renewed.lease_seconds).unwrap_or(u32::MAX));
    context.between("the lease's seconds in the answer", MOST - past - 1.0, MOST - AGE.as_secs_f64() + 1.0, got);
    Ok(())
}

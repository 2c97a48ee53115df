use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-4",
    says: "If a role's max_ttl is lowered below the age of a lease, renewing that lease is rejected with 400 `past the max TTL, cannot renew`, and the lease is not changed",
    shown: "A lease of 1 h that is 2 s old when its role's max_ttl becomes 1 s; its expire_time before and after, and a renewal after max_ttl is restored.",
    source: "Vault, builtin/logical/database/secret_creds.go; sdk/framework/lease.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let before = bench.vault().lookup_lease(&issued.lease).await?.expire_time;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let written = bench.role("reader", json!({ "default_ttl": "1s", "max_ttl": "1s" })).await;
    bench.answers("lowering the role's max_ttl to 1 s", &written, Expect::status(204));
    let refused = bench.vault().renew(&issued.lease, None).await;
    bench.answers("a renewal", &refused, Expect::status(400).says("past the max TTL, cannot renew"));
    let after = bench.vault().lookup_lease(&issued.lease).await?.expire_time;
    bench.holds(
        "the end of the lease",
        "as it was",
        if before == after { "as it was" } else { "another" },
        before == after,
    );

    bench.role("reader", json!({})).await?;
    let renewed = bench.vault().renew(&issued.lease, None).await;
    bench.answers("a renewal with max_ttl as it was", &renewed, Expect::status(200));
    Ok(())
}

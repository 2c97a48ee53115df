use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-4",
    says: "If a role's max_ttl is lowered below the age of a lease, renewing that lease is rejected with 400 `past the max TTL, cannot renew`, and the lease is not changed",
    shown: "A lease of 1 h that is 2 s old when its role's max_ttl becomes 1 s; its expire_time before and after, and a renewal after max_ttl is restored.",
    source: "Vault, builtin/logical/database/secret_creds.go; sdk/framework/lease.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let before = context.vault().lookup_lease(&issued.lease).await?.expire_time;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let written = context.role("reader", json!({ "default_ttl": "1s", "max_ttl": "1s" })).await;
    context.answers("lowering the role's max_ttl to 1 s", &written, Expect::status(204));
    let refused = context.vault().renew(&issued.lease, None).await;
    context.answers("a renewal", &refused, Expect::status(400).says("past the max TTL, cannot renew"));
    let after = context.vault().lookup_lease(&issued.lease).await?.expire_time;
    context.holds(
        "the end of the lease",
        "as it was",
        if before == after { "as it was" } else { "another" },
        before == after,
    );

    context.role("reader", json!({})).await?;
    let renewed = context.vault().renew(&issued.lease, None).await;
    context.answers("a renewal with max_ttl as it was", &renewed, Expect::status(200));
    Ok(())
}

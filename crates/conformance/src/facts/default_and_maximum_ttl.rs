use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-1",
    says: "A role without TTLs gives leases with its engine's default TTL, 768 h unless it is tuned; the engine's maximum caps a role's TTL at the issue, with a warning, and VALID UNTIL as well",
    shown: "Issues of a role without TTLs before and after the engine is tuned; a role with 2 h on an engine with a maximum of 1 h, with rolvaliduntil.",
    source: "Vault, sdk/framework/lease.go (CalculateTTL)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Vault's own default, 768 h in seconds.
const DEFAULT: u64 = 768 * 3600;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("none", json!({ "default_ttl": null, "max_ttl": null })).await?;
    let issued = context.issue("none").await?;
    context.equals("the lease of a role without TTLs, in seconds", DEFAULT, issued.lease_seconds);

    let tuned = context.tune(&json!({ "default_lease_ttl": "30m", "max_lease_ttl": "1h" })).await;
    context.answers("tuning the engine to 30 m and 1 h", &tuned, Expect::status(204));
    let issued = context.issue("none").await?;
    context.equals("the lease of a role without TTLs, then", 1800, issued.lease_seconds);
    context.equals("warnings to it", 0, issued.warnings.len());

    let written = context.role("longer", json!({ "default_ttl": "2h", "max_ttl": "3h" })).await;
    context.answers("writing a role of 2 h", &written, Expect::status(204));
    let before = context.now().await?;
    let issued = context.issue("longer").await;
    let warning = "TTL of \"2h\" exceeded the effective max_ttl of \"1h\"; TTL value is capped accordingly";
    context.answers("creds of it", &issued, Expect::status(200).says(warning));
    let Ok(issued) = issued else { return Ok(()) };
    let until = context.valid_until(&issued.username).await?;
    let after = context.now().await?;
    context.equals("its lease, in seconds", 3600, issued.lease_seconds);
    context.between("VALID UNTIL minus the moment before its issue", 3604.0, 3605.0 + (after - before), until - before);
    Ok(())
}

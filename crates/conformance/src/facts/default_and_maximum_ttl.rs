use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-1",
    says: "A role without TTLs gives leases with its engine's default TTL, 768 h unless it is tuned; the engine's maximum caps a role's TTL at the issue, with a warning, and VALID UNTIL as well",
    shown: "Issues of a role without TTLs before and after the engine is tuned; a role with 2 h on an engine with a maximum of 1 h, with rolvaliduntil.",
    source: "Vault, sdk/framework/lease.go (CalculateTTL)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

/// Vault's own default, 768 h in seconds.
const DEFAULT: u64 = 768 * 3600;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    bench.role("none", json!({ "default_ttl": null, "max_ttl": null })).await?;
    let issued = bench.issue("none").await?;
    bench.equals("the lease of a role without TTLs, in seconds", DEFAULT, issued.lease_seconds);

    let tuned = bench.tune(&json!({ "default_lease_ttl": "30m", "max_lease_ttl": "1h" })).await;
    bench.answers("tuning the engine to 30 m and 1 h", &tuned, Expect::status(204));
    let issued = bench.issue("none").await?;
    bench.equals("the lease of a role without TTLs, then", 1800, issued.lease_seconds);
    bench.equals("warnings to it", 0, issued.warnings.len());

    let written = bench.role("longer", json!({ "default_ttl": "2h", "max_ttl": "3h" })).await;
    bench.answers("writing a role of 2 h", &written, Expect::status(204));
    let before = bench.now().await?;
    let issued = bench.issue("longer").await;
    let warning = "TTL of \"2h\" exceeded the effective max_ttl of \"1h\"; TTL value is capped accordingly";
    bench.answers("creds of it", &issued, Expect::status(200).says(warning));
    let Ok(issued) = issued else { return Ok(()) };
    let until = bench.valid_until(&issued.username).await?;
    let after = bench.now().await?;
    bench.equals("its lease, in seconds", 3600, issued.lease_seconds);
    bench.between("VALID UNTIL minus the moment before its issue", 3604.0, 3605.0 + (after - before), until - before);
    Ok(())
}

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-4",
    says: "VALID UNTIL is the time of the request plus the TTL plus 5 s, truncated to whole seconds",
    shown: "PostgreSQL's clock before and after issues of 2 s, 60 s and 1 h, and their rolvaliduntil.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

/// What Vault adds to the TTL, in seconds.
const MARGIN: f64 = 5.0;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    for seconds in [2_u32, 60, 3600] {
        let role = format!("ttl-{seconds}");
        bench.role(&role, json!({ "default_ttl": format!("{seconds}s") })).await?;
        let before = bench.now().await?;
        let issued = bench.issue(&role).await?;
        let until = bench.valid_until(&issued.username).await?;
        let after = bench.now().await?;
        let ttl = f64::from(seconds);
        bench.equals(
            format!("the lease of a TTL of {seconds} s, in seconds"),
            u64::from(seconds),
            issued.lease_seconds,
        );
        // Cutting to whole seconds takes away less than one.
        let (low, high) = (ttl + MARGIN - 1.0, ttl + MARGIN + (after - before));
        bench.between(
            format!("VALID UNTIL minus the moment before the issue of {seconds} s"),
            low,
            high,
            until - before,
        );
        bench.equals("its part of a second", 0.0, until.fract());
    }
    Ok(())
}

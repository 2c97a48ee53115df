use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-4",
    says: "VALID UNTIL is the time of the request plus the TTL plus 5 s, truncated to whole seconds",
    shown: "PostgreSQL's clock before and after issues of 2 s, 60 s and 1 h, and their rolvaliduntil.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// What Vault adds to the TTL, in seconds.
const MARGIN: f64 = 5.0;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    for seconds in [2_u32, 60, 3600] {
        let role = format!("ttl-{seconds}");
        context.role(&role, json!({ "default_ttl": format!("{seconds}s") })).await?;
        let before = context.now().await?;
        let issued = context.issue(&role).await?;
        let until = context.valid_until(&issued.username).await?;
        let after = context.now().await?;
        let ttl = f64::from(seconds);
        context.equals(
            format!("the lease of a TTL of {seconds} s, in seconds"),
            u64::from(seconds),
            issued.lease_seconds,
        );
        // Cutting to whole seconds takes away less than one.
        let (low, high) = (ttl + MARGIN - 1.0, ttl + MARGIN + (after - before));
        context.between(
            format!("VALID UNTIL minus the moment before the issue of {seconds} s"),
            low,
            high,
            until - before,
        );
        context.equals("its part of a second", 0.0, until.fract());
    }
    Ok(())
}

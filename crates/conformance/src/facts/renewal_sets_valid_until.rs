use leaseproof_vault::{Issued, Renewed};
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-2",
    says: "A renewal by X s sets the lease to X s from now and VALID UNTIL to X s + 5 s from now, even if that is earlier; without an increment, or with 0, X is the role's default TTL, and a negative one is rejected with 400",
    shown: "Renewals of one lease by 600 s, by 60 s, without an increment, by 0 and by -5 s, with rolvaliduntil after each.",
    source: "Vault, builtin/logical/database/secret_creds.go (secretCredsRenew)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("renewed", json!({ "default_ttl": "300s" })).await?;
    let issued = context.issue("renewed").await?;
    for (increment, expected) in [(Some(600), 600_u32), (Some(60), 60), (None, 300), (Some(0), 300)] {
        let what = increment.map_or("without an increment".to_owned(), |seconds| format!("by {seconds} s"));
        let before = context.now().await?;
        let renewed = context.vault().renew(&issued.lease, increment).await;
        context.answers(format!("a renewal {what}"), &renewed, Expect::status(200));
        let Ok(renewed) = renewed else { continue };
        judge(context, &what, &issued, &renewed, expected, before).await?;
    }
    let before = context.valid_until(&issued.username).await?;
    let negative = json!({ "lease_id": issued.lease.as_str(), "increment": -5 });
    let refused = context.vault().write("sys/leases/renew", &negative).await;
    context.answers("a renewal by -5 s", &refused, Expect::status(400).says("cannot provide negative value"));
    context.equals("VALID UNTIL after it, which is as it was", before, context.valid_until(&issued.username).await?);
    Ok(())
}

async fn judge(
    context: &mut FactContext,
    what: &str,
    issued: &Issued,
    renewed: &Renewed,
    expected: u32,
    before: f64,
) -> Result<(), Obstacle> {
    let until = context.valid_until(&issued.username).await?;
    let after = context.now().await?;
    context.equals(format!("the lease renewed {what}, in seconds"), u64::from(expected), renewed.lease_seconds);
    let (low, high) = (f64::from(expected) + 4.0, f64::from(expected) + 5.0 + (after - before));
    context.between(format!("VALID UNTIL minus the moment before the renewal {what}"), low, high, until - before);
    Ok(())
}

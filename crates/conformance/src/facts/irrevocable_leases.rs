use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-3",
    says: "After the sixth failed revocation a lease is irrevocable: it cannot be renewed, and only a synchronous revocation after the problem is fixed ends it",
    shown: "A lease of 2 s whose role owns a table, so that DROP ROLE fails; `sys/leases?type=irrevocable` is read every 5 s until it lists the lease. Then a renewal, the fix, and a revocation.",
    source: "Vault, vault/expiration.go: maxRevokeAttempts 6, revokeRetryBase 10 s; measured 490 to 806 s after expiry",
    ground: Ground::Shared,
    slow: true,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.role("reader", json!({ "default_ttl": "2s" })).await?;
    let issued = context.issue("reader").await?;
    context.sql(&format!("ALTER TABLE things OWNER TO \"{}\"", issued.username.as_str())).await?;
    let vault = context.vault();
    let lease = issued.lease.as_str().to_owned();
    let listed = || async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let answer = vault.read_with("sys/leases", &[("type", "irrevocable")]).await;
        Ok(answer.is_ok_and(|answer| answer.body.to_string().contains(&lease)))
    };
    let took = context.until(Duration::from_secs(1100), listed).await?;
    let got = took.map_or("not within 1,100 s".to_owned(), |took| format!("after {} s", took.as_secs()));
    context.holds("it is irrevocable", "490 to 806 s after its end, by the backoff's bounds", got, took.is_some());
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    let says = "lease is expired and has failed previous revocation attempts";
    context.answers("a renewal", &renewed, Expect::status(400).says(says));
    let still = context.has_role(&issued.username).await?;
    context.equals("its role is there", true, still);
    context.sql(&format!("ALTER TABLE things OWNER TO {}", context.account())).await?;
    let revoked = vault.revoke(&issued.lease).await;
    context.answers("a revocation after the cure", &revoked, Expect::status(204));
    let still = context.has_role(&issued.username).await?;
    context.equals("its role is there", false, still);
    Ok(())
}

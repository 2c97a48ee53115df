use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-3",
    says: "After the sixth failed revocation a lease is irrevocable: it cannot be renewed, and only a synchronous revocation after the problem is fixed ends it",
    shown: "A lease of 2 s whose role owns a table, so that DROP ROLE fails; `sys/leases?type=irrevocable` is read every 5 s until it lists the lease. Then a renewal, the fix, and a revocation.",
    source: "Vault, vault/expiration.go: maxRevokeAttempts 6, revokeRetryBase 10 s; measured 490 to 806 s after expiry",
    ground: Ground::Shared,
    slow: true,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.role("reader", json!({ "default_ttl": "2s" })).await?;
    let issued = bench.issue("reader").await?;
    bench.sql(&format!("ALTER TABLE things OWNER TO \"{}\"", issued.username.as_str())).await?;
    let vault = bench.vault();
    let lease = issued.lease.as_str().to_owned();
    let listed = || async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let answer = vault.read_with("sys/leases", &[("type", "irrevocable")]).await;
        Ok(answer.is_ok_and(|answer| answer.body.to_string().contains(&lease)))
    };
    let took = bench.until(Duration::from_secs(1100), listed).await?;
    let got = took.map_or("not within 1,100 s".to_owned(), |took| format!("after {} s", took.as_secs()));
    bench.holds("it is irrevocable", "490 to 806 s after its end, by the backoff's bounds", got, took.is_some());
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    let says = "lease is expired and has failed previous revocation attempts";
    bench.answers("a renewal", &renewed, Expect::status(400).says(says));
    let still = bench.has_role(&issued.username).await?;
    bench.equals("its role is there", true, still);
    bench.sql(&format!("ALTER TABLE things OWNER TO {}", bench.account())).await?;
    let revoked = vault.revoke(&issued.lease).await;
    bench.answers("a revocation after the cure", &revoked, Expect::status(204));
    let still = bench.has_role(&issued.username).await?;
    bench.equals("its role is there", false, still);
    Ok(())
}

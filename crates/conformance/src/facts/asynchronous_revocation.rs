use std::time::Duration;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-2",
    says: "A revocation with `sync: false`, as Vault's command line sends it, returns 202 and is done afterwards",
    shown: "The response, and pg_roles until the role is gone.",
    source: "Vault, vault/logical_system.go; command/lease_revoke.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let data = serde_json::json!({ "lease_id": issued.lease.as_str(), "sync": false });
    let revoked = bench.vault().write("sys/leases/revoke", &data).await;
    bench.answers("the revocation", &revoked, Expect::status(202));
    let gone = bench.until(Duration::from_secs(20), || async { Ok(!bench.has_role(&issued.username).await?) }).await?;
    bench.equals("the role goes, within 20 s", true, gone.is_some());
    Ok(())
}

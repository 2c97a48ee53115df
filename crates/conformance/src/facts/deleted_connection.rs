use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-4",
    says: "Leases whose connection config was deleted cannot be revoked (400) until the config is written again",
    shown: "The config is deleted under a live lease; revoke; the same config is written; revoke.",
    source: "Vault, builtin/logical/database/secret_creds.go; vault issue 9420",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let vault = bench.vault();
    vault.delete(&format!("{}/config/pg", bench.mount())).await?;
    let revoked = vault.revoke(&issued.lease).await;
    let says = "failed to find entry for connection with name";
    bench.answers("revoke without the config", &revoked, Expect::status(400).says(says));
    let there = bench.has_role(&issued.username).await?;
    bench.equals("the role is there", true, there);
    bench.config("pg", json!({})).await?;
    let revoked = vault.revoke(&issued.lease).await;
    bench.answers("revoke with the config written anew", &revoked, Expect::status(204));
    let there = bench.has_role(&issued.username).await?;
    bench.equals("the role is there", false, there);
    Ok(())
}

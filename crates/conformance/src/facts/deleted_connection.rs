use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-4",
    says: "Leases whose connection config was deleted cannot be revoked (400) until the config is written again",
    shown: "The config is deleted under a live lease; revoke; the same config is written; revoke.",
    source: "Vault, builtin/logical/database/secret_creds.go; vault issue 9420",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let vault = context.vault();
    vault.delete(&format!("{}/config/pg", context.mount())).await?;
    let revoked = vault.revoke(&issued.lease).await;
    let says = "failed to find entry for connection with name";
    context.answers("revoke without the config", &revoked, Expect::status(400).says(says));
    let there = context.has_role(&issued.username).await?;
    context.equals("the role is there", true, there);
    context.config("pg", json!({})).await?;
    let revoked = vault.revoke(&issued.lease).await;
    context.answers("revoke with the config written anew", &revoked, Expect::status(204));
    let there = context.has_role(&issued.username).await?;
    context.equals("the role is there", false, there);
    Ok(())
}

use std::time::Duration;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-2",
    says: "A revocation with `sync: false`, as Vault's command line sends it, returns 202 and is done afterwards",
    shown: "The response, and pg_roles until the role is gone.",
    source: "Vault, vault/logical_system.go; command/lease_revoke.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let data = serde_json::json!({ "lease_id": issued.lease.as_str(), "sync": false });
    let revoked = context.vault().write("sys/leases/revoke", &data).await;
    context.answers("the revocation", &revoked, Expect::status(202));
    let gone =
        context.until(Duration::from_secs(20), || async { Ok(!context.has_role(&issued.username).await?) }).await?;
    context.equals("the role goes, within 20 s", true, gone.is_some());
    Ok(())
}

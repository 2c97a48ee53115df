use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-3",
    says: "Revoking a lease again, or one that never existed, returns 204, and 202 with `sync: false`",
    shown: "A lease is revoked twice in each way, and an invented lease id of the same role.",
    source: "Vault, vault/expiration.go, revokeCommon: a missing lease counts as revoked",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let first = context.vault().revoke(&issued.lease).await;
    context.answers("the first revocation", &first, Expect::status(204));
    let never = format!("{}/creds/reader/{}", context.mount(), "A".repeat(24));
    for (what, lease) in [("the same lease again", issued.lease.as_str()), ("a lease that never was", never.as_str())] {
        for (sync, status) in [(true, 204), (false, 202)] {
            let data = serde_json::json!({ "lease_id": lease, "sync": sync });
            let revoked = context.vault().write("sys/leases/revoke", &data).await;
            context.answers(format!("{what}, sync: {sync}"), &revoked, Expect::status(status));
        }
    }
    Ok(())
}

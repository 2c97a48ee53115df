use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-1",
    says: "A revocation over HTTP is synchronous by default: it returns 204, and the role is gone when it returns",
    shown: "A revocation without `sync`, and one with `sync: true`; pg_roles right after each response, and a login.",
    source: "Vault, vault/logical_system.go: `sync` of sys/leases/revoke defaults to true",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    for (what, sync) in [("without `sync`", None), ("with `sync: true`", Some(true))] {
        let issued = context.issue("reader").await?;
        let mut data = serde_json::json!({ "lease_id": issued.lease.as_str() });
        if let Some(sync) = sync {
            data["sync"] = sync.into();
        }
        let revoked = context.vault().write("sys/leases/revoke", &data).await;
        let there = context.has_role(&issued.username).await?;
        context.answers(format!("a revocation {what}"), &revoked, Expect::status(204));
        context.equals("the role is there right after it", false, there);
        let login = context.session(&issued).await;
        context.answers("a login after it", &login, Expect::sqlstate("28P01"));
    }
    Ok(())
}

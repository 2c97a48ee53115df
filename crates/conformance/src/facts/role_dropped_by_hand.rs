use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-8",
    says: "If the user was dropped by hand, default revocation returns 204, and a custom revocation that names it without IF EXISTS fails with 400 and 42704",
    shown: "Two users are dropped by hand, one of a role with default revocation and one with custom revocation; both leases are revoked.",
    source: "Vault, plugins/database/postgresql/postgresql.go, defaultDeleteUser: a missing role counts as revoked",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let custom = "REVOKE ALL ON things FROM \"{{name}}\"; DROP ROLE \"{{name}}\";";
    context.role("custom", json!({ "revocation_statements": custom })).await?;
    for (role, expect) in
        [("reader", Expect::status(204)), ("custom", Expect::status(400).says("does not exist").says("42704"))]
    {
        let issued = context.issue(role).await?;
        let name = issued.username.as_str();
        context.sql(&format!("REVOKE ALL ON things FROM \"{name}\"; DROP ROLE \"{name}\"")).await?;
        let revoked = context.vault().revoke(&issued.lease).await;
        context.answers(format!("a revocation of `{role}`, whose user is gone"), &revoked, expect);
    }
    let issued = context.issue("custom").await?;
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers("the custom revocation of a user that is there", &revoked, Expect::status(204));
    Ok(())
}

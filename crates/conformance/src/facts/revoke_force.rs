use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-11",
    says: "revoke-force returns 204 even if PostgreSQL is down or the revocation fails: the lease is gone and the user stays",
    shown: "A lease whose custom revocation fails, and one while PostgreSQL is stopped, are force-revoked; leases and users are counted.",
    source: "Vault, vault/expiration.go, RevokeForce: errors of the engine are ignored",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let postgres = context.server();
    context.reader().await?;
    context.role("failing", json!({ "revocation_statements": "DROP TABLE nothing_of_that_name;" })).await?;
    let failing = context.issue("failing").await?;
    let revoked = context.vault().revoke(&failing.lease).await;
    context.answers("a plain revocation that fails", &revoked, Expect::status(400).says("42P01"));
    forced(context, "failing").await?;
    let there = context.has_role(&failing.username).await?;
    context.equals("its user is there", true, there);

    let down = context.issue("reader").await?;
    context.environment().stop(&postgres).await;
    forced(context, "reader").await?;
    context.start_again(&postgres).await?;
    let there = context.has_role(&down.username).await?;
    context.equals("the user of the one while PostgreSQL was down is there", true, there);
    Ok(())
}

async fn forced(context: &mut FactContext, role: &str) -> Result<(), Obstacle> {
    let path = format!("sys/leases/revoke-force/{}/creds/{role}", context.mount());
    let revoked = context.vault().write(&path, &json!({})).await;
    context.answers(format!("revoke-force of `{role}`"), &revoked, Expect::status(204));
    let leases = context.leases(role).await?.len();
    context.equals(format!("leases of `{role}`"), 0, leases);
    Ok(())
}

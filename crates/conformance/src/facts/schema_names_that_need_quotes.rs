use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-12",
    says: "Default revocation removes grants in schemas whose names contain capitals and hyphens",
    shown: "A role that grants USAGE and SELECT in the schema `Big-App`; its credential reads there, and its revocation drops the user.",
    source: "Vault, plugins/database/postgresql/postgresql.go, defaultDeleteUser quotes names",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.sql("CREATE SCHEMA \"Big-App\"; CREATE TABLE \"Big-App\".\"My Table\" (id int)").await?;
    let grants =
        "GRANT USAGE ON SCHEMA \"Big-App\" TO \"{{name}}\"; GRANT SELECT ON \"Big-App\".\"My Table\" TO \"{{name}}\";";
    context.role("reader", json!({ "creation_statements": format!("{CREATE} {grants}") })).await?;
    let issued = context.issue("reader").await?;
    let session = context.session(&issued).await?;
    let read = session.query("SELECT * FROM \"Big-App\".\"My Table\"").await;
    context.answers("a read with the credential", &read, Expect::ok());
    session.close().await;
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers("the revocation", &revoked, Expect::status(204));
    let there = context.has_role(&issued.username).await?;
    context.equals("the user is there", false, there);
    Ok(())
}

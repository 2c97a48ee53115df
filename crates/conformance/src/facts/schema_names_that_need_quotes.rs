use serde_json::json;

use crate::bench::CREATE;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-12",
    says: "Default revocation removes grants in schemas whose names contain capitals and hyphens",
    shown: "A role that grants USAGE and SELECT in the schema `Big-App`; its credential reads there, and its revocation drops the user.",
    source: "Vault, plugins/database/postgresql/postgresql.go, defaultDeleteUser quotes names",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    bench.sql("CREATE SCHEMA \"Big-App\"; CREATE TABLE \"Big-App\".\"My Table\" (id int)").await?;
    let grants =
        "GRANT USAGE ON SCHEMA \"Big-App\" TO \"{{name}}\"; GRANT SELECT ON \"Big-App\".\"My Table\" TO \"{{name}}\";";
    bench.role("reader", json!({ "creation_statements": format!("{CREATE} {grants}") })).await?;
    let issued = bench.issue("reader").await?;
    let session = bench.session(&issued).await?;
    let read = session.query("SELECT * FROM \"Big-App\".\"My Table\"").await;
    bench.answers("a read with the credential", &read, Expect::ok());
    session.close().await;
    let revoked = bench.vault().revoke(&issued.lease).await;
    bench.answers("the revocation", &revoked, Expect::status(204));
    let there = bench.has_role(&issued.username).await?;
    bench.equals("the user is there", false, there);
    Ok(())
}

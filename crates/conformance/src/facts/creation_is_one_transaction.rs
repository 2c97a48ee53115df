use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-5",
    says: "Creation statements are one transaction: if the second one fails, Vault returns 500 with its SQLSTATE and no role is left; a role without statements fails with 500 at the issue, not when the role is written",
    shown: "A role whose second statement grants on a missing table; pg_roles and the leases afterwards; the same role with a corrected statement; a role without statements.",
    source: "Vault, plugins/database/postgresql/postgresql.go (NewUser)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const LEFT: &str = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-iss5-%'";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    let failing = format!("{CREATE} GRANT SELECT ON nowhere TO \"{{{{name}}}}\";");
    context.role("iss5", json!({ "creation_statements": failing })).await?;
    let refused = context.issue("iss5").await;
    let expect = Expect::status(500).says("relation \"nowhere\" does not exist").says("42P01");
    context.answers("creds whose second statement fails", &refused, expect);
    context.value_is("roles of that Vault role", LEFT, "0").await?;
    let leases = context.vault().leases(context.mount(), "iss5").await?;
    context.equals("leases of that Vault role", 0, leases.len());

    context.role("iss5", json!({})).await?;
    let granted = context.issue("iss5").await;
    context.answers("creds with the statement put right", &granted, Expect::status(200));
    context.value_is("roles of that Vault role, then", LEFT, "1").await?;

    let written = context.role("bare", json!({ "creation_statements": null })).await;
    context.answers("writing a role without creation statements", &written, Expect::status(204));
    let refused = context.issue("bare").await;
    context.answers("creds of it", &refused, Expect::status(500).says("empty creation statements"));
    Ok(())
}

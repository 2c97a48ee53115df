use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-8",
    says: "Credentials of a role that its connection does not allow are rejected with 500 `\"<role>\" is not an allowed role`, although writing the role succeeds; `app-*` allows every role with that prefix",
    shown: "A connection that allows `one` and `app-*`, and roles that match and do not match; a connection that allows no role.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({ "allowed_roles": ["one", "app-*"] })).await?;
    for role in ["one", "app-a", "one-more", "other", "my-app-a"] {
        let written = context.role(role, json!({})).await;
        context.answers(format!("writing the role {role}"), &written, Expect::status(204));
    }
    for role in ["one", "app-a"] {
        let granted = context.issue(role).await;
        context.answers(format!("creds of {role}, which is allowed"), &granted, Expect::status(200));
    }
    for role in ["one-more", "other", "my-app-a"] {
        let refused = context.issue(role).await;
        let words = format!("\"{role}\" is not an allowed role");
        context.answers(format!("creds of {role}, which is not"), &refused, Expect::status(500).says(words));
    }
    context.config("none", json!({ "allowed_roles": null })).await?;
    context.role("one", json!({ "db_name": "none" })).await?;
    let refused = context.issue("one").await;
    let expect = Expect::status(500).says("\"one\" is not an allowed role");
    context.answers("creds of one on a connection that allows no role", &refused, expect);
    Ok(())
}

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-8",
    says: "Credentials of a role that its connection does not allow are rejected with 500 `\"<role>\" is not an allowed role`, although writing the role succeeds; `app-*` allows every role with that prefix",
    shown: "A connection that allows `one` and `app-*`, and roles that match and do not match; a connection that allows no role.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({ "allowed_roles": ["one", "app-*"] })).await?;
    for role in ["one", "app-a", "one-more", "other", "my-app-a"] {
        let written = bench.role(role, json!({})).await;
        bench.answers(format!("writing the role {role}"), &written, Expect::status(204));
    }
    for role in ["one", "app-a"] {
        let granted = bench.issue(role).await;
        bench.answers(format!("creds of {role}, which is allowed"), &granted, Expect::status(200));
    }
    for role in ["one-more", "other", "my-app-a"] {
        let refused = bench.issue(role).await;
        let words = format!("\"{role}\" is not an allowed role");
        bench.answers(format!("creds of {role}, which is not"), &refused, Expect::status(500).says(words));
    }
    bench.config("none", json!({ "allowed_roles": null })).await?;
    bench.role("one", json!({ "db_name": "none" })).await?;
    let refused = bench.issue("one").await;
    let expect = Expect::status(500).says("\"one\" is not an allowed role");
    bench.answers("creds of one on a connection that allows no role", &refused, expect);
    Ok(())
}

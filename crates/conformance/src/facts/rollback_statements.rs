use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-6",
    says: "`rollback_statements` are stored with the role and never run, even if creation fails",
    shown: "A role whose creation fails and whose rollback statement inserts a row; the row does not exist. The same statement as a creation statement inserts it.",
    source: "Vault, plugins/database/postgresql/postgresql.go, which does not use them",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const TRACE: &str = "INSERT INTO things (word) VALUES ('rolled back');";
const TRACES: &str = "SELECT count(*) FROM things WHERE word = 'rolled back'";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    let failing = format!("{CREATE} GRANT SELECT ON nowhere TO \"{{{{name}}}}\";");
    context.role("failing", json!({ "creation_statements": failing, "rollback_statements": TRACE })).await?;
    let kept = context.read(&format!("{}/roles/failing", context.mount())).await?;
    let kept = kept.body["data"]["rollback_statements"].to_string();
    context.equals("rollback_statements as they are read back", json!([TRACE]).to_string(), kept);

    let refused = context.issue("failing").await;
    context.answers("creds whose creation fails", &refused, Expect::status(500).says("42P01"));
    context.value_is("traces of the rollback statement", TRACES, "0").await?;

    context.role("tracing", json!({ "creation_statements": format!("{CREATE} {TRACE}") })).await?;
    let granted = context.issue("tracing").await;
    context.answers("creds with that statement among those of creation", &granted, Expect::status(200));
    context.value_is("traces of it", TRACES, "1").await
}

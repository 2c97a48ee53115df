use serde_json::json;

use crate::bench::CREATE;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-6",
    says: "`rollback_statements` are stored with the role and never run, even if creation fails",
    shown: "A role whose creation fails and whose rollback statement inserts a row; the row does not exist. The same statement as a creation statement inserts it.",
    source: "Vault, plugins/database/postgresql/postgresql.go, which does not use them",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const TRACE: &str = "INSERT INTO things (word) VALUES ('rolled back');";
const TRACES: &str = "SELECT count(*) FROM things WHERE word = 'rolled back'";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    let failing = format!("{CREATE} GRANT SELECT ON nowhere TO \"{{{{name}}}}\";");
    bench.role("failing", json!({ "creation_statements": failing, "rollback_statements": TRACE })).await?;
    let kept = bench.read(&format!("{}/roles/failing", bench.mount())).await?;
    let kept = kept.body["data"]["rollback_statements"].to_string();
    bench.equals("rollback_statements as they are read back", json!([TRACE]).to_string(), kept);

    let refused = bench.issue("failing").await;
    bench.answers("creds whose creation fails", &refused, Expect::status(500).says("42P01"));
    bench.value_is("traces of the rollback statement", TRACES, "0").await?;

    bench.role("tracing", json!({ "creation_statements": format!("{CREATE} {TRACE}") })).await?;
    let granted = bench.issue("tracing").await;
    bench.answers("creds with that statement among those of creation", &granted, Expect::status(200));
    bench.value_is("traces of it", TRACES, "1").await
}

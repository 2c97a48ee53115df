use std::collections::BTreeSet;

use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-1",
    says: "50 concurrent issues on one connection all succeed with unique names, and are executed one after the other, with any `max_open_connections`; issues on two connections overlap",
    shown: "Creations that record their beginning and end, 50 concurrent on a connection of 16, then 10 on each of two; the pairs that overlap.",
    source: "Vault, sdk/database/dbplugin/v5 and plugins/database/postgresql/postgresql.go (one lock per connection)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const AT_ONCE: usize = 50;
/// Pairs of creations of which one began before the other had ended.
const OVERLAPS: &str =
    "SELECT count(*) FROM spans a JOIN spans b ON a.name < b.name AND a.begun < b.ended AND b.begun < a.ended";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.sql("CREATE TABLE spans (name text, begun timestamptz, ended timestamptz)").await?;
    let spans = "INSERT INTO spans VALUES ('{{name}}', clock_timestamp()); SELECT pg_sleep(0.03); \
                 UPDATE spans SET ended = clock_timestamp() WHERE name = '{{name}}';";
    for connection in ["one", "two"] {
        context.config(connection, json!({ "max_open_connections": 16 })).await?;
        let statements = format!("{CREATE} {spans}");
        context.role(connection, json!({ "db_name": connection, "creation_statements": statements })).await?;
    }
    let answers = context.issue_at_once((0..AT_ONCE).map(|_| "one".to_owned())).await?;
    if let Some(refused) = answers.iter().find(|answer| answer.is_err()) {
        context.answers("one that was refused", refused, Expect::status(200));
    }
    let names: BTreeSet<&str> = answers.iter().flatten().map(|issued| issued.username.as_str()).collect();
    context.equals("different names among 50 issues at once on one connection", AT_ONCE, names.len());
    context.value_is("creations that noted both ends", "SELECT count(ended) FROM spans", "50").await?;
    context.value_is("pairs of them that overlap", OVERLAPS, "0").await?;

    context.sql("TRUNCATE spans").await?;
    let both = context.issue_at_once((0..20).map(|at| if at % 2 == 0 { "one" } else { "two" }.to_owned())).await?;
    context.equals("issues granted of 20 at once on two connections", 20, both.iter().flatten().count());
    let overlaps = context.value(OVERLAPS).await?.unwrap_or_default();
    context.holds("pairs of them that overlap", "more than 0", &overlaps, overlaps != "0");
    Ok(())
}

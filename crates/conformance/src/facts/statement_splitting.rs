use serde_json::json;

use crate::bench::CREATE;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-9",
    says: "Statements are split at each `;` unless they contain an upper-case `END`: a `DO` block works with `END` and fails with `end`",
    shown: "A role with the same `DO` block in both spellings, together with `CREATE ROLE` in one text and as a separate statement.",
    source: "Vault, plugins/database/postgresql/postgresql.go (containsMultilineStatement)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const BLOCK: &str = "DO $$ BEGIN INSERT INTO things (word) VALUES ('block'); PERFORM 1; END $$;";
const BLOCKS: &str = "SELECT count(*) FROM things WHERE word = 'block'";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    let lower = BLOCK.replace("END", "end");
    let unterminated = || Expect::status(500).says("unterminated dollar-quoted string").says("42601");
    for (what, statements, expect, blocks) in [
        ("END, a statement of its own", json!([CREATE, BLOCK]), Expect::status(200), "1"),
        ("END, in one text with CREATE ROLE", json!(format!("{CREATE} {BLOCK}")), Expect::status(200), "2"),
        ("end, a statement of its own", json!([CREATE, lower]), unterminated(), "2"),
        ("end, in one text with CREATE ROLE", json!(format!("{CREATE} {lower}")), unterminated(), "2"),
    ] {
        bench.role("block", json!({ "creation_statements": statements })).await?;
        let answer = bench.issue("block").await;
        bench.answers(format!("creds with a DO block, {what}"), &answer, expect);
        bench.value_is("blocks that have run by then", BLOCKS, blocks).await?;
    }
    Ok(())
}

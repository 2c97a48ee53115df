use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-9",
    says: "Statements are split at each `;`, also in quotes and comments, unless they contain an upper-case `END` or are a list in JSON: a `DO` block works with `END` and fails with `end`",
    shown: "A role with the same `DO` block in both spellings, together with `CREATE ROLE` in one text and as a separate statement; roles with a `;` in a literal and in comments, as a text, JSON and base64.",
    source: "Vault, plugins/database/postgresql/postgresql.go (containsMultilineStatement)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const BLOCK: &str = "DO $$ BEGIN INSERT INTO things (word) VALUES ('block'); PERFORM 1; END $$;";
const BLOCKS: &str = "SELECT count(*) FROM things WHERE word = 'block'";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    let lower = BLOCK.replace("END", "end");
    let unterminated = || Expect::status(500).says("unterminated dollar-quoted string").says("42601");
    for (what, statements, expect, blocks) in [
        ("END, a statement of its own", json!([CREATE, BLOCK]), Expect::status(200), "1"),
        ("END, in one text with CREATE ROLE", json!(format!("{CREATE} {BLOCK}")), Expect::status(200), "2"),
        ("end, a statement of its own", json!([CREATE, lower]), unterminated(), "2"),
        ("end, in one text with CREATE ROLE", json!(format!("{CREATE} {lower}")), unterminated(), "2"),
    ] {
        context.role("block", json!({ "creation_statements": statements })).await?;
        let answer = context.issue("block").await;
        context.answers(format!("creds with a DO block, {what}"), &answer, expect);
        context.value_is("blocks that have run by then", BLOCKS, blocks).await?;
    }
    split_elsewhere(context).await
}

/// A `;` outside dollar quotes.
async fn split_elsewhere(context: &mut FactContext) -> Result<(), Obstacle> {
    let literal = "COMMENT ON ROLE \"{{name}}\" IS 'a;b'";
    let list = json!([CREATE, literal]).to_string();
    let issued = || Expect::status(200);
    let rejected = |says| Expect::status(500).says(says).says("42601");
    for (what, statements, expect) in [
        ("a `;` in a literal", format!("{CREATE} {literal}"), rejected("unterminated quoted string")),
        ("the same as a list in JSON", list.clone(), issued()),
        ("the same list in base64", STANDARD.encode(&list), issued()),
        ("JSON with END in it", json!([CREATE, BLOCK]).to_string(), rejected("syntax error at or near \"[\"")),
        (
            "a `;` in a comment",
            format!("{CREATE} -- first; then\n SELECT 1"),
            rejected("syntax error at or near \"then\""),
        ),
        ("a `;` at a comment's end", format!("{CREATE} -- first;\n SELECT 1"), issued()),
        ("a `;` in a block comment", format!("{CREATE} /* first; then */"), rejected("unterminated /* comment")),
        ("an apostrophe in a comment", format!("{CREATE} -- don't\n SELECT 1"), issued()),
    ] {
        context.role("split", json!({ "creation_statements": statements })).await?;
        let answer = context.issue("split").await;
        context.answers(format!("creds with {what}"), &answer, expect);
    }
    Ok(())
}

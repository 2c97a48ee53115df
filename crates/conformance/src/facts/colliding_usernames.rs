use serde_json::json;
use tokio::task::JoinSet;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-1",
    says: "With a username template of the time alone, concurrent issues collide: 500 with 42710",
    shown: "`username_template = \"app-{{unix_time}}\"`, 12 concurrent issues: at least one works, and each failed one has `already exists`.",
    source: "Vault, sdk/helper/template; PostgreSQL, src/backend/commands/user.c",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({ "username_template": "app-{{unix_time}}" })).await?;
    context.role("reader", json!({})).await?;
    let mut asked = JoinSet::new();
    for _ in 0..12 {
        let (vault, mount) = (context.vault(), context.mount().to_owned());
        asked.spawn(async move { vault.issue(&mount, "reader").await.map(|issued| issued.status) });
    }
    let (granted, refused): (Vec<_>, Vec<_>) = asked.join_all().await.into_iter().partition(Result::is_ok);
    context.holds("issues that work", "at least 1", granted.len(), !granted.is_empty());
    context.holds("issues that collide", "at least 1", refused.len(), !refused.is_empty());
    for answer in &refused {
        let expect = Expect::status(500).says("already exists").says("SQLSTATE 42710");
        context.answers("one that collides", answer, expect);
    }
    Ok(())
}

use serde_json::json;

use crate::context::CREATE;
use crate::fact::{Exception, Otherwise};
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "GRA-2",
    says: "A credential without a grant cannot create in schema public: 42501 `permission denied for schema public`",
    shown: "`CREATE TABLE` by a credential without CREATE on the schema, and by one with it.",
    source: "PostgreSQL 15, release notes: PUBLIC no longer has CREATE on schema public",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[Exception {
        with: Otherwise::Postgres(14..=14),
        why: "before 15, PUBLIC has CREATE on schema public",
    }],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let creating = format!("{CREATE} GRANT CREATE ON SCHEMA public TO \"{{{{name}}}}\";");
    context.role("creator", json!({ "creation_statements": creating })).await?;
    let denied = Expect::sqlstate("42501").says("permission denied for schema public");
    for (role, expect) in [("reader", denied), ("creator", Expect::ok())] {
        let session = context.session(&context.issue(role).await?).await?;
        let made = session.script("BEGIN; CREATE TABLE made (id int); ROLLBACK").await;
        context.answers(format!("CREATE TABLE by a credential of {role}"), &made, expect);
    }
    Ok(())
}

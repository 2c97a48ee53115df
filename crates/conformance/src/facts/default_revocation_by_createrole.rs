use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-7",
    says: "An account with CREATEROLE only cannot complete default revocation if public has a table on which it has no privilege: 400 `could not perform all revocation statements`, and the user stays",
    shown: "A revocation by such an account with one table of its own in public; then somebody else creates another table, and a second lease is revoked.",
    source: "PostgreSQL, src/backend/catalog/aclchk.c: REVOKE without any privilege is 42501; Vault, defaultDeleteUser",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let admin = format!("{}_admin", context.account());
    let password = context.account_password();
    context
        .sql(&format!(
            "CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{}'; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT USAGE ON SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT CONNECT ON DATABASE {} TO {admin} WITH GRANT OPTION",
            password.expose(),
            context.account(),
        ))
        .await?;
    context.config("pg", json!({ "username": admin })).await?;
    context.role("reader", json!({})).await?;
    let (first, second) = (context.issue("reader").await?, context.issue("reader").await?);
    let vault = context.vault();
    let revoked = vault.revoke(&first.lease).await;
    context.answers("a revocation where it has a right on every table", &revoked, Expect::status(204));
    context.sql("CREATE TABLE foreign_to_it (id int)").await?;
    let revoked = vault.revoke(&second.lease).await;
    let expect = Expect::status(400)
        .says("could not perform all revocation statements")
        .says("permission denied for table foreign_to_it")
        .says("42501");
    context.answers("a revocation with a table it has no right on", &revoked, expect);
    let there = context.has_role(&second.username).await?;
    context.equals("the user is there", true, there);
    Ok(())
}

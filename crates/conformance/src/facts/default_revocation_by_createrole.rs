use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-7",
    says: "An account with CREATEROLE only cannot complete default revocation if public has a table on which it has no privilege: 400 `could not perform all revocation statements`, and the user stays",
    shown: "A revocation by such an account with one table of its own in public; then somebody else creates another table, and a second lease is revoked.",
    source: "PostgreSQL, src/backend/catalog/aclchk.c: REVOKE without any privilege is 42501; Vault, defaultDeleteUser",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let admin = format!("{}_admin", bench.account());
    let password = bench.account_password();
    bench
        .sql(&format!(
            "CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{}'; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT USAGE ON SCHEMA public TO {admin} WITH GRANT OPTION; \
             GRANT CONNECT ON DATABASE {} TO {admin} WITH GRANT OPTION",
            password.expose(),
            bench.account(),
        ))
        .await?;
    bench.config("pg", json!({ "username": admin })).await?;
    bench.role("reader", json!({})).await?;
    let (first, second) = (bench.issue("reader").await?, bench.issue("reader").await?);
    let vault = bench.vault();
    let revoked = vault.revoke(&first.lease).await;
    bench.answers("a revocation where it has a right on every table", &revoked, Expect::status(204));
    bench.sql("CREATE TABLE foreign_to_it (id int)").await?;
    let revoked = vault.revoke(&second.lease).await;
    let expect = Expect::status(400)
        .says("could not perform all revocation statements")
        .says("permission denied for table foreign_to_it")
        .says("42501");
    bench.answers("a revocation with a table it has no right on", &revoked, expect);
    let there = bench.has_role(&second.username).await?;
    bench.equals("the user is there", true, there);
    Ok(())
}

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-5",
    says: "An account whose table privileges come from a group without grant option creates roles without any privileges: creds return 200; without the membership they return 500 with 42501",
    shown: "A CREATEROLE account, once as a member of a group that may read the table, once not; the credential's own privileges are read with has_table_privilege.",
    source: "PostgreSQL, src/backend/catalog/aclchk.c, restrict_and_check_grant: `no privileges were granted` is a warning (01007) for an account with any privilege",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let account = context.account();
    let (admin, group) = (format!("{account}_admin"), format!("{account}_group"));
    let password = context.account_password();
    context
        .sql(&format!(
            "CREATE ROLE {group} NOLOGIN; GRANT SELECT ON things TO {group}; \
             CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{}' IN ROLE {group}",
            password.expose()
        ))
        .await?;
    context.config("pg", json!({ "username": admin })).await?;
    context.role("reader", json!({})).await?;
    let issued = context.issue("reader").await;
    context.answers("creds by a member of the group", &issued, Expect::status(200));
    let Ok(issued) = issued else { return Ok(()) };
    let asked = format!("SELECT has_table_privilege('{}', 'things', 'SELECT')", issued.username.as_str());
    let may = context.value(&asked).await?.unwrap_or_default();
    context.equals("the credential may read the table", "f".to_owned(), may);
    let session = context.session(&issued).await?;
    let read = session.query("SELECT count(*) FROM things").await;
    context.answers("its query", &read, Expect::sqlstate("42501").says("permission denied for table things"));
    session.close().await;
    context.sql(&format!("REVOKE {group} FROM {admin}")).await?;
    let refused = context.issue("reader").await;
    context.answers("creds without the membership", &refused, Expect::status(500).says("SQLSTATE 42501"));
    Ok(())
}

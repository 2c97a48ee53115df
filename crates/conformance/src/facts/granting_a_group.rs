use leaseproof_domain::Secret;
use serde_json::json;

use crate::context::CREATE;
use crate::fact::{Exception, Otherwise};
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "GRA-4",
    says: "A connection's account with CREATEROLE only can grant a group only if it has ADMIN OPTION on it; otherwise creds return 500 with 42501 and leave no role",
    shown: "Creds that grant a group, by an account with CREATEROLE without a membership, as a member, and with ADMIN OPTION.",
    source: "PostgreSQL 16, release notes: CREATEROLE is restricted to roles with ADMIN OPTION",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[Exception {
        with: Otherwise::Postgres(14..=15),
        why: "before 16, CREATEROLE can grant every role that is not a superuser",
    }],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let password = Secret::new(format!("admin-{}", context.account_password().expose()));
    context.sql("CREATE ROLE gra_4_group; GRANT SELECT ON things TO gra_4_group").await?;
    context.sql(&format!("CREATE ROLE gra_4_admin CREATEROLE LOGIN PASSWORD '{}'", password.expose())).await?;
    let admin = json!({ "username": "gra_4_admin", "password": password.expose() });
    let written = context.config("pg", admin).await;
    context.answers("a connection by the account", &written, Expect::status(204));
    let granting = format!("{CREATE} GRANT gra_4_group TO \"{{{{name}}}}\";");
    context.role("gra4", json!({ "creation_statements": granting })).await?;

    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-gra4-%'";
    let denied = || Expect::status(500).says("permission denied to grant role \"gra_4_group\"").says("42501");
    let refused = context.issue("gra4").await;
    context.answers("creds by an account without a membership", &refused, denied());
    context.sql("GRANT gra_4_group TO gra_4_admin").await?;
    let refused = context.issue("gra4").await;
    context.answers("creds by an account that is a member", &refused, denied());
    context.value_is("roles that they left", left, "0").await?;

    context.sql("GRANT gra_4_group TO gra_4_admin WITH ADMIN OPTION").await?;
    let granted = context.issue("gra4").await;
    context.answers("creds by an account with ADMIN OPTION", &granted, Expect::status(200));
    let Ok(granted) = granted else { return Ok(()) };
    let read = context.session(&granted).await?.query("SELECT * FROM things").await;
    context.answers("reading by the group's right", &read, Expect::ok().says("3 rows"));
    Ok(())
}

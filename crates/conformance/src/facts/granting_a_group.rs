use leaseproof_domain::Secret;
use serde_json::json;

use crate::bench::CREATE;
use crate::fact::{Exception, Otherwise};
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

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
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let password = Secret::new(format!("admin-{}", bench.account_password().expose()));
    bench.sql("CREATE ROLE gra_4_group; GRANT SELECT ON things TO gra_4_group").await?;
    bench.sql(&format!("CREATE ROLE gra_4_admin CREATEROLE LOGIN PASSWORD '{}'", password.expose())).await?;
    let admin = json!({ "username": "gra_4_admin", "password": password.expose() });
    let written = bench.config("pg", admin).await;
    bench.answers("a connection by the account", &written, Expect::status(204));
    let granting = format!("{CREATE} GRANT gra_4_group TO \"{{{{name}}}}\";");
    bench.role("gra4", json!({ "creation_statements": granting })).await?;

    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-gra4-%'";
    let denied = || Expect::status(500).says("permission denied to grant role \"gra_4_group\"").says("42501");
    let refused = bench.issue("gra4").await;
    bench.answers("creds by an account without a membership", &refused, denied());
    bench.sql("GRANT gra_4_group TO gra_4_admin").await?;
    let refused = bench.issue("gra4").await;
    bench.answers("creds by an account that is a member", &refused, denied());
    bench.value_is("roles that they left", left, "0").await?;

    bench.sql("GRANT gra_4_group TO gra_4_admin WITH ADMIN OPTION").await?;
    let granted = bench.issue("gra4").await;
    bench.answers("creds by an account with ADMIN OPTION", &granted, Expect::status(200));
    let Ok(granted) = granted else { return Ok(()) };
    let read = bench.session(&granted).await?.query("SELECT * FROM things").await;
    bench.answers("reading by the group's right", &read, Expect::ok().says("3 rows"));
    Ok(())
}

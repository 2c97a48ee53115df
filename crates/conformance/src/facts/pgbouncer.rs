use leaseproof_environment::TARGET;
use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Answered, Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-3",
    says: "Behind PgBouncer 1.18 in transaction mode credentials are issued, and a single Vault connection can revoke them; when several connections share the pool, default revocations partly fail, with 400 and `prepared statement … does not exist` (26000) or `already exists` (42P05), and the users stay; custom revocation statements do not fail",
    shown: "A PgBouncer in front of the cluster. 20 concurrent issues and their default revocations on one connection; then 60 of each on three connections that share the pool, by default and by `DROP ROLE`; roles are counted against failed revocations.",
    source: "Vault, plugins/database/postgresql/postgresql.go (defaultDeleteUser prepares its queries outside of a transaction); PgBouncer, features: prepared statements in transaction pooling from 1.21 on",
    ground: Ground::Own(|_| {}),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const CONNECTIONS: usize = 3;
const ISSUES: usize = 60;
const ON_ONE: usize = 20;
const DROP: &str = "DROP ROLE IF EXISTS \"{{name}}\";";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let (account, password) = (context.account(), context.account_password());
    let pooler = context.environment().pooler(TARGET, &account, &password).await?;
    let through = context.config_data_through(pooler.port());
    for at in 0..CONNECTIONS {
        let connection = format!("pg-{at}");
        context.config(&connection, through.clone()).await?;
        for (kind, revocation) in [("default", ""), ("drop", DROP)] {
            let role =
                json!({ "db_name": connection, "creation_statements": CREATE, "revocation_statements": revocation });
            context.role(&format!("{kind}-{at}"), role).await?;
        }
    }
    round(context, "one connection, by default", (0..ON_ONE).map(|_| "default-0".to_owned()).collect(), false).await?;
    round(context, "three connections, by `DROP ROLE`", on_all("drop"), false).await?;
    round(context, "three connections, by default", on_all("default"), true).await
}

fn on_all(kind: &str) -> Vec<String> {
    (0..ISSUES).map(|number| format!("{kind}-{}", number % CONNECTIONS)).collect()
}

/// Issues those at once, and revokes them at once.
async fn round(context: &mut FactContext, what: &str, roles: Vec<String>, some_fail: bool) -> Result<(), Obstacle> {
    let asked = roles.len();
    let issued: Vec<_> = context.issue_at_once(roles).await?.into_iter().flatten().collect();
    context.equals(format!("credentials ({what})"), asked, issued.len());
    let answers = context.revoke_at_once(issued.into_iter().map(|issued| issued.lease)).await?;
    let failed: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
    let lost = Expect::status(400).says("ERROR: prepared statement \"");
    // Default revocations of several connections race for the tables of public too: CON-2.
    let raced = Expect::status(400).says("tuple concurrently updated");
    let so = failed.iter().filter(|answer| lost.is_met(&answer.got())).count();
    let expected = if some_fail { "at least 1" } else { "0" };
    context.holds(format!("revocations that fail so ({what})"), expected, so, some_fail == (so > 0));
    let other = failed.iter().find(|answer| !lost.is_met(&answer.got()) && !raced.is_met(&answer.got()));
    if let Some(answer) = other.or(failed.first().filter(|_| so == failed.len())) {
        context.answers(format!("one that fails ({what})"), *answer, lost);
    }
    let left = context.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-%'").await?.unwrap_or_default();
    context.equals(format!("users that stay ({what})"), failed.len().to_string(), left);
    Ok(())
}
